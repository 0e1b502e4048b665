/* The bell: how many notices are unread, live where the page listens and every minute elsewhere. */
(() => {
  "use strict";

  const EVERY = 60000;
  const bell = () => document.getElementById("bell");
  function show(count) {
    const badge = bell().querySelector(".k-badge");
    badge.hidden = !count;
    badge.textContent = count > 99 ? "99+" : String(count);
    bell().querySelector("summary").setAttribute("aria-label", count ? `${bell().dataset.label} ${count}` : bell().dataset.label);
  }
  function look() {
    if (document.visibilityState !== "visible") return;
    fetch(bell().dataset.countUrl, { headers: { "X-Requested-With": "XMLHttpRequest" } })
      .then((answer) => (answer.ok ? answer.json() : null))
      .then((found) => { if (found) show(found.count); })
      .catch(() => undefined); // the next look comes in a minute
  }
  const read = (values) => window.Kean.post(bell().dataset.readUrl, values).then((answer) => answer.json()).then(({ count }) => show(count));

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-read-all]")) {
      event.preventDefault();
      read({}).then(() => { bell().open = false; });
    }
    const notice = event.target.closest("[data-notice]");
    if (notice) {
      const form = new FormData();
      form.append("id", notice.dataset.notice);
      form.append("csrfmiddlewaretoken", document.body.dataset.csrf);
      navigator.sendBeacon(bell().dataset.readUrl, form);
    }
  });
  document.addEventListener("kean:notice.created", () => { look(); window.Kean.toast(bell().dataset.news, "info"); });
  document.addEventListener("visibilitychange", () => { if (bell()) look(); });
  document.addEventListener("kean:ready", () => {
    if (!bell()) return;
    look();
    setInterval(look, EVERY);
  });
})();
