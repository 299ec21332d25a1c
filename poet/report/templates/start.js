// Sorts the tables by a click on the head of a column, and folds long ones. Without this script the tables are complete,
// with the best row first. The script uses no storage and no network, because the page may be shown in a sandbox.
"use strict";
(() => {
  // Rows of a folded table. In a narrow window a row is a card, so there are fewer.
  const FIRST = window.matchMedia("(max-width: 48rem)").matches ? 6 : 20;

  // The value of a row in a column: a number where it is one. A cell without a value gives null.
  const valueOf = (row, column) => {
    const order = row.cells[column].dataset.order;
    if (order === undefined) return null;
    return order.trim() !== "" && Number.isFinite(Number(order)) ? Number(order) : order;
  };

  // Numbers before texts, each in their order.
  const compare = (one, other) => {
    if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
    return typeof one === "number" ? one - other : one.localeCompare(other, undefined, { numeric: true });
  };

  const prepare = (table) => {
    const body = table.tBodies[0];
    const heads = Array.from(table.tHead.rows[0].cells);
    let folded = body.rows.length > FIRST;

    // The marked row is always in sight.
    const fold = () => Array.from(body.rows).forEach((row, at) => {
      row.hidden = folded && at >= FIRST && !row.classList.contains("marked");
    });

    // A row without a value stays at the end in both directions; equal rows keep their order.
    const sort = (column, direction) => {
      const sign = direction === "ascending" ? 1 : -1;
      const rows = Array.from(body.rows, (row) => ({ row, value: valueOf(row, column) }));
      rows.sort((a, b) => {
        if (a.value === null || b.value === null) return (a.value === null) - (b.value === null);
        return sign * compare(a.value, b.value);
      });
      body.append(...rows.map(({ row }) => row));
      heads.forEach((head) => head.removeAttribute("aria-sort"));
      heads[column].setAttribute("aria-sort", direction);
      fold();
    };

    heads.forEach((head, column) => {
      const button = document.createElement("button");
      const label = head.querySelector(".head");
      button.type = "button";
      button.textContent = label.textContent;
      button.addEventListener("click", () => {
        sort(column, head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending");
      });
      label.replaceChildren(button);
    });
    table.classList.add("sortable");

    if (folded) {
      const rest = document.createElement("button");
      const say = () => {
        rest.textContent = folded ? `Show all ${body.rows.length} rows` : `Show the first ${FIRST} rows`;
        rest.setAttribute("aria-expanded", String(!folded));
        fold();
      };
      rest.type = "button";
      rest.className = "rest";
      rest.addEventListener("click", () => { folded = !folded; say(); });
      table.closest(".scroll").after(rest);
      say();
    }
  };

  for (const table of document.querySelectorAll("table")) {
    if (table.tBodies[0].rows.length > 1) prepare(table);
  }

  // Nobody can open a list on paper: open all for printing, and close them again afterwards.
  const closed = [];
  window.addEventListener("beforeprint", () => {
    closed.push(...Array.from(document.querySelectorAll("details")).filter((one) => !one.open));
    for (const one of closed) one.open = true;
  });
  window.addEventListener("afterprint", () => { for (const one of closed.splice(0)) one.open = false; });
})();
