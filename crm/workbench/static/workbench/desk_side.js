/* The right pane where the window is too narrow for it: a sheet over the conversation, opened from the head. */
(() => {
  "use strict";

  const pane = () => document.getElementById("desk-ticket");
  const opener = () => document.querySelector(".d-head [data-side-toggle]");
  const isOpen = () => pane()?.classList.contains("shows-side");
  let number = "";

  function show(on) {
    pane().classList.toggle("shows-side", on);
    opener()?.setAttribute("aria-expanded", String(on));
    const target = on ? document.querySelector('#desk-side [role="tab"][aria-selected="true"]') : opener();
    if (target) target.focus({ preventScroll: true });
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-side-toggle]")) { show(!isOpen()); return; }
    // What was taken into the reply is in the composer, below the sheet.
    if (isOpen() && event.target.closest("[data-insert]")) show(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing || event.keyCode === 229 || !isOpen()) return;
    if (document.querySelector("dialog[open]")) return;
    event.preventDefault();
    show(false);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "desk-ticket") return;
    const now = window.KeanDesk.main()?.dataset.number || "";
    if (now !== number) pane().classList.remove("shows-side");
    number = now;
  });
  document.addEventListener("kean:ready", () => { number = window.KeanDesk.main()?.dataset.number || ""; });
})();
