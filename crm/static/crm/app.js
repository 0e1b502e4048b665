/* What every page does: look, keys, palette, ticking clocks, relative times, passing notices.
   Works with htmx fragments: everything is found by attribute, nothing is bound twice. */
(() => {
  "use strict";

  const root = document.documentElement;
  const words = JSON.parse(document.getElementById("kean-words")?.textContent || "{}");
  const say = (key, values = {}) =>
    (words[key] || key).replace(/\{(\w+)\}/g, (_, name) => (name in values ? values[name] : ""));
  const $ = (selector, scope = document) => scope.querySelector(selector);
  const $$ = (selector, scope = document) => Array.from(scope.querySelectorAll(selector));

  // The server's clock counts: a wrong computer clock must not make a ticket late.
  const skew = (Number(root.dataset.now) || Date.now() / 1000) * 1000 - Date.now();
  const now = () => Date.now() + skew;

  const csrfToken = () => $("body").dataset.csrf || "";
  const post = (url, values) =>
    fetch(url, {
      method: "POST",
      headers: { "X-CSRFToken": csrfToken(), "X-Requested-With": "XMLHttpRequest" },
      body: new URLSearchParams(values),
    });

  /* Look ---------------------------------------------------------------------------- */
  const systemDark = window.matchMedia("(prefers-color-scheme: dark)");
  function applyTheme(theme) {
    const dark = theme === "dark" || (theme === "auto" && systemDark.matches);
    root.dataset.theme = theme;
    root.dataset.bsTheme = dark ? "dark" : "light";
    $$("[data-set-theme]").forEach((item) => item.setAttribute("aria-pressed", String(item.dataset.setTheme === theme)));
    document.dispatchEvent(new CustomEvent("kean:theme", { detail: { theme, dark } }));
  }
  function setTheme(theme) {
    applyTheme(theme);
    const url = $("body").dataset.preferencesUrl;
    if (url) post(url, { theme });
    else document.cookie = `kean_theme=${theme};path=/;max-age=31536000;samesite=lax`;
  }
  systemDark.addEventListener("change", () => root.dataset.theme === "auto" && applyTheme("auto"));

  /* Passing notices ------------------------------------------------------------------- */
  const TOAST_ICONS = { good: "circle-check", warn: "alert-triangle", bad: "alert-circle", info: "info-circle" };
  function toast(text, tone = "info", seconds = 6) {
    const shelf = $(".k-toasts");
    if (!shelf || !text) return;
    const note = document.createElement("div");
    note.className = "k-toast";
    note.dataset.tone = tone;
    const icon = document.createElement("i");
    icon.className = `ti ti-${TOAST_ICONS[tone] || TOAST_ICONS.info}`;
    icon.setAttribute("aria-hidden", "true");
    const body = document.createElement("span");
    body.textContent = text;
    note.append(icon, body);
    shelf.append(note);
    setTimeout(() => note.remove(), seconds * 1000);
  }

  /* Spans and clocks -------------------------------------------------------------------- */
  function span(seconds) {
    const total = Math.max(0, Math.floor(seconds));
    const days = Math.floor(total / 86400);
    const hours = Math.floor(total / 3600);
    const minutes = Math.floor((total % 3600) / 60);
    if (days >= 2) return say("days_hours", { d: days, h: Math.floor((total % 86400) / 3600) });
    if (hours) return say("hours_minutes", { h: hours, m: minutes });
    if (minutes >= 10) return say("minutes", { m: minutes });
    if (minutes) return say("minutes_seconds", { m: minutes, s: total % 60 });
    return say("seconds", { s: total });
  }
  const CLOCK_ICONS = { ok: "clock", soon: "hourglass-high", late: "alert-octagon" };
  function drawClock(chip) {
    const left = (Date.parse(chip.dataset.due) - now()) / 1000;
    if (Number.isNaN(left)) return;
    const warn = chip.dataset.warnAt ? (Date.parse(chip.dataset.due) - Date.parse(chip.dataset.warnAt)) / 1000 : 900;
    const state = left <= 0 ? "late" : left <= warn ? "soon" : "ok";
    const text = say(`clock_${state}`, { span: span(Math.abs(left)) });
    const label = $(".k-clock-left", chip);
    if (label && label.textContent !== text) label.textContent = text;
    if (chip.dataset.state !== state) {
      const before = chip.dataset.state;
      chip.dataset.state = state;
      const icon = $(".ti", chip);
      if (icon) icon.className = `ti ti-${CLOCK_ICONS[state]}`;
      if (before) chip.dispatchEvent(new CustomEvent("kean:clock", { bubbles: true, detail: { state, before } }));
    }
  }
  const drawClocks = (scope = document) => $$("[data-due]", scope).forEach(drawClock);

  function relative(moment) {
    const seconds = (now() - moment) / 1000;
    const ahead = seconds < 0;
    const away = Math.abs(seconds);
    const suffix = ahead ? "_ahead" : "_ago";
    if (away < 60) return say(ahead ? "soon" : "just_now");
    if (away < 3600) return say("minutes" + suffix, { n: Math.floor(away / 60) });
    if (away < 86400) return say("hours" + suffix, { n: Math.floor(away / 3600) });
    if (away < 7 * 86400) return say("days" + suffix, { n: Math.floor(away / 86400) });
    return null;
  }
  function drawTimes(scope = document) {
    $$("time[data-relative]", scope).forEach((element) => {
      const text = relative(Date.parse(element.dateTime));
      const shown = text || element.dataset.day || element.textContent;
      if (element.textContent !== shown) element.textContent = shown;
    });
  }

  /* Keys ---------------------------------------------------------------------------------- */
  const bindings = [];
  let pendingPrefix = "";
  let prefixTimer = 0;
  const inField = (element) =>
    element instanceof HTMLElement &&
    (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName)) &&
    !/^(checkbox|radio|button|submit)$/.test(element.type || "");
  function keyName(event) {
    const parts = [];
    if (event.ctrlKey || event.metaKey) parts.push("mod");
    if (event.altKey) parts.push("alt");
    if (event.shiftKey && event.key.length > 1) parts.push("shift");
    parts.push(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    return parts.join("+");
  }
  const keys = {
    /** Register a key: {key: "j" | "g w" | "mod+Enter", label, group, run, inFields}. Returns a function that removes it. */
    add(binding) {
      bindings.push(binding);
      return () => bindings.splice(bindings.indexOf(binding), 1);
    },
    all: () => bindings.slice(),
  };
  document.addEventListener("keydown", (event) => {
    // 229 is what browsers report while an input method is composing.
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
    const typing = inField(event.target);
    const pressed = keyName(event);
    if (pressed === "Escape") return closeMenus();
    const name = pendingPrefix ? `${pendingPrefix} ${pressed}` : pressed;
    const dialogOpen = Boolean($("dialog[open]"));
    const fits = (binding) => binding.key === name && (!typing || binding.inFields) && (!dialogOpen || binding.inDialogs);
    const found = bindings.filter(fits).pop();
    pendingPrefix = "";
    if (found) {
      event.preventDefault();
      found.run(event);
    } else if (!typing && !dialogOpen && bindings.some((binding) => binding.key.startsWith(`${pressed} `))) {
      pendingPrefix = pressed;
      clearTimeout(prefixTimer);
      prefixTimer = setTimeout(() => { pendingPrefix = ""; }, 1200);
    }
  });

  /* Keyboard map ------------------------------------------------------------------------------ */
  const KEY_FACES = { mod: /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl", Enter: "↵", Escape: "Esc", ArrowDown: "↓", ArrowUp: "↑" };
  function keyFaces(name) {
    return name.split(" ").flatMap((step) => step.split("+")).map((part) => {
      const face = document.createElement("kbd");
      face.textContent = KEY_FACES[part] || (part.length === 1 ? part.toUpperCase() : part);
      return face;
    });
  }
  function openKeyMap() {
    const dialog = $("#kean-keys");
    const list = $(".k-keys", dialog);
    list.replaceChildren();
    const groups = new Map();
    bindings.filter((binding) => binding.label).forEach((binding) => {
      const group = binding.group || say("keys_general");
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(binding);
    });
    groups.forEach((members, group) => {
      const head = document.createElement("h3");
      head.textContent = group;
      list.append(head);
      members.forEach((binding) => {
        const label = document.createElement("span");
        label.textContent = binding.label;
        const faces = document.createElement("span");
        keyFaces(binding.key).forEach((face) => faces.append(face, " "));
        list.append(label, faces);
      });
    });
    dialog.showModal();
  }

  /* Palette --------------------------------------------------------------------------------------- */
  const commands = [];
  const providers = []; // () → commands of the page as it stands now
  const searches = []; // (query) → promise of commands
  let answered = { query: "", commands: [] };
  let searchTimer = 0;
  const palette = {
    /** Commands read anew at every opening: (): [{label, …}]. */
    provide(read) { providers.push(read); },
    /** Commands found elsewhere for what is typed: async (query) → [{label, …}]. */
    search(ask) { searches.push(ask); },
    /** Add a command: {label, icon, keywords, href | run, keys}. */
    add(command) { commands.push(command); },
    open() {
      const dialog = $("#kean-palette");
      if (!dialog || dialog.open) return;
      $(".k-palette-input", dialog).value = "";
      drawPalette();
      dialog.showModal();
    },
  };
  let shown = [];
  let cursor = 0;
  function matches(command, query) {
    const text = `${command.label} ${command.keywords || ""}`.toLowerCase();
    return query.toLowerCase().split(/\s+/).every((part) => text.includes(part));
  }
  function drawPalette() {
    const dialog = $("#kean-palette");
    const query = $(".k-palette-input", dialog).value.trim();
    const list = $(".k-palette-list", dialog);
    const searchUrl = dialog.dataset.searchUrl;
    const known = [...providers.flatMap((read) => read()), ...commands];
    shown = query ? known.filter((command) => matches(command, query)) : known;
    if (answered.query === query) shown.push(...answered.commands);
    else searchFor(query);
    if (query && searchUrl) {
      const href = `${searchUrl}?search=${encodeURIComponent(query)}`;
      shown.push({ label: say("search_for", { query }), icon: "search", href });
    }
    cursor = 0;
    list.replaceChildren(...shown.map((command, index) => {
      const option = document.createElement("li");
      option.id = `kean-command-${index}`;
      option.setAttribute("role", "option");
      option.dataset.index = String(index);
      const icon = document.createElement("i");
      icon.className = `ti ti-${command.icon || "arrow-right"}`;
      icon.setAttribute("aria-hidden", "true");
      const label = document.createElement("span");
      label.textContent = command.label;
      option.append(icon, label);
      if (command.keys) option.append(...keyFaces(command.keys));
      return option;
    }));
    markCursor();
  }
  function searchFor(query) {
    clearTimeout(searchTimer);
    if (!query) return;
    searchTimer = setTimeout(async () => {
      const found = (await Promise.all(searches.map((ask) => ask(query).catch(() => [])))).flat();
      const dialog = $("#kean-palette");
      if (!dialog.open || $(".k-palette-input", dialog).value.trim() !== query) return;
      answered = { query, commands: found };
      const at = cursor;
      drawPalette();
      cursor = Math.min(at, Math.max(0, shown.length - 1));
      markCursor();
    }, 150);
  }
  function markCursor() {
    const dialog = $("#kean-palette");
    $$("[role=option]", dialog).forEach((option, index) => {
      option.setAttribute("aria-selected", String(index === cursor));
      if (index === cursor) option.scrollIntoView({ block: "nearest" });
    });
    $(".k-palette-input", dialog).setAttribute("aria-activedescendant", shown.length ? `kean-command-${cursor}` : "");
  }
  function runCommand(command) {
    if (!command) return;
    $("#kean-palette").close();
    if (command.run) command.run();
    else if (command.href) location.assign(command.href);
  }
  function readCommands() {
    $$("[data-command]").forEach((element) => {
      const command = { label: element.dataset.command, icon: element.dataset.icon, keywords: element.dataset.keywords, keys: element.dataset.keys };
      command.run = () => element.click();
      palette.add(command);
      if (element.dataset.keys) {
        keys.add({ key: element.dataset.keys, label: element.dataset.command, group: say("keys_go"), run: command.run });
      }
    });
  }
  function bindPalette() {
    const dialog = $("#kean-palette");
    if (!dialog) return;
    const input = $(".k-palette-input", dialog);
    // Half-typed pinyin is nothing to look for.
    input.addEventListener("input", (event) => { if (!event.isComposing) drawPalette(); });
    input.addEventListener("compositionend", drawPalette);
    const url = dialog.dataset.paletteUrl;
    if (url) palette.search((query) => fetch(`${url}?q=${encodeURIComponent(query)}&scripts=${$("#composer") ? 0 : 1}`)
      .then((answer) => answer.json()).then(({ results }) => results));
    dialog.addEventListener("keydown", (event) => {
      if (event.isComposing || event.keyCode === 229) return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && shown.length) {
        event.preventDefault();
        cursor = (cursor + step + shown.length) % shown.length;
        markCursor();
      } else if (event.key === "Enter") {
        event.preventDefault();
        runCommand(shown[cursor]);
      }
    });
    $(".k-palette-list", dialog).addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) runCommand(shown[Number(option.dataset.index)]);
    });
  }

  /* Menus, dialogs ---------------------------------------------------------------------------------- */
  function closeMenus(except = null) {
    $$("details.k-menu[open]").forEach((menu) => { if (menu !== except) menu.open = false; });
  }
  document.addEventListener("click", (event) => {
    closeMenus(event.target.closest("details.k-menu"));
    const theme = event.target.closest("[data-set-theme]");
    if (theme) setTheme(theme.dataset.setTheme);
    const opener = event.target.closest("[data-open]");
    if (opener?.dataset.open === "palette") palette.open();
    else if (opener?.dataset.open === "keys") openKeyMap();
    else if (opener) $(`#${CSS.escape(opener.dataset.open)}`)?.showModal();
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
    if (event.target instanceof HTMLDialogElement) event.target.close();
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => toast(say("copied"), "good", 2));
  });
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-autosubmit]")) event.target.form?.requestSubmit();
  });
  // A dangerous form says first what will happen.
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });
  // What was typed is not lost by a stray click.
  let dirty = false;
  document.addEventListener("input", (event) => { if (event.target.closest("form[data-guard]")) dirty = true; });
  document.addEventListener("submit", () => { dirty = false; });
  window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });

  /* htmx ------------------------------------------------------------------------------------------------ */
  document.addEventListener("htmx:afterSettle", (event) => { drawClocks(event.target); drawTimes(event.target); });
  document.addEventListener("htmx:responseError", (event) => {
    let sentence = say("failed");
    try { sentence = JSON.parse(event.detail.xhr.responseText).message || sentence; } catch { /* not JSON: the general sentence stays */ }
    toast(sentence, "bad");
  });
  document.addEventListener("htmx:sendError", () => toast(say("offline"), "bad"));
  // htmx also rejects, with nothing, the promise of each request that did not arrive: said above, no fault of the page.
  window.addEventListener("unhandledrejection", (event) => { if (event.reason === undefined) event.preventDefault(); });
  document.addEventListener("kean:toast", (event) => toast(event.detail.text || event.detail.value, event.detail.tone));

  /* Start ------------------------------------------------------------------------------------------------- */
  applyTheme(root.dataset.theme || "auto");
  window.Kean = { keys, palette, toast, span, relative, now, post, words, setTheme, drawClocks, drawTimes };
  document.addEventListener("DOMContentLoaded", () => {
    applyTheme(root.dataset.theme);
    drawClocks();
    drawTimes();
    setInterval(drawClocks, 1000);
    setInterval(drawTimes, 20000);
    const search = $("#kean-search");
    if (search) keys.add({ key: "/", label: say("keys_search"), run: () => { search.focus(); search.select(); } });
    if ($("#kean-palette")) keys.add({ key: "mod+k", label: say("keys_palette"), inFields: true, run: palette.open });
    if ($("#kean-keys")) keys.add({ key: "?", label: say("keys_map"), run: openKeyMap });
    readCommands();
    bindPalette();
    $$(".k-toasts [data-message]").forEach((message) => { toast(message.textContent.trim(), message.dataset.message); message.remove(); });
    document.dispatchEvent(new CustomEvent("kean:ready"));
  });
})();
