// Attention: where the nodes of the circuit on the left look, token by token.

function attentionView(root, data, stage) {
  const { network } = data;
  const place = host(root, "attention");
  if (!place || !network.looks) return () => {};
  const { positions, tokens } = network.looks;
  let circuit = null;
  const input = choice("Input ", ["all", ...network.rows], (k) => stage.setRow(k === 0 ? null : k - 1));
  const said = make("p", { "aria-live": "polite" }), tables = make("div", { class: "looks" });
  place.replaceChildren(input.element, said, tables);
  stage.follow(draw);

  // A table for each node that looks: from the position of its row, at the position of its column.
  function table(key, shares, row) {
    const names = Array.from({ length: positions }, (_, k) => row === null ? String(k + 1) : tokens[row][k]);
    const what = row === null ? "position" : "token";
    const cells = (from) => names.map((name, at) => {
      const share = shares[from * positions + at];
      return make("td", {
        style: `--level:${(share / 100).toFixed(3)}`,
        title: `from position ${from + 1} (${names[from]}) at position ${at + 1} (${name}): ${Math.round(share)}%`,
      }, positions <= 12 && share >= 0.5 ? String(Math.round(share)) : "");
    });
    return make("table", {}, make("caption", {}, network.names[key]),
      make("thead", {}, make("tr", {}, make("td", { class: "corner" }, make("span", { class: "hidden" }, `from ${what}, at ${what}`)),
        ...names.map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, ...names.map((name, from) => make("tr", {}, make("th", { scope: "row" }, name), ...cells(from)))));
  }

  function draw() {
    const { row } = stage, keys = Object.keys(circuit.patterns ?? {});
    input.select.value = row === null ? 0 : row + 1;
    const where = row === null ? network.looks.mean : `at ${network.rows[row]}`;
    said.textContent = keys.length ?
      `${upper(circuitAbove(data))}, ${where}; ${circuit.alone}.${row === null || !network.wanted ? "" : ` Wanted: ${network.wanted[row]}.`}` :
      `${upper(circuitAbove(data))} has no head.`;
    tables.replaceChildren(...keys.map((key) => table(key, sharesOf(circuit.patterns, key, row), row)));
  }

  return (next) => {
    circuit = next;
    draw();
  };
}
