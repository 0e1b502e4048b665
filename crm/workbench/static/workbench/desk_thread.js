/* The open conversation follows the news without being torn down: an opened mail, what is focused, marked
   or scrolled to stays. Only what is new or changed is put in; the head waits while it is pressed or its menu open. */
(() => {
  "use strict";

  const NEAR_END = 80;
  const HOLD = 500;
  const RETRY = 2000;
  const head = () => document.querySelector("#desk-thread > .d-head");
  const thread = () => document.querySelector("#desk-thread > .d-thread");
  let pending = null; // a head that waits: {fresh, number}
  let timer = 0;
  let isPressed = false; // between pressing and letting go a control must not be replaced: the click would be lost
  document.addEventListener("pointerdown", () => { isPressed = true; }, true);
  ["pointerup", "pointercancel"].forEach((name) => document.addEventListener(name, () => { isPressed = false; }, true));

  function parsed(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content;
  }

  function welcome(item) {
    window.htmx.process(item);
    window.Kean.drawClocks(item);
    window.Kean.drawTimes(item);
  }

  /* Messages by their id and version: kept as they stand, taken out, or put in at their place. */
  function mergeMessages(into, fresh) {
    const wanted = Array.from(fresh.children);
    const known = new Map(Array.from(into.children, (item) => [item.id, item]));
    const kept = new Set(wanted.map((item) => [known.get(item.id), item])
      .filter(([old, item]) => old && old.dataset.v === item.dataset.v).map(([old]) => old));
    Array.from(into.children).filter((item) => !kept.has(item)).forEach((item) => {
      if (item.contains(document.activeElement)) into.focus({ preventScroll: true });
      item.remove();
    });
    let place = into.firstElementChild;
    let added = 0;
    wanted.forEach((item) => {
      const old = known.get(item.id);
      if (kept.has(old)) { place = old.nextElementSibling; return; }
      into.insertBefore(item, place);
      welcome(item);
      added += 1;
    });
    return added;
  }

  const isHeld = (element) => {
    const marked = window.getSelection();
    return Boolean(element.querySelector("details[open]")) || (!marked.isCollapsed && element.contains(marked.anchorNode));
  };
  const nameOf = (element) => element.dataset.act || element.dataset.actDialog || element.getAttribute("aria-label") || element.textContent.trim();
  function setHead(fresh, number) {
    clearTimeout(timer);
    const old = head();
    pending = null;
    if (!old || old.served === fresh.innerHTML || number !== window.KeanDesk.main()?.dataset.number) return;
    if (isPressed || isHeld(old)) {
      pending = { fresh, number };
      timer = setTimeout(() => pending && setHead(pending.fresh, pending.number), HOLD);
      return;
    }
    const focused = old.contains(document.activeElement) ? nameOf(document.activeElement) : "";
    fresh.served = fresh.innerHTML;
    old.replaceWith(fresh);
    welcome(fresh);
    const again = focused && Array.from(fresh.querySelectorAll("button, a, summary")).find((element) => nameOf(element) === focused);
    if (again) again.focus({ preventScroll: true });
  }

  function follow(html) {
    const content = parsed(html);
    const [newHead, newThread] = [content.querySelector(".d-head"), content.querySelector(".d-thread")];
    const into = thread();
    if (!into || !newHead || !newThread) return false;
    const wasAtEnd = into.scrollHeight - into.scrollTop - into.clientHeight < NEAR_END;
    const last = into.dataset.last;
    const added = mergeMessages(into, newThread);
    Object.assign(into.dataset, newThread.dataset);
    if (wasAtEnd) into.scrollTop = into.scrollHeight;
    else if (added && into.dataset.last !== last) window.Kean.toast(document.getElementById("desk-words").dataset.newer);
    setHead(newHead, window.KeanDesk.main().dataset.number);
    document.dispatchEvent(new CustomEvent("kean:thread"));
    return true;
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, isError } = event.detail;
    if (event.target.id !== "desk-thread" || !event.target.isConnected || isError) return;
    // The answer to what was just done draws the whole pane anew: nothing moves under the hand before it.
    if (document.querySelector("#desk-ticket.htmx-request")) {
      event.detail.shouldSwap = false;
      setTimeout(window.KeanDesk.refreshThread, HOLD);
    } else if (follow(xhr.responseText)) event.detail.shouldSwap = false;
  });
  /* News whose fetching failed are fetched as soon as the line is back. */
  document.addEventListener("htmx:sendError", (event) => {
    if (event.target.id === "desk-thread") setTimeout(window.KeanDesk.refreshThread, RETRY);
    if (event.target.id === "desk-list") setTimeout(window.KeanDesk.refreshLists, RETRY);
  });
})();
