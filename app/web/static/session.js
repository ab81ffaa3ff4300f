// @ts-check
/** The session page: hear any word, read along, edit; all of it by keys as well. */

import { Coverage } from "./coverage.js";
import { Editing } from "./editing.js";
import { Player, part } from "./player.js";
import { Queue } from "./queue.js";
import { Reading } from "./reading.js";
import { Sheet } from "./sheet.js";
import { Tools } from "./tools.js";
import { wordsOf } from "./words.js";

const SKIP_MS = 2000;
const PREFIX_MS = 1000; // how long "g" waits for its second key

const tools = new Tools();
const reading = new Reading((line) => tools.show(line));
const coverage = new Coverage(part("player", HTMLElement).dataset.heard ?? "", () => refresh());
const player = new Player(
  (ms) => {
    reading.follow(ms, player.playing);
    if (player.playing) coverage.playing(ms);
    showLoop();
  },
  () => coverage.rest(),
);
const editing = new Editing((line) => reading.moveTo(line));
const sheet = new Sheet();
const queue = new Queue(player, (word, line) => {
  sheet.close();
  reading.moveTo(line);
  (word ?? line)?.scrollIntoView({ block: "center" });
  cue = null;
});

/** @type {number | null} where to begin when somebody has moved through the lines since the sound rested */
let cue = null;
let prefixed = -PREFIX_MS;

/** @param {HTMLElement | null} line */
function cueLine(line) {
  queue.leave();
  cue = line ? Number(line.dataset.start) : null;
}

/** @returns {HTMLElement | null} the line that keys act on: that of the doubtful place one is at, or the current one */
function here() {
  return queue.line ?? reading.line;
}

function playOrRest() {
  if (cue === null || player.playing) player.toggle();
  else player.hear(cue);
  cue = null;
}

function refresh() {
  part("review", HTMLElement).dispatchEvent(new Event("refresh"));
}

function toggleLoop() {
  const line = reading.line ?? reading.step(1);
  if (player.looping || !line) player.loop(null);
  else player.loop([Number(line.dataset.start), Number(line.dataset.end)]);
  showLoop();
}

/** Note something on the pause before the line one is at. */
function noteOnPause() {
  const before = here()?.previousElementSibling;
  /** @type {HTMLElement | null | undefined} */ (before?.querySelector(".quiet-note"))?.click();
}

function showLoop() {
  part("loop", HTMLButtonElement).setAttribute("aria-pressed", String(player.looping));
}

/** @param {1 | -1} by */
function hearWord(by) {
  const ms = reading.wordFrom(player.ms, by);
  queue.leave();
  cue = null;
  if (ms !== null) player.hear(ms);
}

/** @type {Record<string, () => void>} */
const KEYS = {
  " ": playOrRest,
  ArrowLeft: () => player.skip(-SKIP_MS),
  ArrowRight: () => player.skip(SKIP_MS),
  "shift ArrowLeft": () => hearWord(-1),
  "shift ArrowRight": () => hearWord(1),
  j: () => cueLine(reading.step(1)),
  k: () => cueLine(reading.step(-1)),
  n: () => queue.next(),
  a: () => queue.right(),
  l: toggleLoop,
  e: () => editing.open(here() ?? reading.step(1)),
  u: () => editing.step("undo"),
  r: () => editing.step("redo"),
  C: () => noteOnPause(),
  "?": () => part("keys", HTMLElement).togglePopover(),
};

/** @param {KeyboardEvent} event @returns {boolean} whether the key belongs to what has the focus */
function isTaken(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof Element)) return true;
  if (event.target.matches("textarea, select, input:not([type=range])")) return true;
  return event.key === " " && event.target.matches("button, summary");
}

document.addEventListener("keydown", (event) => {
  if (isTaken(event)) return;
  const now = performance.now();
  if (event.key === "a" && now - prefixed < PREFIX_MS) {
    event.preventDefault();
    prefixed = -PREFIX_MS;
    return sheet.showEnd();
  }
  prefixed = event.key === "g" ? now : -PREFIX_MS;
  const action = KEYS[event.shiftKey && event.key.startsWith("Arrow") ? `shift ${event.key}` : event.key];
  if (!action && !tools.use(event.key, here())) return;
  event.preventDefault();
  action?.();
});

const transcript = part("transcript", HTMLElement);

// a pointer, a finger too, is over a line before it presses on a word of it
transcript.addEventListener("pointerover", (event) => {
  const said = event.target instanceof Element ? event.target.closest(".said[data-words]") : null;
  if (said) wordsOf(said.closest("[data-line]"));
});

transcript.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || String(window.getSelection())) return;
  const said = event.target.closest("[data-t], [data-hear]");
  if (!(said instanceof HTMLElement)) return;
  reading.moveTo(said.closest("[data-line]"));
  queue.leave();
  cue = null;
  player.hear(Number(said.dataset.t ?? said.dataset.hear));
});

part("next-doubt", HTMLButtonElement).addEventListener("click", () => queue.next());
part("loop", HTMLButtonElement).addEventListener("click", toggleLoop);
