// @ts-check
/** Where the review stands below the transcript, as on a phone: one button brings it up, and hearing a place puts it away. */

import { part } from "./player.js";

export class Sheet {
  #aside = part("aside", HTMLElement);
  #button = part("open-review", HTMLButtonElement);

  constructor() {
    this.#button.addEventListener("click", () => this.open());
    part("close-review", HTMLButtonElement).addEventListener("click", () => this.close(true));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#isOpen && !(event.target instanceof HTMLTextAreaElement)) this.close(true);
    });
  }

  get #isOpen() {
    return this.#aside.classList.contains("aside-open");
  }

  open() {
    this.#aside.classList.add("aside-open");
    this.#button.setAttribute("aria-expanded", "true");
    part("review", HTMLElement).focus({ preventScroll: true });
    this.#aside.scrollTop = 0;
  }

  /** @param {boolean} back whether the focus goes back to the button */
  close(back = false) {
    if (!this.#isOpen) return;
    this.#aside.classList.remove("aside-open");
    this.#button.setAttribute("aria-expanded", "false");
    if (back) this.#button.focus();
  }

  /** Go to where one approves; where nothing is to be approved, to the review's beginning. */
  showEnd() {
    if (this.#button.checkVisibility()) this.open();
    const end = document.getElementById("attested") ?? part("review", HTMLElement);
    end.focus();
    end.scrollIntoView({ block: "nearest" });
  }
}
