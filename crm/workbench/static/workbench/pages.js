/* Lists: keys and whole rows that open. Board: refreshed by what happens. */
(() => {
  "use strict";

  const $ = (selector, scope = document) => scope.querySelector(selector);
  const $$ = (selector, scope = document) => Array.from(scope.querySelectorAll(selector));

  /* Rows ------------------------------------------------------------------------------------ */
  const rows = () => $$("[data-rows] tbody tr[data-href]");
  const cursor = () => rows().findIndex((row) => row.classList.contains("is-cursor"));
  function step(by) {
    const all = rows();
    if (!all.length) return;
    const next = Math.min(all.length - 1, Math.max(0, cursor() + by));
    all.forEach((row, index) => row.classList.toggle("is-cursor", index === next));
    all[next].scrollIntoView({ block: "nearest" });
  }
  function open(row) {
    const link = row && $("a[href]", row);
    if (link) link.click();
  }
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-rows] tr[data-href]");
    if (!row || event.target.closest("a, button, select, input, label, summary")) return;
    // Marking text in a row is not opening it.
    if (!String(window.getSelection())) open(row);
  });

  /* A dialog that a fragment fills ------------------------------------------------------------ */
  document.addEventListener("htmx:afterSettle", (event) => {
    const dialog = event.target.closest?.("dialog[data-filled]");
    if (dialog && !dialog.open) dialog.showModal();
  });

  /* Board ------------------------------------------------------------------------------------- */
  const board = () => $("#board");
  let waiting = 0;
  function refreshSoon(milliseconds) {
    clearTimeout(waiting);
    waiting = setTimeout(refresh, milliseconds);
  }
  function refresh() {
    // Nobody loses the list they are choosing from.
    if ($$("#board select").some((select) => select.value || select === document.activeElement)) return refreshSoon(3000);
    if (document.hidden) return;
    window.htmx.ajax("GET", board().dataset.url, { target: "#board", swap: "innerHTML" });
  }
  function listen() {
    const stream = new EventSource(board().dataset.streamUrl);
    ["ticket.created", "ticket.updated", "ticket.solved", "message.created", "sla.warned", "sla.breached",
      "staff.availability_changed", "shift.uncovered", "peak.switched"]
      .forEach((name) => stream.addEventListener(name, () => refreshSoon(600)));
    stream.onmessage = () => refreshSoon(600);
    window.addEventListener("beforeunload", () => stream.close());
    setInterval(() => refreshSoon(0), 30000);
    document.addEventListener("visibilitychange", () => document.hidden || refreshSoon(0));
  }

  document.addEventListener("kean:ready", () => {
    const words = $("#page-words")?.dataset;
    if (words && $("[data-rows]")) {
      const add = (key, label, run) => window.Kean.keys.add({ key, label, run, group: words.group });
      add("j", words.next, () => step(1));
      add("k", words.previous, () => step(-1));
      add("Enter", words.open, () => open(rows()[cursor()]));
    }
    if (board()) listen();
  });
})();
