// Algorithms with their places in the network, near misses, and the signature of the neurons chosen.

function placesView(root, data, stage) {
  const { places, network } = data;
  if (!places) return;
  if (places.algorithms.length) {
    const tree = host(root, "tree"), line = host(root, "placed");
    let algorithm = places.algorithms[0];
    const spots = stepper("place", algorithm.mappings.length, (k) => placeAt(k));
    const picker = stepper("algorithm", places.algorithms.length, (k) => {
      algorithm = places.algorithms[k];
      tree.querySelector("svg").replaceWith(picture(algorithm.tree));
      spots.resize(algorithm.mappings.length);
    });
    addSaving(tree);
    const placeAt = (k, quietly = false) => {
      const mapping = algorithm.mappings[k];
      const more = algorithm.number > algorithm.mappings.length ? ` (${algorithm.mappings.length} of ${show(algorithm.number)} places are here)` : "";
      line.replaceChildren(make("strong", {}, algorithm.text), more, ". ", ...variables(algorithm.variables, mapping.sets),
        mapping.falls ? `Passes ${mapping.passes}; falls at ${mapping.falls}: ${mapping.fault.text}. ` : `Passes every rung up to ${mapping.passes}. `,
        mapping.fault?.experiment ? make("em", {}, `Counterexample: ${mapping.fault.experiment}.`) : "");
      if (!quietly) stage.lightUp({ sets: mapping.sets, names: placed(algorithm.variables, mapping.sets), said: `${algorithm.text}: ` });
    };
    host(root, "algorithms").append(picker.element, spots.element);
    placeAt(0, true);
  }
  if (places.near.length) {
    const tree = host(root, "near-tree"), line = host(root, "near-said");
    addSaving(tree);
    const near = (k, quietly = false) => {
      const miss = places.near[k];
      tree.querySelector("svg").replaceWith(picture(miss.tree));
      line.replaceChildren(make("strong", {}, miss.text), `, IIA ${miss.least}%. `, ...variables(miss.variables, miss.sets, miss.iia),
        make("em", {}, `Counterexample: ${miss.fault.experiment}.`));
      if (!quietly) stage.lightUp({ sets: miss.sets, names: placed(miss.variables, miss.sets), said: `Near miss, IIA ${miss.least}%: ${miss.text}: ` });
    };
    host(root, "near").append(stepper("near miss", places.near.length, (k) => near(k)).element);
    near(0, true);
  }

  function placed(names, sets) {
    return names.map((name, k) => `${name} in ${setName(network, sets[k])}${k < names.length - 1 ? ";" : "."}`);
  }

  function variables(names, sets, iia = null) {
    return names.flatMap((name, k) => [badge(k), ` ${name} in ${setName(network, sets[k])}${iia ? ` (IIA ${iia[k]}%)` : ""}${k < names.length - 1 ? "; " : ". "}`]);
  }
}

function setName(network, set) {
  return keysOf(set).map((key) => network.names[key]).join(" + ");
}

function signatureView(root, data) {
  const { signatures, network, places } = data;
  const place = host(root, "signature");
  if (!signatures || !place) return null;
  const { regions } = signatures, noun = regions ? "node" : "neuron";
  const rest = make("p", { class: "soft" }, `No ${noun} is chosen.`);
  place.append(rest);

  return function choose(neurons) {
    if (!neurons.length) return place.replaceChildren(rest);
    const keys = neurons.map(([layer, neuron]) => `${layer}-${neuron}`);
    const region = regions ? regions.findIndex((one) => one.includes(keys[0])) : neurons[0][0] - 1;
    if (region < 0) return place.replaceChildren(make("p", { class: "soft" }, "No signature is known of what is out of scope."));
    const bits = neurons.reduce((sum, [, neuron], k) => sum + 2 ** (regions ? regions[region].indexOf(keys[k]) : neuron), 0);
    const number = signatures.layers[region][bits - 1];
    const table = signatures.tables[number], rows = network.rows, size = rows.length;
    const cell = (s, b) => make("td", { class: table[s * size + b] === "1" ? "on" : "" }, table[s * size + b]);
    const others = signatures.sharing[number] - 1;
    const carried = new Set();
    for (const algorithm of places?.algorithms ?? []) {
      for (const mapping of algorithm.mappings) {
        mapping.sets.forEach((set, k) => {
          if (keysOf(set).join() === keys.join()) carried.add(`${algorithm.variables[k]} of ${algorithm.text}`);
        });
      }
    }
    const list = [...carried].slice(0, 6).join("; ") + (carried.size > 6 ? `; and ${carried.size - 6} more` : "");
    place.replaceChildren(
      make("p", {}, make("strong", {}, setName(network, neurons)), `: signature ${number + 1} of ${signatures.tables.length}, ${others ? `shared by ${others} other ${noun} ${others === 1 ? "set" : "sets"}` : `which no other ${noun} set has`}. `,
        !places ? "" : carried.size ? `In the mappings listed here it carries ${list}.` : "No mapping listed here uses exactly this set."),
      make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "causal signature" }, make("table", { class: "cells" },
        make("caption", {}, `What the ${kindOf(network)} decides: a row per source, a column per base`),
        make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "source"), ...rows.map((row) => make("th", { scope: "col" }, row)))),
        make("tbody", {}, ...rows.map((row, s) => make("tr", {}, make("th", { scope: "row" }, row), ...rows.map((_, b) => cell(s, b))))))));
  };
}
