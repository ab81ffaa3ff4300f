// @ts-check
/** Where one is in the transcript: the current line, the playing word, the doubtful place. */

import { part } from "./player.js";

/** @typedef {{start: number, end: number, element: HTMLElement}} Said */

const HOLD_MS = 800; // a word stays lit over a gap this short
const LEAVE_ALONE_MS = 4000; // after somebody has scrolled, the page stays where they went

export class Reading {
  #transcript = part("transcript", HTMLElement);
  #here = ""; // the id of the line one is at
  #still = window.matchMedia("(prefers-reduced-motion: reduce)");
  /** @type {Said[] | null} */
  #words = null;
  /** @type {HTMLElement | null} */
  #lit = null;
  #scrolled = -LEAVE_ALONE_MS;

  /** @param {(line: HTMLElement) => void} arrived is told of the line one is at now */
  constructor(arrived) {
    this.arrived = arrived;
    new MutationObserver(() => this.#redrawn()).observe(this.#transcript, { childList: true, subtree: true });
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

  /** Lines were drawn anew: one stays where one was. */
  #redrawn() {
    this.#words = null;
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

  /** @param {number} ms @returns {Said | undefined} the last word that begins before */
  #at(ms) {
    const words = (this.#words ??= this.#index());
    let [low, high] = [0, words.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (words[middle].start <= ms) low = middle + 1;
      else high = middle;
    }
    return words[low - 1];
  }

  /** @returns {Said[]} */
  #index() {
    const found = /** @type {NodeListOf<HTMLElement>} */ (this.#transcript.querySelectorAll("[data-t]"));
    const words = [...found].map((element) => ({
      start: Number(element.dataset.t),
      end: Number(element.dataset.e),
      element,
    }));
    return words.sort((one, other) => one.start - other.start);
  }
}
