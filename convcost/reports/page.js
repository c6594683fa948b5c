"use strict";
// Sorting and folding. Without it the page reads the same: all rows, in the order of the layers.
const labels = document.querySelector("main").dataset;
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const isTree = rows.some((row) => row.classList.contains("group"));
  const closed = new Set();

  const depth = (row) => Number(row.dataset.depth || 0);
  const draw = () => {
    let hiddenBelow = Infinity;
    for (const row of rows) {
      if (depth(row) <= hiddenBelow) hiddenBelow = Infinity;
      row.hidden = depth(row) > hiddenBelow;
      if (!row.hidden && closed.has(row)) hiddenBelow = depth(row);
      const button = row.querySelector(".fold");
      if (button) {
        button.textContent = closed.has(row) ? "\u25b8" : "\u25be";
        button.setAttribute("aria-expanded", String(!closed.has(row)));
      }
    }
  };

  for (const row of rows.filter((row) => row.classList.contains("group"))) {
    const button = document.createElement("button");
    button.className = "fold";
    button.setAttribute("aria-label", `${labels.fold} ${row.dataset.name}`);
    button.addEventListener("click", () => {
      if (!closed.delete(row)) closed.add(row);
      draw();
    });
    row.cells[0].prepend(button);
  }
  if (isTree) {
    table.classList.add("tree");
    const tools = document.createElement("p");
    tools.className = "tools";
    const all = document.createElement("button");
    all.textContent = labels.foldAll;
    all.addEventListener("click", () => {
      const groups = rows.filter((row) => row.classList.contains("group"));
      const open = closed.size > 0;
      closed.clear();
      if (!open) groups.forEach((row) => closed.add(row));
      all.textContent = open ? labels.foldAll : labels.openAll;
      draw();
    });
    tools.append(all);
    table.parentElement.before(tools);
    draw();
  }

  const value = (row, column) => {
    if (column === 0) return row.dataset.name;
    const cell = row.cells[column];
    return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent;
  };
  const compare = (column, sign) => (one, other) => {
    const [a, b] = [value(one, column), value(other, column)];
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return sign * a.localeCompare(b);
  };
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (!head.textContent.trim()) return;
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const numbers = rows.some((row) => "value" in row.cells[column].dataset);
      const order = numbers ? ["descending", "ascending", "none"] : ["ascending", "descending", "none"];
      const now = head.getAttribute("aria-sort") || "none";
      const next = order[(order.indexOf(now) + 1) % 3];
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      table.classList.toggle("sorted", next !== "none");
      // Away from its group a layer needs its whole name.
      for (const row of rows) {
        const label = row.cells[0].querySelector(".label");
        row.dataset.short ??= label.textContent;
        label.textContent = next === "none" ? row.dataset.short : row.dataset.name;
      }
      if (next === "none") {
        body.append(...rows);
        draw();
        return;
      }
      head.setAttribute("aria-sort", next);
      // Sums of rows below them stand in no order with these rows.
      const leaves = rows.filter((row) => !row.classList.contains("group"));
      leaves.sort(compare(column, next === "ascending" ? 1 : -1));
      rows.forEach((row) => { row.hidden = row.classList.contains("group"); });
      body.append(...leaves);
    });
  });
}
