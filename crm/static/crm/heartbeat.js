/* An open page says that its person is there. One page of the browser speaks for all of them. */
(() => {
  "use strict";

  const menu = () => document.getElementById("presence");

  function heard(state) {
    const own = menu();
    if (!own || own.dataset.availability === state) return;
    window.htmx?.ajax("GET", own.dataset.presenceUrl, { source: own, target: "#presence", swap: "outerHTML" });
  }

  document.addEventListener("kean:ready", () => {
    const own = menu();
    if (!own || !window.Worker) return;
    // A worker, because browsers slow down the clocks of pages in the background.
    const worker = new Worker(own.dataset.heartbeatWorker);
    worker.onmessage = (event) => heard(event.data);
    worker.postMessage({ url: new URL(own.dataset.heartbeatUrl, location.href).href, token: document.body.dataset.csrf });
  });
})();
