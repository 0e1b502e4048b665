/* Drafts: what is typed is kept on the server a moment later, for each ticket and kind. */
(() => {
  "use strict";

  const PAUSE = 600;
  const RETRY = 4000;
  const { body, composer, checkMissing } = window.KeanDesk;
  const note = () => document.getElementById("composer-draft");
  const waiting = new Map(); // address and kind → what is to be kept next
  const running = new Map(); // address and kind → the request under way
  let timer = 0;

  const say = (word) => { if (note()) note().textContent = word ? note().dataset[word] : ""; };
  const keyOf = (form, kind) => `${form.dataset.draftUrl} ${kind}`;

  function remember(form, kind, text) {
    const script = kind === "reply" ? form.elements.script.value : "";
    form.dataset[kind === "note" ? "draftNote" : "draftReply"] = text;
    if (kind === "reply") form.dataset.scriptReply = script;
    waiting.set(keyOf(form, kind), { url: form.dataset.draftUrl, kind, body: text, script });
    clearTimeout(timer);
    timer = setTimeout(flush, PAUSE);
  }
  /* One request at a time for each draft, so that an older text never overtakes a newer one. */
  function flush() {
    clearTimeout(timer);
    waiting.forEach((item, key) => {
      if (running.has(key)) return;
      waiting.delete(key);
      const { url, ...values } = item;
      const request = window.Kean.post(url, values)
        .then(async (answer) => {
          if (!answer.ok) throw new Error(String(answer.status));
          const kept = await answer.json();
          say(kept.saved_at ? "saved" : "");
          document.dispatchEvent(new CustomEvent("kean:draft", { detail: { ...kept, kind: item.kind, url } }));
        })
        .catch(() => {
          if (!waiting.has(key)) waiting.set(key, item);
          say("failed");
        })
        .finally(() => {
          running.delete(key);
          if (waiting.has(key)) timer = setTimeout(flush, note()?.textContent === note()?.dataset.failed ? RETRY : PAUSE);
        });
      running.set(key, request);
    });
  }

  document.addEventListener("input", (event) => {
    if (event.target === body()) remember(composer(), composer().dataset.kind, body().value);
  });
  /* A script that was put in, or another kind chosen, changes the text without a key. */
  document.addEventListener("kean:kind", (event) => {
    const form = composer();
    const { before, kind } = event.detail;
    if (body().value !== (before === "note" ? form.dataset.draftNote : form.dataset.draftReply)) remember(form, before, body().value);
    body().value = kind === "note" ? form.dataset.draftNote : form.dataset.draftReply;
    form.elements.script.value = kind === "reply" ? form.dataset.scriptReply : "";
    form.querySelectorAll(".d-kept").forEach((label) => {
      const box = label.querySelector("input");
      box.disabled = label.dataset.of !== kind;
      box.checked = !box.disabled;
    });
    checkMissing();
  });
  /* The checklist of a first reply: it warns, it never holds back. */
  document.addEventListener("kean:draft", (event) => {
    const list = document.getElementById("composer-empathy");
    if (!list || !event.detail.empathy || event.detail.url !== composer()?.dataset.draftUrl) return;
    const words = document.getElementById("desk-words").dataset;
    list.toggleAttribute("data-empty", !body().value.trim());
    event.detail.empathy.forEach((item) => {
      const line = list.querySelector(`[data-item="${item.key}"]`);
      line.dataset.met = String(item.is_met);
      line.querySelector("i").className = `ti ti-${item.is_met ? "circle-check" : "circle-dashed"}`;
      line.querySelector("span").textContent = item.is_met ? words.met : words.unmet;
    });
  });
  document.addEventListener("change", (event) => {
    if (event.target.name === "kept") checkMissing();
  });
  /* Sending waits for a draft that is being kept: else the draft could come back after the message. */
  document.addEventListener("htmx:confirm", (event) => {
    const form = composer();
    if (!form || event.target !== form) return;
    const key = keyOf(form, form.dataset.kind);
    waiting.delete(key);
    if (!running.has(key)) return;
    event.preventDefault();
    running.get(key).finally(() => { waiting.delete(key); event.detail.issueRequest(true); });
  });
  document.addEventListener("htmx:beforeSwap", (event) => { if (event.target.id === "desk-ticket") flush(); });
  window.addEventListener("pagehide", () => {
    waiting.forEach(({ url, ...values }) => navigator.sendBeacon(url, toForm(values)));
    waiting.clear();
  });
  function toForm(values) {
    const form = new FormData();
    Object.entries({ ...values, csrfmiddlewaretoken: document.body.dataset.csrf }).forEach(([name, value]) => form.append(name, value));
    return form;
  }
})();
