// Every table: searched, sorted, and saved with the search in force.

function tablesView(root, data) {
  const place = host(root, "tables");
  place.replaceChildren(...Object.entries(data.tables).map(([name, table]) => {
    const details = make("details", { class: "table", "data-table": name }, make("summary", {}, `${name}: ${table.title} (${show(table.rows.length)} ${table.rows.length === 1 ? "row" : "rows"}${/^The first/.test(table.note) ? ", not all" : ""})`));
    details.addEventListener("toggle", () => { if (details.open && details.children.length === 1) details.append(...tableOf(name, table)); });
    return details;
  }));
}

function tableOf(name, table) {
  let rows = table.rows, sorted = null;
  const search = make("input", { type: "search", placeholder: "rows that contain …", "aria-label": `search ${name}` });
  const count = make("span", { "aria-live": "polite" });
  const body = make("tbody");
  const text = (value) => value === null ? "" : typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(6))) : String(value);

  function fill() {
    const wanted = search.value.toLowerCase();
    rows = table.rows.filter((row) => row.some((value) => text(value).toLowerCase().includes(wanted)));
    if (sorted) {
      const { column, down } = sorted;
      const isNumber = (value) => typeof value === "number" || /^-?\d+$/.test(value);
      const order = (a, b) => isNumber(a) && isNumber(b) ? Number(a) - Number(b) : text(a).localeCompare(text(b), "en");
      rows = [...rows].sort((a, b) => (down ? -1 : 1) * order(a[column], b[column]));
    }
    body.replaceChildren(...rows.map((row) => make("tr", {}, ...row.map((value) =>
      make("td", { class: typeof value === "number" ? "number" : "" }, text(value))))));
    count.textContent = `${show(rows.length)} of ${show(table.rows.length)} rows`;
  }
  search.addEventListener("input", fill);
  const head = table.columns.map((column, k) => {
    const cell = make("th", { scope: "col" }, make("button", { type: "button", onclick: () => {
      const down = sorted?.column === k && !sorted.down;
      sorted = { column: k, down };
      cell.parentElement.querySelectorAll("[aria-sort]").forEach((old) => old.removeAttribute("aria-sort"));
      cell.setAttribute("aria-sort", down ? "descending" : "ascending");
      fill();
    } }, column));
    return cell;
  });
  // A text that a spreadsheet would take for a formula begins with an apostrophe; numbers, and lists of them, do not.
  const number = /^[+-]?[\d.]+(e[+-]?\d+)?(,[+-]?[\d.]+(e[+-]?\d+)?)*$/i;
  const inert = (value) => typeof value === "string" && /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(value) && !number.test(value) ? `'${value}` : String(value);
  const quoted = (value) => value === null ? "" : /[",\n\r]/.test(inert(value)) ? `"${inert(value).replaceAll('"', '""')}"` : inert(value);
  const csv = () => [table.columns, ...rows].map((row) => row.map(quoted).join(",")).join("\n") + "\n";
  const json = () => JSON.stringify({ table: name, search: search.value, note: table.note, columns: table.columns, rows }, null, 1);
  fill();
  return [
    make("div", { class: "tools" }, search, count,
      make("button", { type: "button", onclick: () => save(`${name}.csv`, "text/csv", csv()) }, "Save CSV"),
      make("button", { type: "button", onclick: () => save(`${name}.json`, "application/json", json()) }, "Save JSON")),
    table.note ? make("p", { class: "soft" }, table.note) : null,
    make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": `table ${name}` },
      make("table", {}, make("thead", {}, make("tr", {}, ...head)), body)),
  ].filter((part) => part !== null);
}
