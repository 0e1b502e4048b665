/* Naming colleagues in a note: "@" offers those who may see the ticket. Never while an input method composes. */
(() => {
  "use strict";

  const { body, composer, main } = window.KeanDesk;
  const list = () => document.getElementById("mention-picker");
  let people = { url: "", rows: [] };
  let found = [];
  let at = 0;

  const close = () => { if (list()) list().hidden = true; };
  function asked() {
    if (composer()?.dataset.kind !== "note") return null;
    const before = body().value.slice(0, body().selectionStart);
    const match = before.match(/(?:^|[^\w])@([^\s@]{0,20})$/);
    return match ? { word: match[1].toLowerCase(), from: before.length - match[1].length } : null;
  }
  async function look() {
    if (!asked()) return close();
    const url = main().dataset.colleaguesUrl;
    if (people.url !== url) {
      const answer = await fetch(url);
      if (!answer.ok) return close();
      people = { url, rows: (await answer.json()).results };
    }
    const question = asked();
    if (!question) return close();
    found = people.rows.filter((one) => [one.name, one.username, one.initials].some((text) => text.toLowerCase().includes(question.word))).slice(0, 8);
    at = 0;
    draw();
  }
  function draw() {
    list().replaceChildren(...found.map((one, index) => {
      const option = document.createElement("li");
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", String(index === at));
      option.dataset.index = String(index);
      const name = document.createElement("strong");
      name.textContent = one.name;
      const login = document.createElement("span");
      login.textContent = one.username;
      option.append(name, login);
      return option;
    }));
    list().hidden = !found.length;
  }
  function take(index) {
    const question = asked();
    const one = found[index];
    close();
    if (!question || !one) return;
    body().focus();
    body().setSelectionRange(question.from, body().selectionStart);
    const text = `${one.word} `;
    if (!document.execCommand("insertText", false, text)) body().setRangeText(text, body().selectionStart, body().selectionEnd, "end");
  }

  document.addEventListener("input", (event) => { if (event.target === body() && !event.isComposing) look(); });
  document.addEventListener("compositionend", (event) => { if (event.target === body()) look(); });
  document.addEventListener("keydown", (event) => {
    if (event.target !== body() || !list() || list().hidden || event.isComposing || event.keyCode === 229) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) { at = (at + by + found.length) % found.length; draw(); }
    else if (event.key === "Enter" || event.key === "Tab") take(at);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("click", (event) => {
    const option = event.target.closest("#mention-picker [data-index]");
    if (option) take(Number(option.dataset.index));
    else close();
  });
})();
