// @ts-check
// The page draws what it is told and sends what the hand does. It decides nothing.

/**
 * @typedef {{
 *   pins: {red: boolean, green: boolean}, light: string, sign: string, word: string, elapsed: string | null,
 *   level: number | null, lines: string[], hold_stops: boolean, room_is_over: boolean,
 * }} Scene
 */

/** @param {string} id @returns {HTMLElement} */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const button = /** @type {HTMLButtonElement} */ (byId("button"));
const still = matchMedia("(prefers-reduced-motion: reduce)");
const LEVEL_BARS = 10;

/** @type {string | null} */
let hand = null; // this page's name at the box, a new one for every stream
/** @type {"pointer" | "key" | null} */
let holder = null; // what holds the button down: "pointer", "key", or null
/** @type {ReturnType<typeof setTimeout> | undefined} */
let held; // the timer of a hold that is long enough to stop
let sent = Promise.resolve(); // press and release leave in the order in which they happened
/** @type {Scene | null} */
let scene = null;

document.body.style.setProperty("--hold", `${document.body.dataset.holdMs}ms`);
byId("level").append(...Array.from({ length: LEVEL_BARS }, () => document.createElement("i")));

// What the box shows

/** @type {Scene} */
const AWAY = {
  pins: { red: false, green: false }, light: "off", sign: "away", word: "Not connected", elapsed: null, level: null,
  lines: ["This picture has lost the simulation.", "Start it again; the page finds it by itself."],
  hold_stops: false, room_is_over: false,
};

/** @param {Scene} next */
function show(next) {
  const stopped = holder && scene?.hold_stops && !next.hold_stops;
  scene = next;
  document.body.dataset.sign = next.sign;
  light("red", next.pins.red, next.light.endsWith("blink"));
  light("green", next.pins.green, false);
  say("word", next.word);
  say("elapsed", next.elapsed ?? "");
  sayLines(next.lines);
  byId("over").hidden = !next.room_is_over;
  meter(next.level);
  button.disabled = next.sign === "away";
  if (stopped) hint("Let go of the button.");
}

/** @param {string} id @param {boolean} lit @param {boolean} blinks */
function light(id, lit, blinks) {
  const standsStill = blinks && still.matches;
  byId(id).classList.toggle("lit", lit || standsStill);
  byId(id).classList.toggle("blinking", standsStill);
}

/** @param {number | null} level */
function meter(level) {
  const element = byId("level");
  element.hidden = level === null;
  element.setAttribute("aria-valuenow", String(level ?? 0));
  [...element.children].forEach((bar, index) => bar.classList.toggle("on", index < (level ?? 0)));
}

/** @param {string} id @param {string} words */
function say(id, words) {
  if (byId(id).textContent !== words) byId(id).textContent = words; // a screen reader reads only what is new
}

/** @param {string[]} lines */
function sayLines(lines) {
  const element = byId("lines");
  if ([...element.children].map((line) => line.textContent).join() === lines.join()) return;
  element.replaceChildren(...lines.map((words) => Object.assign(document.createElement("p"), { textContent: words })));
}

/** @param {string} words */
function hint(words) {
  say("hint", words);
}

// What the hand does

/** @param {"pointer" | "key"} by */
function press(by) {
  if (holder || !hand || !scene) return;
  holder = by;
  button.classList.add("down");
  button.classList.toggle("holding", scene.hold_stops);
  hint(scene.hold_stops ? "Hold to stop" : "");
  held = setTimeout(() => scene?.hold_stops && hint("Let go to stop, or hold on to withdraw"), Number(document.body.dataset.holdMs));
  send("press");
}

function release() {
  if (!holder) return;
  holder = null;
  clearTimeout(held);
  button.classList.remove("down", "holding");
  hint("");
  send("release");
}

/** @param {"press" | "release"} what */
function send(what) {
  const address = `/hands/${hand}/${what}`;
  sent = sent.then(async () => {
    const answer = await fetch(address, { method: "POST", keepalive: true });
    if (!answer.ok && what === "press") hint((await answer.json()).detail);
  }).catch(() => {}); // the stream says what is wrong
}

/** @param {KeyboardEvent} event */
const isPress = (event) => event.key === " " || event.key === "Enter";

button.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !event.isPrimary) return;
  button.setPointerCapture(event.pointerId);
  press("pointer");
});
for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) button.addEventListener(end, release);
button.addEventListener("contextmenu", (event) => event.preventDefault()); // a long touch is a hold
button.addEventListener("keydown", (event) => {
  if (!isPress(event)) return;
  event.preventDefault();
  if (!event.repeat) press("key");
});
button.addEventListener("keyup", (event) => isPress(event) && release());
button.addEventListener("blur", release);
addEventListener("blur", release);
addEventListener("pagehide", release);
document.addEventListener("visibilitychange", () => document.hidden && release());

// The stream

const events = new EventSource("/events");
events.addEventListener("hand", (event) => {
  release(); // the old hand has left the button with its stream
  hand = JSON.parse(event.data);
});
events.addEventListener("scene", (event) => show(JSON.parse(event.data)));
events.addEventListener("error", () => {
  release();
  hand = null;
  show(AWAY);
});
