// @ts-check
/** The session page: hear any word, read along, edit; all of it by keys as well. */

import { Editing } from "./editing.js";
import { Player, part } from "./player.js";
import { Reading } from "./reading.js";
import { Tools } from "./tools.js";

const LEAD_IN_MS = 1500; // a doubtful word is judged by what leads up to it
const SKIP_MS = 2000;
const PREFIX_MS = 1000; // how long "g" waits for its second key

const tools = new Tools();
const reading = new Reading((line) => tools.show(line));
const player = new Player((ms) => reading.follow(ms, player.playing));
const editing = new Editing((line) => reading.moveTo(line));

/** @type {number | null} where to begin when somebody has moved through the lines since the sound rested */
let cue = null;
let prefixed = -PREFIX_MS;

/** @param {HTMLElement | null} line */
function cueLine(line) {
  cue = line ? Number(line.dataset.start) : null;
}

function playOrRest() {
  if (cue === null || player.playing) player.toggle();
  else player.hear(cue);
  cue = null;
}

function hearNextDoubt() {
  const place = reading.nextDoubt();
  if (place) player.hear(Math.max(0, Number(place.dataset.t) - LEAD_IN_MS));
  cue = null;
}

/** @type {Record<string, () => void>} */
const KEYS = {
  " ": playOrRest,
  ArrowLeft: () => player.skip(-SKIP_MS),
  ArrowRight: () => player.skip(SKIP_MS),
  j: () => cueLine(reading.step(1)),
  k: () => cueLine(reading.step(-1)),
  n: hearNextDoubt,
  e: () => editing.open(reading.line ?? reading.step(1)),
  u: () => editing.undo(reading.line),
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
  if (event.key === "t" && now - prefixed < PREFIX_MS) return location.assign("/today");
  prefixed = event.key === "g" ? now : -PREFIX_MS;
  const action = KEYS[event.key];
  if (!action && !tools.use(event.key, reading.line)) return;
  event.preventDefault();
  action?.();
});

part("transcript", HTMLElement).addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || String(window.getSelection())) return;
  const said = event.target.closest("[data-t], [data-hear]");
  if (!(said instanceof HTMLElement)) return;
  reading.moveTo(said.closest("[data-line]"));
  cue = null;
  player.hear(Number(said.dataset.t ?? said.dataset.hear));
});

part("next-doubt", HTMLButtonElement).addEventListener("click", hearNextDoubt);
