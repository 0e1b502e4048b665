/* A room that is open: what others say appears by itself. */
(() => {
  "use strict";

  const pane = () => document.getElementById("room-entries");
  let waiting = 0;

  function refresh() {
    if (document.hidden) return;
    window.htmx.ajax("GET", pane().dataset.url, { source: pane(), target: "#room-entries", swap: "innerHTML" });
  }
  function refreshSoon() {
    clearTimeout(waiting);
    waiting = setTimeout(refresh, 300);
  }
  document.addEventListener("kean:ready", () => {
    if (!pane()) return;
    const stream = new EventSource(pane().dataset.streamUrl);
    stream.addEventListener("room.changed", (event) => {
      if (String(JSON.parse(event.data).subject.id) === pane().dataset.room) refreshSoon();
    });
    window.addEventListener("beforeunload", () => stream.close());
    document.addEventListener("visibilitychange", refreshSoon);
  });
})();
