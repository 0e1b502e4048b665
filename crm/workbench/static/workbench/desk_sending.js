/* Sending: counting down to it, taking it back, planning it, and what the customer wrote meanwhile. */
(() => {
  "use strict";

  const { body, composer, load, main, rowElements, openRow } = window.KeanDesk;
  const bar = () => document.getElementById("undo-bar");
  const two = (number) => String(number).padStart(2, "0");

  /* Counting down: in the conversation, and in the bar when another ticket is open. */
  const held = new Map(); // address that takes back → {number, sendAt}
  const left = (moment) => Math.ceil((Date.parse(moment) - window.Kean.now()) / 1000);
  function draw() {
    document.querySelectorAll("[data-send-at]").forEach((element) => {
      const seconds = left(element.dataset.sendAt);
      const text = seconds > 0 ? window.Kean.span(seconds) : bar().dataset.going;
      if (element.textContent !== text) element.textContent = text;
    });
    held.forEach((item, undo) => { if (left(item.sendAt) <= 0) held.delete(undo); });
    const shown = [...held].filter(([, item]) => item.number !== main()?.dataset.number);
    bar().replaceChildren(...shown.map(([undo, item]) => {
      const line = document.createElement("div");
      const text = document.createElement("span");
      text.textContent = bar().dataset.text.replace("{number}", item.number).replace("{span}", window.Kean.span(left(item.sendAt)));
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-sm";
      button.textContent = bar().dataset.undo;
      button.dataset.takeBack = undo;
      line.append(text, button);
      return line;
    }));
  }
  document.addEventListener("kean:sent", (event) => {
    const { undo, number, send_at: sendAt, solves } = event.detail;
    if (undo) held.set(undo, { number, sendAt });
    if (solves && document.getElementById("main").dataset.opensNext === "true") openNext();
    draw();
  });
  /* The row below the solved one, before the list is drawn anew without it. */
  function openNext() {
    const rows = rowElements();
    const at = rows.findIndex((row) => row.dataset.number === main()?.dataset.number);
    const next = rows[at + 1] || rows[at - 1];
    if (next && next.dataset.number !== main()?.dataset.number) openRow(next);
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-take-back]");
    if (!button) return;
    held.delete(button.dataset.takeBack);
    load("#desk-ticket", button.dataset.takeBack, { verb: "POST" });
    draw();
  });

  /* Planning */
  function plan(which) {
    const moment = new Date(window.Kean.now());
    if (which === "hour") moment.setHours(moment.getHours() + 1);
    if (which === "evening") { moment.setHours(18, 0); if (moment.getTime() <= window.Kean.now()) moment.setDate(moment.getDate() + 1); }
    if (which === "morning") { moment.setDate(moment.getDate() + 1); moment.setHours(9, 0); }
    return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}T${two(moment.getHours())}:${two(moment.getMinutes())}`;
  }
  function label() {
    const words = composer()?.querySelector("[data-send-label]");
    if (words) words.textContent = composer().elements.send_at.value ? words.dataset.later : words.dataset.now;
  }
  document.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-later]");
    if (!choice || choice.dataset.sendLabel !== undefined) return;
    const field = choice.dataset.into ? document.getElementById(choice.dataset.into) : composer().elements.send_at;
    field.value = plan(choice.dataset.later);
    if (choice.dataset.into) return;
    choice.closest("details").open = false;
    label();
  });
  document.addEventListener("change", (event) => { if (event.target.name === "send_at") label(); });
  document.addEventListener("htmx:afterSettle", (event) => { if (event.target.id === "desk-ticket") { label(); draw(); } });

  /* Where the writer began: what was said by then has been before their eyes. */
  document.addEventListener("beforeinput", (event) => {
    if (event.target !== body() || body().value) return;
    composer().elements.seen.value = document.querySelector(".d-thread")?.dataset.last || "";
  });
  /* 409 brings the conversation as it stands now, with the text still in the composer. */
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.id === "desk-ticket" && event.detail.xhr.status === 409) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  document.addEventListener("kean:ready", () => { if (bar()) { draw(); label(); setInterval(draw, 1000); } });
})();
