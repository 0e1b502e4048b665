/* The conversation on the page: draws what the line brings, keeps what is typed. */
(function () {
  "use strict";
  const config = JSON.parse(document.getElementById("chat-config").textContent);
  const words = config.words;
  const $ = (id) => document.getElementById(`chat-${id}`);
  const log = $("log"), text = $("text"), form = $("form"), who = $("who");
  const messages = new Map();
  const drawn = new Map();
  let state = { chat: 0, served_by: "nobody" }, files = [], isShown = !config.parent, unread = 0, isReady = false;

  const line = new KeanLine(config, { message, state: setState, kept: recallDraft, outbox: draw, online, fault });

  function make(tag, name, content) {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (content !== undefined) node.textContent = content;
    return node;
  }

  /* Text with its addresses made links; nothing else of it becomes markup. */
  function bodyOf(given) {
    const node = make("div", "c-body");
    given.split(/(https?:\/\/[^\s《》（）“”，。；！？]+)/g).forEach((part, index) => {
      if (index % 2 === 0) { node.append(part); return; }
      const link = make("a", "", part);
      link.href = part;
      link.target = "_blank";
      link.rel = "noopener nofollow";
      node.append(link);
    });
    return node;
  }

  function button(label, act, name) {
    const node = make("button", name || "c-small", label);
    node.type = "button";
    node.addEventListener("click", act);
    return node;
  }

  function message(given) {
    const isNew = !messages.has(given.id);
    messages.set(given.id, given);
    if (isNew && isReady && given.kind !== "customer" && !isShown) { unread += 1; tell({ kean: "unread", n: unread }); }
    draw();
  }

  function setState(given) {
    state = given;
    $("notice").textContent = state.notice || $("notice").textContent;
    if (!state.notice && state.chat) $("notice").textContent = "";
    $("person").hidden = state.served_by !== "bot";
    who.hidden = state.chat > 0 && state.status !== "closed";
    draw();
  }

  function rows() {
    const known = [...messages.values()].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.id - b.id));
    const arrived = new Set(known.map((one) => one.client_id).filter(Boolean));
    const pending = line.outbox.filter((item) => !arrived.has(item.client_id)).map((item) => ({ kind: "customer", body: item.body, files: item.files || [], client_id: item.client_id, item }));
    return [...known, ...pending];
  }

  function draw() {
    if (!line) return;
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    let before = $("hello"), added = false;
    const kept = new Set();
    rows().forEach((row) => {
      const key = row.client_id || `m${row.id}`;
      const look = JSON.stringify([row.id, row.body, row.answer, row.item && row.item.fault, row.item && isOffline, row.answer && state.served_by]);
      const old = drawn.get(key);
      let node = old && old.node;
      if (!old || old.look !== look) {
        node = draw1(row);
        if (old) old.node.replaceWith(node); else added = true;
        drawn.set(key, { node, look });
      }
      if (before.nextElementSibling !== node) before.after(node);
      before = node;
      kept.add(key);
    });
    drawn.forEach((one, key) => { if (!kept.has(key)) { one.node.remove(); drawn.delete(key); } });
    if (!added) return;
    if (isAtEnd || rows().at(-1).kind === "customer") toEnd(); else { $("down").textContent = `↓ ${words.new_messages}`; $("down").hidden = false; }
  }

  function draw1(row) {
    const node = make("article", "c-message");
    node.dataset.kind = row.kind;
    if (row.id) node.dataset.id = row.id;
    const label = row.kind === "customer" ? words.me : row.kind === "agent" ? row.name || words.agent : config.has_bot ? words.bot : words.auto;
    const head = make("div", "c-meta", label);
    if (row.at) head.append(" ", new Date(row.at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }));
    node.append(head);
    if (row.body) node.append(bodyOf(row.body));
    (row.files || []).forEach((file) => {
      const link = make(file.url ? "a" : "span", "c-file", `📎 ${file.name}`);
      if (file.url) { link.href = file.url; link.setAttribute("download", ""); }
      node.append(link);
    });
    if (row.answer) node.append(verdict(row.answer));
    if (row.kind === "customer") node.append(delivery(row));
    return node;
  }

  function verdict(answer) {
    const node = make("div", "c-verdict");
    if (answer.is_helpful === null && state.served_by === "bot") {
      node.append(button(words.solved, () => rate(answer, true)), button(words.unsolved, () => rate(answer, false)));
    } else if (answer.is_helpful !== null) node.append(make("span", "c-meta", words.thanks));
    return node;
  }

  async function rate(answer, isHelpful) { await line.act(`answers/${answer.id}/`, { is_helpful: isHelpful }); }

  function delivery(row) {
    const node = make("div", "c-meta c-delivery");
    if (!row.item) node.textContent = `✓ ${words.sent}`;
    else if (row.item.fault) {
      node.classList.add("c-error");
      node.append(`${words.failed}${words.colon}${row.item.fault} `, button(words.retry, () => line.retry(row.item)), button(words.remove, () => { text.value = text.value || row.item.body; keepDraft(); line.drop(row.item); }));
    } else node.textContent = isOffline ? words.waiting : words.sending;
    return node;
  }

  function toEnd() { log.scrollTop = log.scrollHeight; $("down").hidden = true; }

  let isOffline = false;
  function online(is) {
    if (isOffline === !is) return;
    isOffline = !is;
    $("offline").hidden = is;
    $("offline").textContent = is ? "" : words.offline;
    draw();
  }

  function fault(sentence) { complain(sentence || words.failed_action); }
  function complain(sentence) { $("error").textContent = sentence; $("error").hidden = !sentence; }

  /* What is typed is kept at every stroke and comes back with the page. */
  function keepDraft() {
    line.shelf.set("draft", JSON.stringify({ text: text.value, name: form.name.value, phone: form.phone.value, order_no: form.order_no.value }));
    grow();
  }
  function grow() { text.style.height = "auto"; text.style.height = `${Math.min(text.scrollHeight, 120)}px`; }
  function recallDraft() {
    let draft = {};
    try { draft = JSON.parse(line.shelf.get("draft")) || {}; } catch (broken) { draft = {}; }
    if (!text.value) text.value = draft.text || "";
    ["name", "phone", "order_no"].forEach((name) => { if (!form[name].value) form[name].value = draft[name] || ""; });
    grow();
  }

  function submit(event) {
    if (event) event.preventDefault();
    const body = text.value.trim();
    if (files.some((file) => !file.key)) return;
    if (!body && !files.length) { text.focus(); return; }
    complain("");
    line.send({ body, files, name: form.name.value.trim(), phone: form.phone.value.trim(), order_no: form.order_no.value.trim() });
    files = [];
    text.value = "";
    drawFiles();
    keepDraft();
    text.focus();
  }

  function drawFiles() {
    const list = $("files");
    list.replaceChildren(...files.map((file) => {
      const row = make("li", "", `${file.key ? "📎" : "…"} ${file.name} `);
      row.append(button("×", () => { files = files.filter((other) => other !== file); drawFiles(); }));
      row.lastChild.setAttribute("aria-label", `${words.remove} ${file.name}`);
      return row;
    }));
    list.hidden = !files.length;
  }

  async function attach(chosen) {
    complain("");
    for (const one of chosen) {
      if (one.size > config.bytes) { complain(words.too_large); continue; }
      const row = { name: one.name, size: one.size };
      files.push(row);
      drawFiles();
      let result;
      try { result = await line.upload(one); } catch (away) { result = { fault: words.upload_failed }; }
      if (result.file) Object.assign(row, result.file);
      else { files = files.filter((other) => other !== row); complain(result.fault || words.upload_failed); }
      drawFiles();
    }
  }

  function tell(given) { if (config.parent) window.parent.postMessage(given, config.parent); }

  form.addEventListener("submit", submit);
  form.addEventListener("input", keepDraft);
  text.addEventListener("keydown", (event) => {
    // A key that ends a composition chooses a word; it sends nothing.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    if (matchMedia("(pointer: coarse)").matches) return;
    submit(event);
  });
  text.addEventListener("paste", (event) => { if (event.clipboardData.files.length) { event.preventDefault(); attach(event.clipboardData.files); } });
  $("file").addEventListener("change", (event) => { attach([...event.target.files]); event.target.value = ""; });
  $("person").addEventListener("click", () => line.act("handover/", {}));
  $("down").addEventListener("click", toEnd);
  log.addEventListener("scroll", () => { if (log.scrollHeight - log.scrollTop - log.clientHeight < 40) $("down").hidden = true; });
  $("close").hidden = !config.parent;
  $("close").addEventListener("click", () => tell({ kean: "close" }));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !event.isComposing) tell({ kean: "close" }); });
  window.addEventListener("message", (event) => {
    if (!config.parent || event.origin !== config.parent || event.source !== window.parent || !event.data) return;
    if (event.data.kean === "shown") { isShown = true; unread = 0; tell({ kean: "unread", n: 0 }); toEnd(); text.focus(); }
    if (event.data.kean === "hidden") isShown = false;
  });


  line.open().then(() => { isReady = true; toEnd(); });
  tell({ kean: "ready" });
})();
