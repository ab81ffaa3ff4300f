// @ts-check
/** The queue of doubtful places in the review: hear the next one in its context, find it right, go on. */

import { part } from "./player.js";
import { wordsOf } from "./words.js";

const LEAD_IN_MS = 1500; // a doubtful word is judged by what leads up to it
const LEAD_OUT_MS = 1200;

/** @typedef {{seq: string, from: number, to: number}} Place */

export class Queue {
  #review = part("review", HTMLElement);
  #rightButton = part("place-right", HTMLButtonElement);
  /** @type {Place | null} */
  #at = null;
  #goOn = false;

  /**
   * @param {import("./player.js").Player} player
   * @param {(place: HTMLElement | null, line: HTMLElement | null) => void} arrived is told of the word and its line
   */
  constructor(player, arrived) {
    this.player = player;
    this.arrived = arrived;
    this.#review.addEventListener("click", (event) => {
      const item = event.target instanceof Element ? event.target.closest("[data-hear-place]")?.closest(".place") : null;
      if (item instanceof HTMLElement) this.#hear(placeOf(item));
    });
    this.#review.addEventListener("htmx:afterSwap", () => this.#redrawn());
    this.#rightButton.addEventListener("click", () => this.right());
    document.body.addEventListener("htmx:beforeRequest", (event) => {
      const form = /** @type {CustomEvent} */ (event).detail.elt;
      if (form instanceof HTMLElement && form.dataset.right !== undefined) this.#at = this.#at ?? placeOf(form);
    });
  }

  /** @returns {HTMLElement | null} the line of the place one is at */
  get line() {
    return this.#at && document.getElementById(`line-${this.#at.seq}`);
  }

  /** Somebody went elsewhere in the transcript. */
  leave() {
    this.#at = null;
    this.#show();
  }

  /** Hear the next place, from the first again after the last. */
  next() {
    const items = this.#items();
    const here = items.findIndex((item) => same(placeOf(item), this.#at));
    const item = items[here + 1] ?? items[0];
    if (item) this.#hear(placeOf(item));
  }

  /** The place one is at says what was said; on to the next. */
  right() {
    const item = this.#items().find((one) => same(placeOf(one), this.#at));
    const form = item?.querySelector("form");
    if (!form) return;
    this.#goOn = true;
    form.requestSubmit();
  }

  /** @param {Place} place */
  #hear(place) {
    this.#at = place;
    this.#show();
    this.player.hear(Math.max(0, place.from - LEAD_IN_MS), place.to + LEAD_OUT_MS);
  }

  /** The review was drawn anew: stay at the place, or go on when it was found right. */
  #redrawn() {
    const drawn = document.getElementById("doubts")?.dataset.drawn;
    if (drawn !== undefined) document.querySelector("#timeline .drawn-doubts")?.setAttribute("d", drawn);
    const still = this.#items().some((item) => same(placeOf(item), this.#at));
    if (!still) {
      this.#word()?.removeAttribute("data-place");
      this.#at = null;
    }
    this.#show();
    const goOn = this.#goOn && !still;
    this.#goOn = this.#goOn && still;
    if (goOn) this.next();
  }

  #show() {
    for (const item of this.#items()) {
      if (same(placeOf(item), this.#at)) item.setAttribute("aria-current", "true");
      else item.removeAttribute("aria-current");
    }
    for (const old of document.querySelectorAll(".said .found")) old.classList.remove("found");
    this.#rightButton.hidden = this.#at === null;
    const line = this.#at ? document.getElementById(`line-${this.#at.seq}`) : null;
    const word = this.#word();
    word?.classList.add("found");
    if (line) this.arrived(word, line);
  }

  /** @returns {HTMLElement | null} */
  #word() {
    const at = this.#at;
    const words = at ? wordsOf(document.getElementById(`line-${at.seq}`)) : [];
    return words.find((word) => Number(word.dataset.t) === at?.from) ?? null;
  }

  /** @returns {HTMLElement[]} */
  #items() {
    return [...this.#review.querySelectorAll(".place")].filter((one) => one instanceof HTMLElement);
  }
}

/** @param {HTMLElement} inside @returns {Place} */
function placeOf(inside) {
  const { seq = "", from = "0", to = "0" } = /** @type {HTMLElement} */ (inside.closest(".place")).dataset;
  return { seq, from: Number(from), to: Number(to) };
}

/** @param {Place} one @param {Place | null} other */
function same(one, other) {
  return other !== null && one.seq === other.seq && one.from === other.from;
}
