// @ts-check
// Where the browser can show an image of the page over TLS, it trusts the box's certificate: go there.
const probe = /** @type {HTMLImageElement} */ (document.getElementById("probe"));
const trusted = /** @type {HTMLElement} */ (document.getElementById("trusted"));

function go() {
  trusted.hidden = false;
  if (!new URLSearchParams(location.search).has("stay")) {
    location.replace(/** @type {HTMLAnchorElement} */ (trusted.querySelector("[data-go]")).href);
  }
}

if (probe.complete && probe.naturalWidth) {
  go();
} else {
  probe.addEventListener("load", go);
}

export {};
