// @ts-check
/** Hears the recording of one session from any place on. */

/** @param {number} ms @returns {string} "12:03", as the margin of the transcript shows it */
export function clock(ms) {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
export function part(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`this page has no #${id}`);
  return found;
}

export class Player {
  #sound = part("sound", HTMLAudioElement);
  #position = part("position", HTMLInputElement);
  #button = part("play", HTMLButtonElement);
  #speed = part("speed", HTMLSelectElement);
  #address = part("player", HTMLElement).dataset.sound || "";
  #loaded = 0; // frames that the open file holds
  /** @type {number | null} */
  #wanted = null;
  /** @type {number | null} where to rest by itself */
  #until = null;
  /** @type {[number, number] | null} what is heard again and again */
  #loop = null;

  /**
   * @param {(ms: number) => void} moved is told where the sound is, often while it plays
   * @param {() => void} rested is told when it stops
   */
  constructor(moved, rested) {
    this.moved = moved;
    this.rested = rested;
    this.#button.addEventListener("click", () => this.toggle());
    this.#position.addEventListener("input", () => this.seek(Number(this.#position.value)));
    this.#speed.addEventListener("change", () => this.#setSpeed());
    const sound = this.#sound;
    sound.addEventListener("loadedmetadata", () => this.#arrive());
    sound.addEventListener("play", () => this.#follow());
    sound.addEventListener("seeked", () => this.#show());
    for (const name of ["pause", "ended"]) sound.addEventListener(name, () => this.rested());
    for (const name of ["play", "pause", "ended"]) sound.addEventListener(name, () => this.#showButton());
    sound.addEventListener("error", () => this.#say("The recording cannot be heard just now. Try again in a moment."));
  }

  get ms() {
    return this.#wanted ?? this.#sound.currentTime * 1000;
  }

  get playing() {
    return !this.#sound.paused;
  }

  /** @param {number} ms @param {number | null} until where to rest by itself */
  hear(ms, until = null) {
    this.seek(ms);
    this.#until = until;
    this.#play();
  }

  /** Hear a stretch again and again; null lets it go. @param {[number, number] | null} stretch */
  loop(stretch) {
    this.#loop = stretch;
    if (stretch) this.hear(stretch[0]);
  }

  get looping() {
    return this.#loop !== null;
  }

  toggle() {
    this.#until = null;
    if (this.playing) return this.#sound.pause();
    if (!this.#loaded) this.seek(Number(this.#position.value));
    this.#play();
  }

  /** @param {number} ms */
  skip(ms) {
    this.seek(Math.max(0, this.ms + ms));
  }

  /** @param {number} ms */
  seek(ms) {
    this.#until = null;
    if (this.#loop && (ms < this.#loop[0] - 1 || ms > this.#loop[1])) this.#loop = null;
    const { samples, duration } = this.#reach();
    const target = Math.min(ms, duration);
    const beyond = target / 1000 > this.#sound.duration && samples > this.#loaded;
    if (!this.#loaded || beyond || this.#sound.error) this.#load(samples);
    this.#wanted = target;
    if (this.#sound.readyState >= HTMLMediaElement.HAVE_METADATA) this.#arrive();
    this.#show();
  }

  /** How much can be heard by now; it grows while the session goes on. */
  #reach() {
    const { samples = "0", duration = "0" } = part("reach", HTMLElement).dataset;
    return { samples: Number(samples), duration: Number(duration) };
  }

  /** @param {number} samples */
  #load(samples) {
    const playing = this.playing;
    this.#loaded = samples;
    this.#sound.src = `${this.#address}?samples=${samples}`;
    this.#setSpeed();
    if (playing) this.#play();
  }

  #arrive() {
    if (this.#wanted === null) return;
    this.#sound.currentTime = this.#wanted / 1000;
    this.#wanted = null;
  }

  #play() {
    this.#say("");
    this.#sound.play().catch((error) => {
      if (error.name === "NotAllowedError") this.#say("The browser wants a click before it plays. Click on a word.");
    });
  }

  #setSpeed() {
    this.#sound.defaultPlaybackRate = this.#sound.playbackRate = Number(this.#speed.value);
  }

  #follow() {
    this.#show();
    if (this.#loop && this.ms >= this.#loop[1] && this.#wanted === null) this.seek(this.#loop[0]);
    if (this.#until !== null && this.ms >= this.#until && this.#wanted === null) {
      this.#until = null;
      this.#sound.pause();
    }
    if (this.playing) requestAnimationFrame(() => this.#follow());
  }

  #show() {
    const { duration } = this.#reach();
    this.#position.max = String(duration);
    this.#position.value = String(this.ms);
    this.#position.setAttribute("aria-valuetext", clock(this.ms));
    part("now", HTMLElement).textContent = clock(this.ms);
    part("whole", HTMLElement).textContent = clock(duration);
    this.moved(this.ms);
  }

  #showButton() {
    this.#button.setAttribute("aria-label", this.playing ? "Pause" : "Play");
    this.#button.querySelector("use")?.setAttribute("href", `/static/icons.svg#${this.playing ? "pause" : "play"}`);
    this.#show();
  }

  /** @param {string} sentence */
  #say(sentence) {
    const told = part("player-problem", HTMLElement);
    told.textContent = sentence;
    told.hidden = !sentence;
  }
}
