// @ts-check
/** Where one is in the transcript: the current line, the playing word, the doubtful place. */

import { part } from "./player.js";
import { wordsOf } from "./words.js";

/** @typedef {{start: number, end: number, element: HTMLElement}} Said */

const TOGETHER = 3; // lines before that may still go on
const WORD_MS = 400; // going back from within a word's first moments means the word before
const HOLD_MS = 800; // a word stays lit over a gap this short
const LEAVE_ALONE_MS = 4000; // after somebody has scrolled, the page stays where they went

export class Reading {
  #transcript = part("transcript", HTMLElement);
  #here = ""; // the id of the line one is at
  #still = window.matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {Said[] | null} */
  #lines = null;
  /** @type {HTMLElement | null} */
  #lit = null;
  #scrolled = -LEAVE_ALONE_MS;

  /** @param {(line: HTMLElement) => void} arrived is told of the line one is at now */
  constructor(arrived) {
    this.arrived = arrived;
    new MutationObserver((changes) => {
      if (changes.some(({ target }) => target === this.#transcript || isStretch(target))) this.#redrawn();
    }).observe(this.#transcript, { childList: true, subtree: true });
    for (const name of ["wheel", "touchmove"]) {
      window.addEventListener(name, () => (this.#scrolled = performance.now()), { passive: true });
    }
  }

  /** @returns {HTMLElement | null} */
  get line() {
    return this.#transcript.querySelector("[data-line][aria-current]");
  }

  /** @param {Element | null} line @param {{show?: "nearest" | "center"}} how */
  moveTo(line, { show } = {}) {
    if (!(line instanceof HTMLElement)) return;
    if (line !== this.line) {
      this.line?.removeAttribute("aria-current");
      line.setAttribute("aria-current", "true");
      this.#here = line.id;
      this.arrived(line);
    }
    if (show) line.scrollIntoView({ block: show });
  }

  /** @param {1 | -1} by @returns {HTMLElement | null} the line that is now current */
  step(by) {
    const lines = [...this.#transcript.querySelectorAll("[data-line]")];
    const at = this.line ? lines.indexOf(this.line) : -1;
    const next = lines[Math.min(lines.length - 1, Math.max(0, at + by))] ?? null;
    this.moveTo(next, { show: "nearest" });
    return this.line;
  }

  /** Light the word that is heard at `ms`, and keep its line in sight. @param {number} ms @param {boolean} playing */
  follow(ms, playing) {
    const said = this.#at(ms);
    const word = said && ms < said.end + HOLD_MS ? said.element : null;
    if (word !== this.#lit) {
      this.#lit?.classList.remove("playing");
      if (!this.#still.matches) word?.classList.add("playing");
      this.#lit = word;
      if (playing && word) this.#keepInSight(word);
    }
  }

  /** @param {number} ms @param {1 | -1} by @returns {number | null} where the next word begins, or the one before */
  wordFrom(ms, by) {
    const lines = (this.#lines ??= this.#index());
    const at = Math.max(0, before(lines, ms));
    for (const line of [lines[at], lines[at + by]]) {
      const starts = wordsOf(line?.element).map((word) => Number(word.dataset.t));
      // the word that is being heard began a little before
      const found = by > 0 ? starts.find((start) => start > ms) : starts.reverse().find((start) => start < ms - WORD_MS);
      if (found !== undefined) return found;
    }
    return null;
  }

  /** Lines were drawn anew: one stays where one was. */
  #redrawn() {
    this.#lines = null;
    if (this.#here && !this.line) document.getElementById(this.#here)?.setAttribute("aria-current", "true");
  }

  /** @param {HTMLElement} word */
  #keepInSight(word) {
    const line = word.closest("[data-line]");
    if (line !== this.line) this.moveTo(line);
    const { top, bottom } = word.getBoundingClientRect();
    const hidden = top < 80 || bottom > window.innerHeight - 120;
    if (hidden && performance.now() - this.#scrolled > LEAVE_ALONE_MS) word.scrollIntoView({ block: "center" });
  }

  /** @param {number} ms @returns {Said | null} the last word that begins before */
  #at(ms) {
    const lines = (this.#lines ??= this.#index());
    const last = before(lines, ms);
    let found = null;
    for (let at = Math.max(0, last - TOGETHER); at <= last; at += 1) {
      // of lines said at once, the one whose word was the last to begin
      if (at < last && lines[at].end + HOLD_MS < ms) continue;
      const words = wordsOf(lines[at].element).map(said).sort(byStart);
      const word = words[before(words, ms)];
      if (word && (!found || word.start >= found.start)) found = word;
    }
    return found;
  }

  /** @returns {Said[]} */
  #index() {
    const lines = /** @type {NodeListOf<HTMLElement>} */ (this.#transcript.querySelectorAll("[data-line]"));
    return [...lines].map(said).sort(byStart);
  }
}

/** @param {Node} node */
function isStretch(node) {
  return node instanceof HTMLElement && node.classList.contains("stretch");
}

/** @param {HTMLElement} element a line or a word @returns {Said} */
function said(element) {
  const { start, end, t, e } = element.dataset;
  return { start: Number(t ?? start), end: Number(e ?? end), element };
}

/** @param {Said} one @param {Said} other */
function byStart(one, other) {
  return one.start - other.start;
}

/** @param {Said[]} all in order @param {number} ms @returns {number} which is the last to begin before, -1 for none */
export function before(all, ms) {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all[middle].start <= ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
