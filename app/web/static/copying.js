// @ts-check
/** Copies a field's text on request. */

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!(button instanceof HTMLButtonElement)) continue;
  const field = document.getElementById(button.dataset.copy ?? "");
  const told = document.getElementById("copied");
  if (!(field instanceof HTMLTextAreaElement) || !told) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      told.textContent = "Copied. Paste it into the record, then copy something else, so that it does not stay behind.";
    } catch {
      told.textContent = "The browser did not allow it. The text is marked: copy it with your keyboard.";
    }
  });
}

export {};
