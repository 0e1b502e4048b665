/* Steps of a procedure are moved and emptied in place; the numbers in the fields are what the server reads. */
"use strict";
(() => {
  const place = document.querySelector("[data-steps]");
  if (!place) return;
  const cards = () => [...place.querySelectorAll("[data-step]")];
  const renumber = () => cards().forEach((card, at) => {
    const order = card.querySelector("[data-step-order] input");
    if (order) order.value = at + 1;
    const number = card.querySelector("[data-step-number]");
    if (number) number.textContent = number.textContent.replace(/\d+/, at + 1);
  });
  place.querySelectorAll("[data-step-moves]").forEach((row) => { row.hidden = false; });
  place.querySelectorAll("[data-step-order]").forEach((field) => { field.hidden = true; });
  place.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step-move]");
    if (!button) return;
    const card = button.closest("[data-step]");
    const all = cards(), at = all.indexOf(card);
    if (button.dataset.stepMove === "up" && at > 0) all[at - 1].before(card);
    if (button.dataset.stepMove === "down" && at < all.length - 1) all[at + 1].after(card);
    if (button.dataset.stepMove === "remove") {
      const title = card.querySelector('input[name^="step_title_"]');
      title.value = "";
      card.open = false;
      card.querySelector("summary .k-quiet").textContent = "—";
      all[all.length - 1].after(card);
    }
    renumber();
    if (button.dataset.stepMove !== "remove") button.focus();
  });
})();
