/* Safety sheets: they appear when the customer speaks of allergies, and ask for a confirmation when the reply
   promises something. What was chosen and typed there stays. */
(() => {
  "use strict";

  const box = () => document.getElementById("composer-safety");
  const promised = () => box().querySelector(".g-panel")?.dataset.claims || "";

  function refresh() {
    const pane = box();
    const chosen = pane.querySelector("[name=safety_version]:checked")?.value;
    const reason = pane.querySelector("[name=safety_reason]")?.value || "";
    window.KeanDesk.load("#composer-safety", pane.dataset.url).then(() => {
      const again = chosen && box()?.querySelector(`[name=safety_version][value="${chosen}"]`);
      if (again) again.checked = true;
      const field = box()?.querySelector("[name=safety_reason]");
      if (field) field.value = reason;
    });
  }

  document.addEventListener("kean:draft", (event) => {
    const { kind, url, claims } = event.detail;
    if (kind !== "reply" || !claims || !box() || url !== document.getElementById("composer").dataset.draftUrl) return;
    if (claims.join("|") !== promised()) refresh();
  });
  document.addEventListener("kean:thread", () => {
    if (box() && document.querySelector("#desk-thread .d-thread[data-safety]") && !box().querySelector(".g-panel")) refresh();
  });
})();
