/* Choosing rows of the ticket list: by click or key; the bar at the bottom shows itself by style. */
(() => {
  "use strict";

  const $ = (selector, scope = document) => scope.querySelector(selector);
  const boxes = () => Array.from(document.querySelectorAll('input[name="tickets"][form="bulk-form"]'));
  const all = () => $('#bulk-form [name="all"]');

  function count() {
    const chosen = boxes().filter((box) => box.checked).length;
    const shown = $("[data-bulk-count]");
    if (shown) shown.textContent = all()?.checked ? `${boxes().length}+` : String(chosen);
    const page = $("[data-bulk-page]");
    if (page) {
      page.checked = chosen > 0 && chosen === boxes().length;
      page.indeterminate = chosen > 0 && chosen < boxes().length;
    }
    boxes().forEach((box) => box.closest("tr").classList.toggle("is-chosen", box.checked));
  }
  function clear() {
    boxes().forEach((box) => { box.checked = false; });
    if (all()) all().checked = false;
    count();
  }
  function toggleCursor() {
    const box = $("[data-rows] tr.is-cursor input[name=tickets]");
    if (box) { box.checked = !box.checked; count(); }
  }

  let last = null;
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-bulk-clear]")) { event.preventDefault(); clear(); return; }
    const box = event.target.closest('input[name="tickets"]');
    if (!box) return;
    // With Shift, everything between the last box and this one.
    if (event.shiftKey && last && last.isConnected) {
      const list = boxes();
      const [from, to] = [list.indexOf(last), list.indexOf(box)].sort((a, b) => a - b);
      list.slice(from, to + 1).forEach((one) => { one.checked = box.checked; });
    }
    last = box;
    count();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-bulk-page]")) boxes().forEach((box) => { box.checked = event.target.checked; });
    if (event.target.matches('[data-bulk-page], input[name="tickets"], #bulk-form [name="all"]')) count();
  });
  /* A word typed for a tag is sent as a tag, not as the form's first action. */
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229 || !event.target.matches("#bulk-form input")) return;
    event.preventDefault();
    $("button[type=submit]", event.target.closest(".k-menu-body"))?.click();
  });
  document.addEventListener("htmx:afterSettle", count);
  // A list that comes back from the browser's memory is an old one: its form was sent already.
  window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });

  function countDown(button) {
    let left = Number(button.dataset.undo);
    const timer = setInterval(() => {
      left -= 1;
      $("[data-undo-left]", button).textContent = String(Math.max(0, left));
      if (left <= 0) { clearInterval(timer); button.remove(); }
    }, 1000);
  }

  document.addEventListener("kean:ready", () => {
    const words = $("#page-words")?.dataset;
    if (words && $("#bulk-form")) {
      window.Kean.keys.add({ key: "x", label: words.select, run: toggleCursor, group: words.group });
      window.Kean.keys.add({ key: "Escape", label: "", run: clear, group: words.group });
    }
    const undo = $("[data-undo]");
    if (undo) countDown(undo);
    count();
  });
})();
