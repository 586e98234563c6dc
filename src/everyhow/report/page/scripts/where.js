// Where: how often edges are used, and circuits side by side with their difference.

function whereView(root, data, stage, onCircuit) {
  const { where, network } = data;
  if (where.usage) {
    const button = make("button", { type: "button" }, `Show on the ${kindOf(network)} how often each ${unitOf(network)} is used`);
    const total = where.usage.circuits;
    button.addEventListener("click", () => {
      const shares = {};
      for (const [key, [number]] of Object.entries(where.usage.items)) {
        shares[key.split("-").length === 2 ? `neuron-${key}` : `edge-${key}`] = Number(number) / Math.max(1, Number(total));
      }
      const { core, contingent, never } = where.usage.roles;
      stage.lightUp({
        shares,
        said: `Use by ${counted(total, "perfect circuit")}: the larger the share of circuits with it, the stronger each is drawn. In all of them (core): ${counted(core, unitOf(network))}; in some (contingent): ${contingent}; in none: ${never}. The table ${unitOf(network) === "edge" ? "edges" : "neurons"} has the numbers.`,
      });
    });
    host(root, "usage").append(button);
  }
  const place = host(root, "circuits");
  if (!place || !where.families.length) return;
  place.replaceChildren();
  // One circuit alone has no second to stand beside.
  const names = where.circuits.length > 1 ? ["left", "right"] : ["left"];
  const sides = names.map((name, side) => circuitPicker(name, side));
  place.append(...sides.map((side) => side.element));
  sides.forEach((side) => side.start());

  function circuitPicker(name, side) {
    const figure = make("figure", { "data-figure": `circuit-${name}` });
    const text = make("figcaption");
    const svg = drawingOf(network);
    figure.append(svg, text);
    let family = where.families[0], circuit = where.circuits[family.circuits[0]];
    const called = names.length > 1 ? ` on the ${name}` : "";
    const steps = stepper(`circuit${called}`, family.circuits.length, (k) => {
      circuit = where.circuits[family.circuits[k]];
      changed(side);
    });
    const kinds = choice(`Circuits${called}`, where.families.map((one) => `${one.title}: ${one.note}`), (k) => {
      family = where.families[k];
      steps.resize(family.circuits.length);
    });
    addSaving(figure);
    return {
      element: make("div", {}, kinds.element, steps.element, figure),
      svg, text,
      get circuit() { return circuit; },
      get said() { return `${family.title}, ${steps.place + 1} of ${family.circuits.length} here: ${counted(circuit.edges.length, unitOf(network))}`; },
      // The right side begins with the first circuit that the left side does not show.
      start() {
        const beside = where.families.flatMap((one, k) => one.circuits.map((number, place) => [k, place, number]))
          .find(([, , number]) => !side || where.circuits[number] !== sides[0].circuit) ?? [0, 0, family.circuits[0]];
        family = where.families[beside[0]];
        kinds.select.value = beside[0];
        circuit = where.circuits[beside[2]];
        steps.resize(family.circuits.length, beside[1], true);
        changed(side, true);
      },
    };
  }

  // What the stage shows of a circuit.
  function lit({ edges, activations, patterns, alone }) {
    return { edges, activations, ...(patterns ? { patterns, alone } : {}) };
  }
  stage.follow(() => sides.forEach((picked) => look(picked.svg, network, picked.circuit.patterns, stage.row)));

  function changed(side, quietly = false) {
    const one = sides[0].circuit, other = sides.at(-1).circuit;
    const only = (mine, theirs) => mine.edges.filter((k) => !theirs.edges.includes(k));
    const shared = one.edges.filter((k) => other.edges.includes(k));
    sides.forEach((picked) => {
      const states = outsideOf(network, picked.circuit.edges);
      if (one !== other) for (const k of shared) states[partOf(network, k)] = "half";
      light(picked.svg, states);
      paint(picked.svg, network, picked.circuit.activations, null);
      look(picked.svg, network, picked.circuit.patterns, stage.row);
      picked.svg.setAttribute("aria-label", picked.said);
      picked.text.textContent = picked.said;
    });
    const names = (edges) => edges.map((k) => edgeName(network, k)).join(", ") || "none";
    const left = only(one, other), right = only(other, one);
    host(root, "difference").textContent = sides.length < 2 ? "" : one === other ? "Both are the same circuit." :
      `Shared: ${counted(shared.length, unitOf(network))}, drawn fainter. Only on the left: ${names(left)}. Only on the right: ${names(right)}. ` +
      `Overlap (Jaccard): ${(shared.length / Math.max(1, shared.length + left.length + right.length)).toFixed(2)}.`;
    if (side === 0 || !quietly) {
      const picked = sides[side];
      if (!quietly) stage.lightUp({ ...lit(picked.circuit), said: `${picked.said}${picked.circuit.patterns ? "" : ", run alone"}.` });
      if (side === 0) onCircuit(picked.circuit, quietly);
    }
  }
}

// The circuit that other views tell of.
function circuitAbove(data) {
  return data.where.circuits.length > 1 ? "the circuit on the left above" : "the circuit above";
}

function edgeName(network, k) {
  if (network.called) return network.called[k];
  const [child, parent] = endsOf(network.edges[k]);
  return `${network.names[parent]}→${network.names[child]}`;
}
