// @ts-check
/** Editing lines by keyboard: open, keep, leave, undo; and nothing half-written is lost by accident. */

import { part } from "./player.js";

export class Editing {
  /** @type {string[]} ids of lines, the latest last */
  #edited = [];

  /** @param {(line: HTMLElement) => void} changed is told of every line that was put back in place */
  constructor(changed) {
    this.changed = changed;
    document.addEventListener("submit", (event) => this.#onSubmit(event));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    document.body.addEventListener("htmx:load", (event) => this.#onLoad(/** @type {CustomEvent} */ (event).detail.elt));
    document.body.addEventListener("htmx:beforeRequest", (event) => {
      const fetches = /** @type {CustomEvent} */ (event).detail.elt.id;
      if (fetches === "transcript" && this.#unkept()) event.preventDefault();
    });
    window.addEventListener("beforeunload", (event) => {
      if (this.#unkept()) event.preventDefault();
    });
  }

  /** @param {HTMLElement | null} line */
  open(line) {
    const link = line?.querySelector(".edit");
    if (link instanceof HTMLElement) link.click();
  }

  /** Take back the latest edit, or else the one of this line. @param {HTMLElement | null} line */
  undo(line) {
    const id = this.#edited.pop() ?? line?.id ?? "";
    const form = document.getElementById(id)?.querySelector(".under form");
    if (form instanceof HTMLFormElement) form.requestSubmit();
  }

  /** @param {SubmitEvent} event */
  #onSubmit(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const line = form.closest(".editing");
    if (line) this.#edited.push(line.id);
    if (form.dataset.approve === undefined || !document.querySelector(".editing")) return;
    event.preventDefault();
    this.#say("A line is still open. Keep it or leave it as it was, then approve.");
    document.querySelector("textarea")?.focus();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const field = event.target;
    if (!(field instanceof HTMLTextAreaElement)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      field.form?.requestSubmit();
    } else if (event.key === "Escape") {
      /** @type {HTMLElement | null | undefined} */ (field.form?.querySelector("[data-cancel]"))?.click();
    }
  }

  /** @param {unknown} element */
  #onLoad(element) {
    if (!(element instanceof HTMLElement) || !element.matches("[data-line]")) return;
    const field = element.querySelector("textarea");
    if (field) {
      field.focus();
      field.setSelectionRange(field.value.length, field.value.length);
      return;
    }
    if (element.id.startsWith("line-") && document.activeElement === document.body) {
      this.#say("");
      this.changed(element);
      /** @type {HTMLElement | null} */ (element.querySelector(".edit"))?.focus({ preventScroll: true });
    }
  }

  /** @returns {boolean} whether something typed is not kept yet */
  #unkept() {
    return [...document.querySelectorAll("textarea")].some((field) => field.value !== field.defaultValue);
  }

  /** @param {string} sentence */
  #say(sentence) {
    const notice = part("notice", HTMLElement);
    notice.replaceChildren();
    if (!sentence) return;
    const line = document.createElement("p");
    line.className = "notice";
    line.textContent = sentence;
    notice.append(line);
    notice.scrollIntoView({ block: "nearest" });
  }
}
