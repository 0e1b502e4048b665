/* The desk without reloading: live news, keys, composer, scripts by "/". */
(() => {
  "use strict";

  const $ = (selector, scope = document) => scope.querySelector(selector);
  const $$ = (selector, scope = document) => Array.from(scope.querySelectorAll(selector));
  const desk = () => $(".d-desk");
  const main = () => $(".d-main");
  const words = () => $("#desk-words").dataset;
  const composer = () => $("#composer");
  const body = () => $("#composer-body");

  /* Every pane is the source of its own requests: htmx keeps one queue for each source and drops all but
     the newest waiting one, so a refresh of the list could else swallow "solve". */
  function load(pane, url, { verb = "GET", values = {} } = {}) {
    return window.htmx.ajax(verb, url, { source: pane, target: pane, swap: "innerHTML", values });
  }

  /* Live: news refresh the panes; what is being typed is never replaced. ------------------ */
  const seen = new Set();
  let listTimer = 0;
  let threadTimer = 0;
  function refreshLists() {
    clearTimeout(listTimer);
    listTimer = setTimeout(() => {
      const query = desk().dataset.query;
      const current = main()?.dataset.number || "";
      load("#desk-views", `${desk().dataset.countsUrl}?${query}`);
      const rows = $("#desk-list");
      const top = rows.scrollTop;
      load("#desk-list", `${desk().dataset.listUrl}?${query}&current=${current}`).then(() => { rows.scrollTop = top; markFresh(); });
    }, 250);
  }
  function refreshThread() {
    clearTimeout(threadTimer);
    threadTimer = setTimeout(() => {
      if (!main()) return;
      // Put in place by desk_thread.js, which leaves standing what is being read.
      load("#desk-thread", main().dataset.threadUrl);
    }, 150);
  }
  const fresh = new Set();
  function markFresh() {
    fresh.forEach((id) => $(`.d-row[data-id="${id}"]`)?.classList.add("is-fresh"));
  }
  function heard(event) {
    let news;
    try { news = JSON.parse(event.data); } catch { return; }
    if (seen.has(news.id)) return;
    seen.add(news.id);
    const id = String(news.data.ticket || news.subject.id);
    if (main()?.dataset.ticket === id) refreshThread();
    else if (news.type === "message.created" || news.type === "ticket.created") fresh.add(id);
    refreshLists();
  }
  function listen() {
    const stream = new EventSource(desk().dataset.streamUrl);
    ["ticket.created", "ticket.updated", "ticket.solved", "message.created", "sla.warned", "sla.breached", "survey.answered", "visit.completed"]
      .forEach((name) => stream.addEventListener(name, heard));
    ["presence.changed", "notice.created"].forEach((name) => stream.addEventListener(name, (event) =>
      document.dispatchEvent(new CustomEvent(`kean:${name}`, { detail: JSON.parse(event.data).data }))));
    stream.onmessage = heard;
    window.addEventListener("beforeunload", () => stream.close());
  }

  /* The list ------------------------------------------------------------------------------- */
  const rowElements = () => $$(".d-row");
  function cursorIndex() {
    const rows = rowElements();
    const at = rows.findIndex((row) => row.classList.contains("is-cursor"));
    return at >= 0 ? at : rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
  }
  function step(by, open) {
    const rows = rowElements();
    if (!rows.length) return;
    const next = Math.min(rows.length - 1, Math.max(0, cursorIndex() + by));
    rows.forEach((row, index) => row.classList.toggle("is-cursor", index === next));
    rows[next].scrollIntoView({ block: "nearest" });
    if (open) openRow(rows[next]);
  }
  function openRow(row) {
    if (row) $("a", row).click();
  }
  function markSelected() {
    const number = main()?.dataset.number;
    desk().classList.toggle("has-ticket", Boolean(number));
    rowElements().forEach((row) => {
      row.setAttribute("aria-selected", String(row.dataset.number === number));
      row.classList.remove("is-cursor");
    });
    if (main()) { fresh.delete(main().dataset.ticket); $(`.d-row[data-number="${number}"]`)?.classList.remove("is-fresh"); }
  }
  function toLatest() {
    const thread = $(".d-thread");
    if (thread) thread.scrollTop = thread.scrollHeight;
  }

  /* Moves -------------------------------------------------------------------------------------- */
  function act(action, values = {}) {
    if (!main()) return;
    const typed = body()?.value || "";
    const url = main().dataset.actUrl.replace("ACTION", action);
    load("#desk-ticket", url, { verb: "POST", values: { ...values, typed, typed_kind: composer()?.dataset.kind || "" } });
  }
  function openAct(action, label, into = "", hint = "") {
    const dialog = $("#act-dialog");
    $("#act-title").textContent = label;
    $("#act-hint").textContent = hint;
    $("#act-hint").hidden = !hint;
    $$("[data-for]", dialog).forEach((field) => { field.hidden = field.dataset.for !== action; });
    $$("[data-not-for]", dialog).forEach((field) => { field.hidden = field.dataset.notFor === action; });
    $("#act-reason").value = "";
    $("#act-until").value = "";
    $("#act-into").value = into;
    dialog.dataset.action = action;
    dialog.showModal();
  }
  function openHandover() {
    load("#handover-body", main().dataset.handoverUrl).then(() => $("#handover").showModal());
  }

  /* Composer -------------------------------------------------------------------------------------- */
  function setKind(kind) {
    const form = composer();
    if (!form) return;
    const before = form.dataset.kind;
    form.dataset.kind = kind;
    form.elements.kind.value = kind;
    if (before !== kind) document.dispatchEvent(new CustomEvent("kean:kind", { detail: { before, kind } }));
    $$(".d-composer-tabs [data-kind]", form).forEach((tab) => tab.setAttribute("aria-selected", String(tab.dataset.kind === kind)));
    body().focus();
    checkMissing();
  }
  const OPEN_PLACEHOLDER = /[{｛]{2}\s*([^{}｛｝]*?)\s*[}｝]{2}/g;
  function checkMissing() {
    const form = composer();
    if (!form) return;
    const names = [...new Set([...body().value.matchAll(OPEN_PLACEHOLDER)].map((match) => match[1]))];
    const blocked = names.length > 0 && form.dataset.kind === "reply";
    const note = $("#composer-missing");
    note.hidden = !blocked;
    note.textContent = blocked ? words().missing + names.join("、") : "";
    $$("button[type=submit]", form).forEach((button) => { button.disabled = blocked || (!body().value.trim() && !form.elements.files.files.length && !$(".d-kept input:checked", form)); });
  }
  /* insertText keeps the browser's own undo, so Ctrl-Z takes a script out again. */
  function insert(text, version, replaceFrom = null) {
    if (composer()?.dataset.kind === "note") setKind("reply");
    const field = body();
    if (!field) return;
    field.focus();
    if (replaceFrom !== null) field.setSelectionRange(replaceFrom, field.selectionStart);
    composer().elements.script.value = version;
    if (!document.execCommand("insertText", false, text)) field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    const open = field.value.search(OPEN_PLACEHOLDER);
    if (open >= 0) field.setSelectionRange(open, open + field.value.slice(open).match(OPEN_PLACEHOLDER)[0].length);
    checkMissing();
  }
  function submit(then = "") {
    const form = composer();
    if (!form) return;
    form.elements.then.value = then;
    if (!$("button[type=submit]", form).disabled) form.requestSubmit();
  }

  /* Scripts by "/" --------------------------------------------------------------------------------- */
  let picks = [];
  let pick = 0;
  let pickFrom = -1;
  let pickTimer = 0;
  const picker = () => $("#script-picker");
  function closePicker() { if (picker()) picker().hidden = true; pickFrom = -1; }
  function slashQuery() {
    const field = body();
    const before = field.value.slice(0, field.selectionStart);
    const found = before.match(/(^|\s)\/([^\s/]{0,30})$/);
    return found ? { from: before.length - found[2].length - 1, query: found[2] } : null;
  }
  function lookForScripts(force = false) {
    const slash = slashQuery();
    if (!slash && !force) return closePicker();
    pickFrom = slash ? slash.from : body().selectionStart;
    clearTimeout(pickTimer);
    pickTimer = setTimeout(async () => {
      const answer = await fetch(`${main().dataset.scriptsUrl}?q=${encodeURIComponent(slash ? slash.query : "")}`);
      if (!answer.ok) return;
      picks = (await answer.json()).results;
      pick = 0;
      drawPicker();
    }, 120);
  }
  function drawPicker() {
    const list = picker();
    list.replaceChildren(...(picks.length ? picks : [null]).map((item, index) => {
      const option = document.createElement("li");
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", String(index === pick));
      const title = document.createElement("strong");
      title.textContent = item ? item.title : words().none;
      option.append(title);
      if (item) {
        const text = document.createElement("span");
        text.textContent = item.text;
        option.append(text);
        option.dataset.index = String(index);
      }
      return option;
    }));
    list.hidden = false;
  }
  function takePick(index) {
    const item = picks[index];
    if (item) insert(item.text, item.version, pickFrom);
    closePicker();
  }
  function pickerKey(event) {
    if (!picker() || picker().hidden || event.isComposing || event.keyCode === 229) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && picks.length) { pick = (pick + by + picks.length) % picks.length; drawPicker(); event.preventDefault(); }
    else if ((event.key === "Enter" || event.key === "Tab") && picks.length) { takePick(pick); event.preventDefault(); }
    else if (event.key === "Escape") { closePicker(); event.preventDefault(); }
  }

  /* Wiring: by delegation, so that swapped fragments need nothing ------------------------------------- */
  document.addEventListener("click", (event) => {
    const target = event.target;
    const action = target.closest("[data-act]");
    if (action) act(action.dataset.act);
    const dialog = target.closest("[data-act-dialog]");
    if (dialog) openAct(dialog.dataset.actDialog, dialog.dataset.label, dialog.dataset.into, dialog.dataset.hint);
    if (target.closest("[data-handover]")) openHandover();
    const tab = target.closest(".d-composer-tabs [data-kind]");
    if (tab) setKind(tab.dataset.kind);
    const script = target.closest("[data-insert]");
    if (script) insert(script.dataset.insert, script.dataset.version);
    if (target.closest("[data-scripts]")) { body().focus(); lookForScripts(true); }
    const option = target.closest("#script-picker [data-index]");
    if (option) takePick(Number(option.dataset.index));
    else if (!target.closest("#script-picker, [data-scripts]")) closePicker();
    const send = target.closest("[data-then]");
    if (send) composer().elements.then.value = send.dataset.then;
  });
  document.addEventListener("input", (event) => {
    if (event.target !== body()) return;
    checkMissing();
    if (!event.isComposing) lookForScripts();
  });
  document.addEventListener("compositionend", (event) => { if (event.target === body()) lookForScripts(); });
  document.addEventListener("keydown", (event) => { if (event.target === body()) pickerKey(event); }, true);
  document.addEventListener("change", (event) => {
    if (event.target.name !== "files") return;
    $(".d-files").textContent = Array.from(event.target.files).map((file) => file.name).join("、");
    checkMissing();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "act-form") return;
    event.preventDefault();
    const dialog = $("#act-dialog");
    const values = Object.fromEntries(new FormData(event.target));
    dialog.close();
    act(dialog.dataset.action, values);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const closes = event.detail.elt?.dataset?.closes;
    if (closes && event.detail.successful) $(`#${closes}`).close();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "desk-ticket") { markSelected(); toLatest(); checkMissing(); }
  });
  document.addEventListener("kean:sent", () => {
    if (body()) { body().focus(); checkMissing(); }
    refreshLists();
  });
  document.addEventListener("kean:changed", refreshLists);
  document.addEventListener("kean:edited", refreshThread);

  window.KeanDesk = { load, act, main, body, composer, insert, setKind, submit, checkMissing, refreshLists, refreshThread, step, rowElements, cursorIndex, openRow };

  document.addEventListener("kean:ready", () => {
    if (!desk()) return;
    const add = (key, label, run, extra = {}) => window.Kean.keys.add({ key, label, run, group: words().group, ...extra });
    add("j", words().next, () => step(1, Boolean(main())));
    add("k", words().previous, () => step(-1, Boolean(main())));
    add("ArrowDown", "", () => step(1, false));
    add("ArrowUp", "", () => step(-1, false));
    add("Enter", "", () => openRow(rowElements()[cursorIndex()]));
    add("r", words().reply, () => setKind("reply"));
    add("n", words().note, () => setKind("note"));
    add("a", words().mine, () => act("assign"));
    add("f", words().handover, () => main() && openHandover());
    add("e", words().solve, () => act("solve"));
    add("z", words().snooze, () => main() && openAct("snooze", words().snooze));
    add("s", words().scripts, () => { if (body()) { body().focus(); lookForScripts(true); } });
    add("mod+Enter", words().send, () => submit(), { inFields: true });
    markSelected();
    toLatest();
    checkMissing();
    listen();
  });
})();
