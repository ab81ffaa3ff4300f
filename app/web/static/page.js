// @ts-check
/** What every page does: stays in touch with the box, prints, shows a passphrase on request. */

/** @typedef {{createEventSource: (url: string) => EventSource}} Htmx */

const LOST_AFTER_MS = 2000;
const LOST = "This page has lost the box, so what it showed may be old. It goes on trying by itself.";

/** The event streams that htmx opened. A browser allows six connections to one host: hidden pages give theirs back. */
class Streams {
  /** @type {EventSource | null} */
  #open = null;
  /** @type {number | undefined} */
  #lost;
  #leaving = false; // the lock's own answer leads to the same place, and cleans up

  /** @param {HTMLElement} told where to say that the box is out of touch */
  constructor(told) {
    /** @type {Htmx} */ (/** @type {any} */ (window).htmx).createEventSource = (url) => {
      this.#open = new EventSource(url);
      this.#open.addEventListener("gone", (event) => location.replace(event.data)); // what it showed was erased
      this.#open.addEventListener("ended", (event) => this.#leave(event.data));
      return this.#open;
    };
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#rest() : this.#wake()));
    document.body.addEventListener("htmx:sseError", () => this.#soonLost(told));
    document.body.addEventListener("htmx:sseOpen", () => this.#found(told));
    document.querySelector("form.lock")?.addEventListener("submit", () => (this.#leaving = true));
  }

  /** Nothing stays readable once the sign-in is over. @param {string} why */
  #leave(why) {
    if (!this.#leaving) location.assign(`/signin?why=${encodeURIComponent(why)}`);
  }

  #rest() {
    this.#open?.close();
  }

  /** The extension opens a closed stream again when it hears of an error. */
  #wake() {
    if (this.#open?.readyState === EventSource.CLOSED) this.#open.dispatchEvent(new Event("error"));
  }

  /** @param {HTMLElement} told */
  #soonLost(told) {
    if (document.hidden) return;
    this.#lost ??= window.setTimeout(() => {
      told.textContent = LOST;
      told.hidden = false;
    }, LOST_AFTER_MS);
  }

  /** @param {HTMLElement} told */
  #found(told) {
    window.clearTimeout(this.#lost);
    this.#lost = undefined;
    told.hidden = true;
  }
}

/** @param {HTMLInputElement} field a passphrase; `data-reveals` names another that shows with it */
function addReveal(field) {
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  label.className = "reveal";
  label.append(box, "Show what I type");
  const fields = [field, document.getElementById(field.dataset.reveals || "") ?? field];
  box.addEventListener("change", () => {
    for (const one of fields) if (one instanceof HTMLInputElement) one.type = box.checked ? "text" : "password";
  });
  fields.at(-1)?.closest(".field")?.append(label);
}

/** @param {HTMLFormElement} form whose answer takes seconds; `data-busy` is what it says meanwhile, and it is sent once */
function sayBusy(form) {
  form.addEventListener("submit", (event) => {
    if (form.classList.contains("busy")) return event.preventDefault();
    form.classList.add("busy");
    const told = form.querySelector("[role=status]");
    if (told) told.textContent = form.dataset.busy ?? "";
  });
}

const told = document.getElementById("out-of-touch");
if (told) new Streams(told);
for (const field of document.querySelectorAll("input[data-reveals]")) {
  if (field instanceof HTMLInputElement) addReveal(field);
}
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());
for (const form of document.querySelectorAll("form[data-busy]")) {
  if (form instanceof HTMLFormElement) sayBusy(form);
}
// a page from the browser's back-and-forward store may show what has been locked since
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

export {};
