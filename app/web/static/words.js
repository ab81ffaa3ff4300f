// @ts-check
/**
 * The words of a line. A line comes as text with the times of its words beside it; they become elements, which can be
 * clicked on, lit and selected, when somebody turns to the line. A long session would else be 15,000 elements at once.
 */

/** @typedef {{before: number, length: number, start: number, end: number}} Times in characters, and ms of the recording */

/** @param {string} numbers as `app.web.words.Said` writes them @param {number} startMs of the line @returns {Times[]} */
export function timesOf(numbers, startMs) {
  const found = numbers.split(" ").map(Number);
  const times = [];
  let start = startMs;
  for (let at = 0; at + 3 < found.length; at += 4) {
    start += found[at + 2];
    times.push({ before: found[at], length: found[at + 1], start, end: start + found[at + 3] });
  }
  return times;
}

/** @param {Element | null | undefined} line @returns {HTMLElement[]} its words, in the order of the text */
export function wordsOf(line) {
  const said = line?.querySelector(".said");
  if (!(line instanceof HTMLElement) || !(said instanceof HTMLElement)) return [];
  if (said.dataset.words) unfold(said, timesOf(said.dataset.words, Number(line.dataset.start)));
  return /** @type {HTMLElement[]} */ ([...said.querySelectorAll("[data-t]")]);
}

/** @param {HTMLElement} said @param {Times[]} times */
function unfold(said, times) {
  const selected = selectionIn(said);
  const marked = markedIn(said);
  const text = said.textContent ?? "";
  const parts = [];
  let at = 0;
  for (const { before, length, start, end } of times) {
    if (before) parts.push(text.slice(at, at + before));
    at += before;
    const word = marked.get(at) ?? document.createElement("span");
    word.textContent = text.slice(at, at + length);
    Object.assign(word.dataset, { t: start, e: end });
    parts.push(word);
    at += length;
  }
  delete said.dataset.words;
  said.replaceChildren(...parts);
  if (selected) select(said, selected);
}

/** @param {HTMLElement} said @returns {Map<number, HTMLElement>} what is an element already, by where it begins */
function markedIn(said) {
  const found = new Map();
  let at = 0;
  for (const node of said.childNodes) {
    if (node instanceof HTMLElement) found.set(at, node);
    at += node.textContent?.length ?? 0;
  }
  return found;
}

/** @typedef {{anchor: number | null, focus: number | null}} Selected characters from the beginning, null where it is elsewhere */

/** @param {HTMLElement} said @returns {Selected | null} what of the selection ends in here */
function selectionIn(said) {
  const selection = document.getSelection();
  if (!selection?.rangeCount) return null;
  const anchor = offsetIn(said, selection.anchorNode, selection.anchorOffset);
  const focus = offsetIn(said, selection.focusNode, selection.focusOffset);
  return anchor === null && focus === null ? null : { anchor, focus };
}

/** @param {HTMLElement} said @param {Node | null} node @param {number} offset @returns {number | null} */
function offsetIn(said, node, offset) {
  if (!node || !said.contains(node)) return null;
  const before = document.createRange();
  before.selectNodeContents(said);
  before.setEnd(node, offset);
  return String(before).length;
}

/** Select again what was selected. @param {HTMLElement} said @param {Selected} selected */
function select(said, { anchor, focus }) {
  const selection = document.getSelection();
  if (!selection) return;
  const [from, fromOffset] = anchor === null ? [selection.anchorNode, selection.anchorOffset] : placeIn(said, anchor);
  const [to, toOffset] = focus === null ? [selection.focusNode, selection.focusOffset] : placeIn(said, focus);
  if (from && to) selection.setBaseAndExtent(from, fromOffset, to, toOffset);
}

/** @param {HTMLElement} said @param {number} offset @returns {[Node, number]} */
function placeIn(said, offset) {
  const texts = document.createTreeWalker(said, NodeFilter.SHOW_TEXT);
  let left = offset;
  while (texts.nextNode()) {
    const { length } = /** @type {Text} */ (texts.currentNode);
    if (left <= length) return [texts.currentNode, left];
    left -= length;
  }
  return [said, said.childNodes.length];
}
