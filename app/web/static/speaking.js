// @ts-check
/** Who said what, corrected: select words or lines and press a key, or a button of the panel. `app/web/speaking.py` keeps it. */

import { wordsOf } from "./words.js";

/** @typedef {{ajax: (verb: string, path: string, how: object) => Promise<void>}} Htmx */

const SAMPLE_MS = 5000;
const htmx = () => /** @type {Htmx} */ (/** @type {any} */ (window).htmx);

/** @returns {HTMLElement | null} */
const panel = () => document.getElementById("voices");

/** @param {Element | null | undefined} element @returns {number} */
const numberOf = (element) => Number(element?.id.replace("line-", ""));

/** @returns {{lines: HTMLElement[], words: HTMLElement[]}} what is selected, or else the line one is at */
function chosen() {
  const transcript = document.getElementById("transcript");
  const selection = window.getSelection();
  const lines = /** @type {HTMLElement[]} */ ([...(transcript?.querySelectorAll("[data-line]") ?? [])]);
  if (selection && !selection.isCollapsed && selection.rangeCount) {
    const range = selection.getRangeAt(0);
    const touched = lines.filter((line) => range.intersectsNode(line));
    for (const line of touched) wordsOf(line);
    const exact = selection.getRangeAt(0); // the same, over words that are elements now
    const words = touched.flatMap((line) => wordsOf(line).filter((word) => isWithin(exact, word)));
    if (words.length) return { lines: touched.filter((line) => words.some((word) => line.contains(word))), words };
  }
  return { lines: lines.filter((line) => line.hasAttribute("aria-current")), words: [] };
}

/** @param {Range} range @param {Node} word whether more than an edge of the word is selected */
function isWithin(range, word) {
  const own = document.createRange();
  own.selectNodeContents(word);
  return (
    range.compareBoundaryPoints(Range.END_TO_START, own) < 0 && range.compareBoundaryPoints(Range.START_TO_END, own) > 0
  );
}

/** @param {string} what @param {Record<string, string | number>} values */
function send(what, values) {
  const session = panel()?.dataset.session;
  if (!session) return;
  window.getSelection()?.removeAllRanges();
  htmx().ajax("POST", `/sessions/${session}/voices/${what}`, { target: "#slot-voices", swap: "innerHTML", values });
}

/** @param {string} speaker */
function give(speaker) {
  const { lines, words } = chosen();
  if (!lines.length) return;
  /** @type {Record<string, string | number>} */
  const values = { speaker, first_line: numberOf(lines[0]), last_line: numberOf(lines[lines.length - 1]) };
  if (words.length) {
    values.first_ms = Number(words[0].dataset.t);
    values.last_ms = Number(words[words.length - 1].dataset.t);
  }
  send("assign", values);
}

/** @param {string} act */
function reshape(act) {
  const { lines, words } = chosen();
  if (!lines.length) return;
  if (act === "merge") return send("merge", { seq: numberOf(lines[lines.length - 1]) });
  if (words.length) send("split", { seq: numberOf(lines[0]), at_ms: Number(words[0].dataset.t) });
}

/** @param {number} ms @param {number} untilMs */
function hearSample(ms, untilMs) {
  const position = document.getElementById("position");
  const play = document.getElementById("play");
  const sound = document.getElementById("sound");
  if (!(position instanceof HTMLInputElement) || !(sound instanceof HTMLAudioElement) || !play) return;
  position.value = String(ms);
  position.dispatchEvent(new Event("input", { bubbles: true }));
  if (sound.paused) play.click();
  setTimeout(() => !sound.paused && sound.pause(), Math.min(SAMPLE_MS, untilMs - ms));
}

/** @param {KeyboardEvent} event */
function isTaken(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof Element)) return true;
  return event.target.matches("textarea, select, input:not([type=range])");
}

document.addEventListener("keydown", (event) => {
  if (isTaken(event) || !panel()?.querySelector(".voices-more")) return;
  if (/^[1-6]$/.test(event.key)) give(event.key);
  else if (event.key === "s") give("other");
  else if (event.key === "b") reshape("split");
  else if (event.key === "m") reshape("merge");
  else if (event.key === "U") send("undo", {});
  else return;
  event.preventDefault();
});

document.addEventListener("pointerdown", (event) => {
  // a press on a button must not lose what is selected
  if (event.target instanceof Element && event.target.closest("[data-give], [data-act]")) event.preventDefault();
});
document.addEventListener("mousedown", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-give], [data-act]")) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-give], [data-act], [data-sample]") : null;
  if (!(button instanceof HTMLElement)) return;
  if (button.dataset.give) give(button.dataset.give);
  else if (button.dataset.act) reshape(button.dataset.act);
  else hearSample(Number(button.dataset.sample), Number(button.dataset.until));
});

/** What somebody has unfolded stays so when the panel is drawn anew. */
const unfolded = new Map();
document.addEventListener("toggle", (event) => {
  const part = event.target;
  if (part instanceof HTMLDetailsElement && part.dataset.keep && part.isConnected) unfolded.set(part.dataset.keep, part.open);
}, true);
document.body.addEventListener("htmx:afterSwap", () => {
  for (const part of panel()?.querySelectorAll("details[data-keep]") ?? []) {
    if (part instanceof HTMLDetailsElement && unfolded.has(part.dataset.keep)) part.open = unfolded.get(part.dataset.keep);
  }
});

export {};
