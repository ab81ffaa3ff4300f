// @ts-check
/** Editing lines by keyboard: open, keep, leave, undo; and nothing half-written is lost by accident. */

import { part } from "./player.js";

/** @typedef {import("./tools.js").Htmx} Htmx */

const REST_MS = 800; // between the last key and keeping what was typed
const OUT_OF_TOUCH = "The box does not answer. Your words stay in this page; try again in a moment.";
const MEANWHILE = "This line was changed in another window just now. Keep shows you both.";

export class Editing {
  /** @type {number | undefined} */
  #resting;

  /** @param {(line: HTMLElement) => void} changed is told of every line that was put back in place */
  constructor(changed) {
    this.changed = changed;
    document.addEventListener("submit", (event) => this.#onSubmit(event));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    document.addEventListener("input", (event) => this.#onInput(event));
    document.addEventListener("click", (event) => this.#onClick(event));
    document.body.addEventListener("htmx:oobBeforeSwap", (event) => this.#onNews(/** @type {CustomEvent} */ (event)));
    document.body.addEventListener("htmx:sendError", (event) => this.#onOffline(/** @type {CustomEvent} */ (event)));
    document.body.addEventListener("htmx:afterRequest", (event) => {
      const { elt, successful } = /** @type {CustomEvent} */ (event).detail;
      if (successful && elt instanceof HTMLFormElement && elt.closest(".quiet-row")) elt.remove();
    });
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

  /** Take back one's latest edit, or do it again; the box knows which that is. @param {"undo" | "redo"} way */
  step(way) {
    const session = location.pathname.split("/")[2];
    const htmx = /** @type {Htmx} */ (/** @type {any} */ (window).htmx);
    if (this.#unkept()) return;
    const since = part("last-edit", HTMLInputElement).value;
    htmx.ajax("POST", `/sessions/${session}/${way}`, { source: "#transcript", target: "#notice", swap: "innerHTML", values: { since } });
  }

  /** @param {SubmitEvent} event */
  #onSubmit(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.dataset.approve === undefined || !document.querySelector(".editing")) return;
    event.preventDefault();
    this.#say("A line is still open. Keep it or leave it as it was, then approve.");
    /** @type {HTMLElement | null} */ (document.querySelector(".line-form textarea"))?.focus();
  }

  /** Keep what is typed on the box a moment after the last key. @param {Event} event */
  #onInput(event) {
    const field = event.target;
    if (!(field instanceof HTMLTextAreaElement) || !field.form?.dataset.typing) return;
    window.clearTimeout(this.#resting);
    this.#resting = window.setTimeout(() => this.#keepTyping(field), REST_MS);
  }

  /** @param {HTMLTextAreaElement} field */
  async #keepTyping(field) {
    const [form, text] = [field.form, field.value];
    if (!form?.dataset.typing || !form.isConnected || form.classList.contains("htmx-request")) return;
    const told = form.querySelector(".typing-state");
    const body = new URLSearchParams({ text });
    const kept = await fetch(form.dataset.typing, { method: "POST", body }).then((answer) => answer.ok, () => false);
    if (told) told.textContent = kept ? "What you type is safe on the box." : OUT_OF_TOUCH;
  }

  /** One listener for all lines: htmx need not look at each of a thousand. @param {HTMLAnchorElement} link */
  #openForm(link) {
    const line = /** @type {HTMLElement} */ (link.closest("[data-line]"));
    const htmx = /** @type {Htmx} */ (/** @type {any} */ (window).htmx);
    // the line is busy from now on: news of it from another window must not take it out from under the form
    htmx.ajax("GET", link.pathname, { source: line, target: line, swap: "outerHTML" });
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const link = event.target instanceof Element ? event.target.closest("[data-line] > .edit") : null;
    if (link instanceof HTMLAnchorElement && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      return this.#openForm(link);
    }
    const pause = event.target instanceof Element ? event.target.closest(".quiet-note") : null;
    if (pause instanceof HTMLAnchorElement && pause.parentElement) {
      event.preventDefault();
      pause.parentElement.querySelector("form")?.remove();
      const htmx = /** @type {Htmx} */ (/** @type {any} */ (window).htmx);
      htmx.ajax("GET", pause.pathname, { source: pause, target: pause.parentElement, swap: "beforeend" });
      return;
    }
    const close = event.target instanceof Element ? event.target.closest("[data-close-extra]") : null;
    if (!close) return;
    event.preventDefault();
    close.closest(".line-extra")?.replaceChildren();
    close.closest(".quiet-row form")?.remove();
  }

  /** A line was changed in another window. What is being typed here stays. @param {CustomEvent} event */
  #onNews(event) {
    const line = event.detail.target;
    if (!(line instanceof HTMLElement) || !line.matches("[data-line]")) return;
    const busy = line.matches(".editing, .htmx-request") || line.querySelector(".line-extra > form, .htmx-request");
    if (!busy) return;
    event.detail.shouldSwap = false;
    const told = line.querySelector(".typing-state");
    if (told && !line.querySelector(".htmx-request")) told.textContent = MEANWHILE;
  }

  /** @param {CustomEvent} event */
  #onOffline(event) {
    if (event.detail.elt instanceof Element && event.detail.elt.closest(".line, #review")) this.#say(OUT_OF_TOUCH);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const field = event.target;
    if (field instanceof HTMLInputElement && event.key === "Escape") {
      field.closest(".line-extra")?.replaceChildren();
      field.closest(".quiet-row form")?.remove();
    }
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
    if (!(element instanceof HTMLElement)) return;
    if (element.matches(".mark-form")) /** @type {HTMLElement | null} */ (element.querySelector("input"))?.focus();
    if (!element.matches("[data-line]")) return;
    const field = element.querySelector(".line-form textarea");
    if (field instanceof HTMLTextAreaElement) {
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
    const fields = /** @type {NodeListOf<HTMLTextAreaElement>} */ (document.querySelectorAll(".line-form textarea"));
    return [...fields].some((field) => field.value !== field.defaultValue);
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
