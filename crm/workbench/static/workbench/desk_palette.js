/* What the palette can do with the open ticket: its moves, and scripts for the reply. */
(() => {
  "use strict";

  const { body, insert, main } = window.KeanDesk;
  const words = () => document.getElementById("desk-words").dataset;

  function moves() {
    if (!main()) return [];
    return Array.from(document.querySelectorAll("#desk-thread .d-head [data-act], #desk-thread .d-head [data-act-dialog], #desk-thread .d-head [data-handover]"))
      .map((button) => ({ label: button.textContent.trim(), icon: "ticket", keywords: button.dataset.act || button.dataset.actDialog || "", run: () => button.click() }));
  }
  async function scripts(query) {
    if (!main() || !body() || !query) return [];
    const answer = await fetch(`${main().dataset.scriptsUrl}?q=${encodeURIComponent(query)}`);
    if (!answer.ok) return [];
    const { results } = await answer.json();
    return results.map((item) => ({ label: `${words().scripts} · ${item.title}`, icon: "message-2", run: () => insert(item.text, item.version) }));
  }

  document.addEventListener("kean:ready", () => {
    window.Kean.palette.provide(moves);
    window.Kean.palette.search(scripts);
  });
})();
