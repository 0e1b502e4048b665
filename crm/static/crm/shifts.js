/* The week of shifts: arrows move over the grid, a cell opens the form already filled in. */
(() => {
  "use strict";

  const cellsOf = (table) => Array.from(table.tBodies[0].rows, (row) => Array.from(row.cells).slice(1));

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const cell = event.target.closest?.("[data-grid] td");
    if (!step || !cell) return;
    const cells = cellsOf(cell.closest("table"));
    const row = cells.findIndex((line) => line.includes(cell));
    let [y, x] = [row + step[0], cells[row].indexOf(cell) + step[1]];
    // Cells without anything to press are passed over.
    while (cells[y]?.[x]) {
      const target = cells[y][x].querySelector(".t-add, button");
      if (target) {
        event.preventDefault();
        return target.focus();
      }
      y += step[0];
      x += step[1];
    }
  });

  document.addEventListener("click", (event) => {
    const add = event.target.closest(".t-add");
    if (!add) return;
    const form = document.querySelector("#shift-dialog form");
    form.elements.user.value = add.dataset.user;
    form.elements.on.value = add.dataset.on;
    form.elements.opens.focus();
  });

  document.addEventListener("kean:ready", () => document.querySelector("dialog[data-reopen]")?.showModal());
})();
