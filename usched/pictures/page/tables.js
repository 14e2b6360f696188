"use strict";
// Tables whose columns sort, with the mouse and with the keyboard: each head is a button.

function cell(row, value, column) {
  const td = row.insertCell();
  if (column.word) td.className = "word";
  if (value instanceof Node) td.append(value);
  else td.textContent = value === null || value === undefined ? "\u2013" : column.show ? column.show(value) : value;
  return td;
}

// columns: title, get, and show, word, more (sort descending first).
function makeTable(place, columns, records) {
  const table = document.createElement("table");
  const heads = table.createTHead().insertRow();
  const body = table.createTBody();
  const fill = (some) => {
    body.replaceChildren();
    for (const record of some) {
      const row = body.insertRow();
      for (const column of columns) {
        const td = cell(row, column.draw ? column.draw(record) : column.get(record), column);
        if (column.mark) td.classList.add(...column.mark(record).split(" ").filter(Boolean));
      }
    }
  };
  columns.forEach((column) => {
    const head = document.createElement("th");
    head.scope = "col";
    if (column.word) head.className = "word";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = column.title;
    button.addEventListener("click", () => {
      const down = head.ariaSort ? head.ariaSort === "ascending" : !column.word;
      for (const other of heads.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      fill([...records].sort((a, b) => order(column.get(a), column.get(b)) * (down ? -1 : 1)));
    });
    head.append(button);
    heads.append(head);
  });
  fill(records);
  place.append(table);
  return table;
}

// What there is none of is less than anything.
function order(a, b) {
  if (a === null || a === undefined) return b === null || b === undefined ? 0 : -1;
  if (b === null || b === undefined) return 1;
  return typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
}

function spark(spread) {
  if (!spread) return "";
  const box = document.createElement("span");
  box.className = "spark";
  const most = Math.max(...spread.histogram.map((bucket) => bucket.count));
  const told = spread.histogram.map((b) => `${b.from === b.to ? b.from : `${b.from} to ${b.to}`}: ${b.count}`);
  box.title = told.join("\n");
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", told.join(", "));
  for (const bucket of spread.histogram) {
    const bar = document.createElement("i");
    bar.style.height = bucket.count ? `${Math.max(1, 14 * bucket.count / most)}px` : "0";
    box.append(bar);
  }
  return box;
}
