{% autoescape off %}/* One script for a shop's page: a button and, once it is pressed, a frame with the conversation.
   No cookie, no inline style, nothing global but one mark against loading twice. Works under a content
   security policy with this origin in script-src and frame-src. */
(function () {
  "use strict";
  var script = document.currentScript;
  if (!script || window.__keanChat) return;
  window.__keanChat = true;
  var WORDS = JSON.parse("{{ words_json|escapejs }}");
  var origin = new URL(script.src).origin;
  var channel = script.dataset.channel || "";
  var lang = (script.dataset.lang || document.documentElement.lang || navigator.language || "zh").slice(0, 2);
  var words = WORDS[lang] || (lang === "zh" ? WORDS.zh : WORDS.en);
  var shelf = "kean-chat:" + channel;
  var frame = null, ready = false, open = false, unread = 0;

  function style(node, values) { for (var name in values) node.style.setProperty(name, values[name]); }
  function keep(name, value) { try { if (value === null) localStorage.removeItem(shelf + name); else localStorage.setItem(shelf + name, value); } catch (refused) { return false; } return true; }
  function kept(name) { try { return localStorage.getItem(shelf + name); } catch (refused) { return null; } }

  var box = document.createElement("div");
  var button = document.createElement("button");
  var badge = document.createElement("span");
  button.type = "button";
  button.id = "kean-chat-button";
  button.setAttribute("aria-expanded", "false");
  style(box, { position: "fixed", right: "max(16px, env(safe-area-inset-right))", bottom: "max(16px, env(safe-area-inset-bottom))", "z-index": "2147483000", "font-family": "system-ui, sans-serif" });
  style(button, { width: "56px", height: "56px", padding: "0", border: "0", "border-radius": "28px", background: script.dataset.color || "#2f5bd7", color: "#fff", cursor: "pointer", "box-shadow": "0 4px 16px rgb(0 0 0 / 25%)", position: "relative", display: "grid", "place-items": "center" });
  style(badge, { position: "absolute", top: "-4px", right: "-4px", "min-width": "20px", height: "20px", "border-radius": "10px", background: "#d23c33", color: "#fff", font: "600 12px/20px system-ui, sans-serif", "text-align": "center", display: "none" });

  function icon(path) {
    var svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    var line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    [["viewBox", "0 0 24 24"], ["width", "26"], ["height", "26"], ["fill", "none"], ["stroke", "currentColor"], ["stroke-width", "2"], ["stroke-linecap", "round"], ["stroke-linejoin", "round"], ["aria-hidden", "true"]].forEach(function (pair) { svg.setAttribute(pair[0], pair[1]); });
    line.setAttribute("d", path);
    svg.appendChild(line);
    return svg;
  }

  function draw() {
    button.replaceChildren(icon(open ? "M6 6l12 12M18 6L6 18" : "M4 5h16v11H9l-5 4z"), badge);
    button.setAttribute("aria-label", open ? words.close : words.open + (unread ? " (" + unread + ")" : ""));
    button.setAttribute("aria-expanded", String(open));
    badge.textContent = unread > 99 ? "99+" : String(unread);
    badge.style.display = unread && !open ? "block" : "none";
    lay();
  }

  function lay() {
    if (!frame) return;
    var small = window.innerWidth <= 480;
    style(frame, { display: open ? "block" : "none", position: "fixed", border: "0", background: "transparent", "color-scheme": "light dark", "z-index": "2147483001",
      right: small ? "0" : "16px", bottom: small ? "0" : "84px", width: small ? "100%" : "380px", height: small ? "100%" : "min(620px, calc(100vh - 100px))",
      "border-radius": small ? "0" : "14px", "box-shadow": small ? "none" : "0 8px 40px rgb(0 0 0 / 28%)" });
  }

  function load() {
    if (frame) return;
    frame = document.createElement("iframe");
    frame.title = words.title;
    frame.allow = "clipboard-write";
    frame.src = origin + "/chat/" + encodeURIComponent(channel) + "/?lang=" + encodeURIComponent(lang) + "&origin=" + encodeURIComponent(location.origin);
    box.appendChild(frame);
  }

  function show(on) {
    open = on;
    if (on) { load(); unread = 0; }
    keep(":open", on ? "1" : null);
    draw();
    tell({ kean: on ? "shown" : "hidden" });
    if (on && frame) frame.focus(); else button.focus();
  }

  function tell(message) { if (frame && ready) frame.contentWindow.postMessage(message, origin); }

  window.addEventListener("message", function (event) {
    if (!frame || event.origin !== origin || event.source !== frame.contentWindow || !event.data) return;
    var message = event.data;
    if (message.kean === "ready") { ready = true; tell({ kean: open ? "shown" : "hidden" }); }
    else if (message.kean === "close") show(false);
    else if (message.kean === "unread") { unread = open ? 0 : Number(message.n) || 0; draw(); }
    // Where the browser gives an embedded page no storage of its own, its token is kept by the shop's page.
    else if (message.kean === "keep" && typeof message.value === "string" && message.value.length < 200000) { keep(":token", message.value); keep(":started", "1"); }
    else if (message.kean === "recall") { ready = true; tell({ kean: "recalled", value: kept(":token") }); }
    else if (message.kean === "started") keep(":started", "1");
  });
  window.addEventListener("resize", lay);
  button.addEventListener("click", function () { show(!open); });

  function start() {
    box.appendChild(button);
    document.body.appendChild(box);
    draw();
    if (kept(":open")) { open = true; load(); draw(); }
    else if (kept(":started")) { load(); draw(); }
  }
  if (document.body) start(); else document.addEventListener("DOMContentLoaded", start);
})();{% endautoescape %}
