// @ts-check
/** The note panel: a source plays where it was said; what is selected in the transcript goes into the note. */

import { wordsOf } from "./words.js";

/** @typedef {{lines: string[], text: string}} Selected */

/** @type {Selected} */
let selected = { lines: [], text: "" };

/** What is selected in the transcript: its words and the lines they stand in. @returns {Selected | null} */
function selection() {
  const chosen = window.getSelection();
  const transcript = document.getElementById("transcript");
  if (!chosen || chosen.isCollapsed || !chosen.rangeCount || !transcript) return null;
  const range = chosen.getRangeAt(0);
  if (!transcript.contains(range.commonAncestorContainer)) return null;
  const lines = [...transcript.querySelectorAll("[data-line]")].filter((line) => {
    const said = line.querySelector(".said");
    return said !== null && range.intersectsNode(said);
  });
  const ends = new Set([lines[0], lines.at(-1)]);
  for (const line of ends) wordsOf(line);
  const exact = chosen.getRangeAt(0); // the same, over words that are elements now
  return {
    lines: lines.map((line) => line.id.replace("line-", "")),
    text: lines.map((line) => (ends.has(line) ? within(line, exact) : allOf(line))).filter(Boolean).join(" "),
  };
}

/** @param {Element} line @param {Range} range @returns {string} the words that are selected, if only in part */
function within(line, range) {
  const words = wordsOf(line).filter((word) => range.intersectsNode(word));
  return words.map((word) => word.textContent).join(" ");
}

/** @param {Element} line @returns {string} */
function allOf(line) {
  const said = line.querySelector(".said:not(:has(.struck-note))");
  return said?.textContent ?? "";
}

document.addEventListener("selectionchange", () => {
  selected = selection() ?? selected;
});

/** Hear a line of the transcript, as a click on its time does. @param {string} seq */
function hear(seq) {
  const line = document.getElementById(`line-${seq}`);
  const time = line?.querySelector("[data-hear]");
  if (!(time instanceof HTMLElement)) return false;
  line?.scrollIntoView({ block: "center" });
  time.click();
  return true;
}

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  const source = event.target.closest("[data-source]");
  if (source instanceof HTMLElement && hear(source.dataset.source ?? "")) event.preventDefault();
  const dismiss = event.target.closest("[data-dismiss]");
  if (!dismiss) return;
  event.preventDefault();
  dismiss.closest("form")?.remove();
});

/** Take the selection into a form that has just come, where it touches the form's line. @param {HTMLFormElement} form */
function fill(form) {
  const line = form.querySelector("[name=line]");
  const text = form.querySelector("textarea");
  if (!(line instanceof HTMLInputElement) || !text || !selected.lines.includes(line.value)) return;
  text.value = selected.text;
  for (const seq of selected.lines.filter((one) => one !== line.value)) {
    const more = /** @type {HTMLInputElement} */ (line.cloneNode());
    more.value = seq;
    line.after(more);
  }
  selected = { lines: [], text: "" };
}

/** Tick the selected lines. @param {HTMLElement} lines */
function tick(lines) {
  const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (lines.querySelectorAll("input"));
  if (selected.lines.length) for (const box of boxes) box.checked = selected.lines.includes(box.value);
  for (const box of boxes) if (box.checked) return box.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (!(event.target instanceof Element)) return;
  const insert = event.target.querySelector("[data-note-insert]");
  if (insert instanceof HTMLFormElement) fill(insert);
  const lines = event.target.querySelector("[data-lines]");
  if (lines instanceof HTMLElement) tick(lines);
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target;
  if (form instanceof HTMLFormElement && form.matches("[data-note-insert]")) form.remove();
});

const slot = document.getElementById("slot-note");

/** Whether somebody is writing in the panel: what they type must not be swapped away. */
function writing() {
  const fields = /** @type {HTMLTextAreaElement[]} */ ([...(slot?.querySelectorAll("textarea") ?? [])]);
  return fields.some((one) => one.value !== one.defaultValue || one === document.activeElement)
    || slot?.querySelector("[data-lines]") !== null;
}

/** Show the note as it stands, if the panel shows something else and nobody is writing in it. */
function catchUp() {
  const stands = document.getElementById("news-note")?.textContent ?? "";
  const shown = slot?.querySelector("[data-version]");
  if (!slot || !stands || !(shown instanceof HTMLElement) || shown.dataset.version === stands) return;
  const behind = document.getElementById("note-behind");
  if (writing()) return void (behind && (behind.hidden = false));
  const htmx = /** @type {{trigger: (element: Element, event: string) => void}} */ (/** @type {any} */ (window).htmx);
  htmx.trigger(slot, "refresh");
}

document.body.addEventListener("htmx:sseMessage", (event) => {
  if (event.target instanceof Element && event.target.id === "news-note") catchUp();
});
slot?.addEventListener("focusout", () => setTimeout(catchUp));

let goOn = false; // a goal was linked by key: the next one is a key away

/** On a key: go to the next sentence that touches a goal, and on the key again link it. */
function nextGoal() {
  const waiting = [...document.querySelectorAll("#slot-note [data-suggested-goal]")];
  const at = waiting.indexOf(/** @type {Element} */ (document.activeElement));
  const next = waiting[at < 0 ? 0 : at];
  if (!(next instanceof HTMLElement)) return false;
  if (at < 0) {
    next.scrollIntoView({ block: "center" });
    next.focus();
  } else {
    goOn = true;
    next.click();
  }
  return true;
}

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target !== slot || !goOn) return;
  goOn = false;
  nextGoal();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "o" || event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof Element)) return;
  if (event.target.matches("textarea, select, input:not([type=range])")) return;
  if (nextGoal()) event.preventDefault();
});

// a place that another page leads to: hear it as soon as the transcript is there
const asked = new URLSearchParams(location.search).get("hear");
if (asked) hear(asked);

export {};
