// @ts-check
/** On every page: g and then t, w, c or s goes to Today, Week, Clients or Search. */

const PREFIX_MS = 1000;
/** @type {Record<string, string>} */
const PLACES = { t: "/today", w: "/week", c: "/clients", s: "/search" };
let prefixed = -PREFIX_MS;

// while the event is still on its way down: on the session page, c and s alone mean something else
window.addEventListener(
  "keydown",
  (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof Element)) return;
    if (event.target.matches("textarea, select, input:not([type=range])")) return;
    const place = PLACES[event.key];
    if (place && performance.now() - prefixed < PREFIX_MS && document.querySelector(`.nav a[href="${place}"]`)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      location.assign(place);
    }
    prefixed = event.key === "g" ? performance.now() : -PREFIX_MS;
  },
  { capture: true },
);

export {};
