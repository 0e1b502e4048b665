/* A reply that asks for what the customer has told already: said beside the text, never held back. */
(() => {
  "use strict";

  document.addEventListener("kean:draft", (event) => {
    const note = document.getElementById("composer-known");
    const form = document.getElementById("composer");
    if (!note || !event.detail.known || event.detail.url !== form?.dataset.draftUrl) return;
    note.textContent = event.detail.known.map((item) => item.sentence).join("；");
    note.hidden = event.detail.known.length === 0 || form.dataset.kind !== "reply";
  });
  document.addEventListener("kean:kind", () => {
    const note = document.getElementById("composer-known");
    if (note) note.hidden = true;
  });
})();
