// @ts-check
/** What can be done with the line one is at: buttons below it, and a key for each. `app/web/slots.py` says which. */

import { part } from "./player.js";

/** @typedef {{ajax: (verb: string, path: string, how: {source: Element | string, target: Element | string, swap: string, values?: Record<string, string>}) => Promise<void>}} Htmx */

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
    const extra = line.querySelector(".line-extra");
    if (extra) extra.before(this.#bar);
    else if (line.querySelector(".edit")) line.append(this.#bar);
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
    if (!(line instanceof HTMLElement)) return;
    const place = target === "line" ? line : extraOf(line);
    const address = path.replace("{seq}", line.id.replace("line-", ""));
    const htmx = /** @type {Htmx} */ (/** @type {any} */ (window).htmx);
    htmx.ajax("GET", address, { source: line, target: place, swap: target === "line" ? "outerHTML" : "innerHTML" });
  }
}

/** @param {HTMLElement} line @returns {HTMLElement} where something about the line unfolds, below it */
function extraOf(line) {
  const there = line.querySelector(".line-extra");
  if (there instanceof HTMLElement) return there;
  const made = document.createElement("div");
  made.className = "line-extra";
  line.append(made);
  return made;
}
