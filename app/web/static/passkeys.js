// @ts-check
/** Asks the browser for a passkey, or to make one, and sends its answer with the form. */

/** @param {string} text base64url */
function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

/** @param {ArrayBuffer | null} content */
function base64url(content) {
  if (!content) return null;
  const plain = String.fromCharCode(...new Uint8Array(content));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** @param {any} question as the box sent it, JSON */
function withBytes(question) {
  const listed = (/** @type {any[]} */ list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  return {
    ...question,
    challenge: bytes(question.challenge),
    user: question.user && { ...question.user, id: bytes(question.user.id) },
    allowCredentials: listed(question.allowCredentials),
    excludeCredentials: listed(question.excludeCredentials),
  };
}

/** @param {any} credential */
function asJson(credential) {
  const { response } = credential;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const given = parts.filter((part) => response[part]).map((part) => [part, base64url(response[part])]);
  return JSON.stringify({
    id: credential.id,
    rawId: base64url(credential.rawId),
    type: credential.type,
    response: Object.fromEntries(given),
    clientExtensionResults: credential.getClientExtensionResults(),
  });
}

/** @param {HTMLFormElement} form @param {boolean} making */
async function answer(form, making) {
  const publicKey = withBytes(JSON.parse(form.dataset.question ?? "{}"));
  const credential = await (making ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey }));
  /** @type {HTMLInputElement} */ (form.elements.namedItem("answer")).value = asJson(credential);
}

/** @param {HTMLFormElement} form @param {string} sentence */
function tell(form, sentence) {
  const told = /** @type {HTMLElement} */ (form.querySelector("[data-passkey-problem]"));
  told.textContent = sentence;
  told.hidden = false;
}

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-passkey]"))) {
  const making = form.dataset.passkey === "create";
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!window.PublicKeyCredential) {
      tell(form, "This browser has no passkeys here. It has to trust the box’s certificate, and to know passkeys.");
      return;
    }
    try {
      await answer(form, making);
    } catch (error) {
      const known = /** @type {Error} */ (error).name === "InvalidStateError";
      tell(form, known ? "This passkey is there already." : "The browser gave no passkey. Try again, or close its window and use another way.");
      return;
    }
    form.submit();
  });
}
