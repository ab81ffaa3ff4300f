// @ts-check
/** What was listened to: told to the box, drawn on the timeline, and kept with the approval. */

const TELL_EVERY_MS = 10_000;
const SHORTEST_MS = 200;

export class Coverage {
  /** @type {[number, number][]} */
  #untold = [];
  /** @type {[number, number] | null} what is being heard */
  #span = null;
  #told = performance.now();

  /** @param {string} address where the box takes it @param {() => void} kept is called when the box has it */
  constructor(address, kept) {
    this.address = address;
    this.kept = kept;
    window.addEventListener("pagehide", () => this.rest());
  }

  /** The sound is at `ms` and playing. @param {number} ms */
  playing(ms) {
    if (this.#span && ms >= this.#span[1] && ms - this.#span[1] < 1500) this.#span[1] = ms;
    else this.#begin(ms);
    if (performance.now() - this.#told > TELL_EVERY_MS) this.rest(false);
  }

  /** The sound rests: tell the box. @param {boolean} done whether the page should look at the whole anew */
  rest(done = true) {
    this.#end();
    this.#told = performance.now();
    if (!this.#untold.length) return;
    const spans = this.#untold.splice(0);
    const body = new URLSearchParams({ spans: spans.map(([a, b]) => `${Math.round(a)}-${Math.round(b)}`).join(",") });
    fetch(this.address, { method: "POST", body, keepalive: true }).then(
      (answer) => (answer.ok && done ? this.kept() : undefined),
      () => this.#untold.push(...spans), // the box is out of touch: told again with the next
    );
  }

  /** @param {number} ms */
  #begin(ms) {
    this.#end();
    this.#span = [ms, ms];
  }

  #end() {
    if (this.#span && this.#span[1] - this.#span[0] >= SHORTEST_MS) {
      this.#untold.push(this.#span);
      draw(this.#span);
    }
    this.#span = null;
  }
}

/** @param {[number, number]} span */
function draw([from, to]) {
  const path = document.getElementById("drawn-heard");
  const duration = Number(document.getElementById("reach")?.dataset.duration) || 1;
  const scale = 1000 / duration;
  path?.setAttribute("d", `${path.getAttribute("d") ?? ""}M${(from * scale).toFixed(1)} 23h${((to - from) * scale).toFixed(1)}`);
}
