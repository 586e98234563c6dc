// What: the interpretations of the circuit chosen on the left, and the gates of each neuron over all of them.

function whatView(root, data, stage) {
  const { network } = data;
  const said = host(root, "what-said"), controls = host(root, "interpretations");
  const axes = host(root, "axes"), shares = host(root, "gates");
  if (!controls) return () => {};
  let circuit = null, quiet = true;
  const line = make("p", { "aria-live": "polite" }), legend = host(root, "axes-said");
  const steps = stepper("interpretation", 0, (k) => readAs(k));
  controls.append(steps.element, line);
  if (axes) addSaving(axes);

  function readAs(k) {
    const one = circuit.what.listed[k];
    axes.querySelectorAll(".chosen").forEach((old) => old.classList.remove("chosen"));
    for (const [key, index] of Object.entries(one.separators)) {
      axes.querySelector(`[data-part="separator-${key}-${index}"]`)?.classList.add("chosen");
    }
    // A parent that the gate does not name is one on which it does not depend.
    const idle = (gate, parents) => parents.split(", ").filter((parent) => parent && !gate.match(/[\w.]+/g).includes(parent));
    const gates = Object.entries(one.gates).map(([key, [gate, parents]]) =>
      `${network.names[key]} = ${gate}${idle(gate, parents).length ? `, whatever ${idle(gate, parents).join(", ")}` : ""}`);
    line.textContent = `${gates.join("; ")}. The narrowest gap is ${one.gap}% of the range of its neuron.`;
    if (quiet) return;
    // The squares show the readings: dark where a neuron is read as 1.
    const readings = {};
    for (const [key, values] of Object.entries(circuit.activations)) {
      const bits = one.readings[key];
      readings[key] = bits ? [values[0], [...bits].map((bit) => 0.85 * Number(bit))] : values;
    }
    stage.lightUp({ edges: circuit.edges, activations: readings, said: `Interpretation ${k + 1}: squares are filled where a neuron is read as 1. ${line.textContent}` });
  }

  return function onCircuit(next, quietly) {
    circuit = next;
    quiet = true;
    const what = circuit.what;
    const which = `${circuitAbove(data)} (${counted(circuit.edges.length, unitOf(network))})`;
    said.textContent = what.number === null ? `The interpretations of ${which} ${what.note}` :
      !what.number ? `${upper(which)} has no interpretation: with no choice of separators does every neuron follow from its parents.` :
      `${upper(which)} has ${counted(what.number, "interpretation")}, ${what.expanded} with don't cares filled in. ${what.note}`;
    steps.element.hidden = !what.listed.length;
    if (legend) {
      legend.textContent = "A line for each neuron, from its smallest activation to its largest, with a dot for each input. " +
        (what.listed.length ? "The bar is the separator; dotted lines are the others that could be." : "Dotted lines are the separators that could be.");
    }
    if (axes) axes.querySelector("svg").replaceWith(picture(what.axes));
    line.textContent = "";
    steps.resize(what.listed.length);
    quiet = false;
    shares.replaceChildren();
    if (what.gates.length) shares.append(gatesTable(what));
  };

  function gatesTable(what) {
    const rows = what.gates.flatMap(([key, gates]) => gates.slice(0, 6).map(([gate, parents, share], k) => make("tr", {},
      k === 0 ? make("th", { scope: "row", rowspan: Math.min(gates.length, 6) + (gates.length > 6 ? 1 : 0) }, network.names[key]) : null,
      make("td", {}, gate), make("td", {}, parents),
      make("td", {}, make("span", { class: "sharebar", style: `width:${Number(share) * 0.6}px` }), `${share}%`))).concat(
      gates.length > 6 ? [make("tr", {}, make("td", { colspan: 3 }, `and ${gates.length - 6} more`))] : []));
    return make("details", { class: "table" }, make("summary", {}, `Gates of each neuron, as shares of all ${counted(what.number, "interpretation")}`),
      make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "gates of each neuron" },
        make("table", {}, make("thead", {}, make("tr", {}, ...["neuron", "gate", "of", "share"].map((name) => make("th", { scope: "col" }, name)))),
          make("tbody", {}, ...rows))));
  }
}
