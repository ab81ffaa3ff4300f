// @ts-check
/** What can be done with the line one is at: buttons below it, and a key for each. `app/web/slots.py` says which. */

import { part } from "./player.js";

/** @typedef {{ajax: (verb: string, path: string, how: {target: HTMLElement | string, swap: string, values?: Record<string, string>}) => Promise<void>}} Htmx */

export class Tools {
  #bar = /** @type {HTMLElement} */ (part("tools", HTMLTemplateElement).content.firstElementChild);

  constructor() {
    this.#bar.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-tool]") : null;
      if (button instanceof HTMLElement) this.#open(button, button.closest("[data-line]"));
    });
  }

  /** Put the tools below this line. @param {HTMLElement} line */
  show(line) {
    if (line.querySelector(".edit")) line.querySelector(".line-extra")?.before(this.#bar);
    else this.#bar.remove();
  }

  /** @param {string} key @param {HTMLElement | null} line @returns {boolean} whether it is a tool's key */
  use(key, line) {
    const button = this.#bar.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (button instanceof HTMLElement && line) this.#open(button, line);
    return button !== null;
  }

  /** @param {HTMLElement} button @param {Element | null} line */
  #open(button, line) {
    const { path = "", target = "extra" } = button.dataset;
    const place = target === "line" ? line : line?.querySelector(".line-extra");
    if (!(place instanceof HTMLElement) || !line) return;
    const address = path.replace("{seq}", line.id.replace("line-", ""));
    const htmx = /** @type {Htmx} */ (/** @type {any} */ (window).htmx);
    htmx.ajax("GET", address, { target: place, swap: target === "line" ? "outerHTML" : "innerHTML" });
  }
}
