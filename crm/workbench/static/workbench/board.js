/* The board: tickets are dragged onto people, or given by key; somebody can be signed out by force. */
(() => {
  "use strict";

  const board = () => document.getElementById("board");
  const TICKET = "text/x-kean-ticket";
  const row = (target) => target.closest?.("[data-drop-agent]");
  const carries = (event) => event.dataTransfer?.types.includes(TICKET);

  function give(number, assignee) {
    const token = document.body.dataset.csrf;
    const values = { number, assignee, csrfmiddlewaretoken: token };
    window.htmx.ajax("POST", board().dataset.assignUrl, { source: board(), target: "#board", swap: "innerHTML", values });
  }

  document.addEventListener("dragstart", (event) => {
    const ticket = event.target.closest?.("[data-drag-ticket]");
    if (!ticket) return;
    event.dataTransfer.setData(TICKET, ticket.dataset.dragTicket);
    event.dataTransfer.effectAllowed = "move";
    board().dataset.dragging = "";
  });
  document.addEventListener("dragover", (event) => {
    const over = row(event.target);
    if (!over || !carries(event)) return;
    event.preventDefault();
    document.querySelectorAll("[data-drop-agent].is-over").forEach((other) => other !== over && other.classList.remove("is-over"));
    over.classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => row(event.target)?.classList.remove("is-over"));
  document.addEventListener("dragend", () => {
    delete board()?.dataset.dragging;
    document.querySelectorAll(".is-over").forEach((other) => other.classList.remove("is-over"));
  });
  document.addEventListener("drop", (event) => {
    const over = row(event.target);
    if (!over || !carries(event)) return;
    event.preventDefault();
    give(event.dataTransfer.getData(TICKET), over.dataset.dropAgent);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-force-logout]");
    if (!button) return;
    const dialog = document.getElementById("force-logout");
    dialog.querySelector("form").action = button.dataset.forceLogout;
    dialog.querySelector("[data-who]").textContent = button.dataset.name;
    dialog.querySelector("input[name=reason]").value = "";
    dialog.showModal();
    dialog.querySelector("input[name=reason]").focus();
  });

  document.addEventListener("kean:ready", () => {
    if (!board()) return;
    // r goes from ticket to ticket: the list of people opens with the arrows, Enter gives.
    const { keyLabel, keyGroup } = board().dataset;
    window.Kean.keys.add({
      key: "r", label: keyLabel, group: keyGroup,
      run: () => {
        const lists = Array.from(document.querySelectorAll("#board .w-assign select"));
        const from = document.activeElement?.closest(".w-risk");
        const own = from?.querySelector("select");
        (own || lists[0])?.focus();
      },
    });
  });
})();
