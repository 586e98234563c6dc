// The drawing of the network that all views light up.

const SVG = "http://www.w3.org/2000/svg";

function drawingOf(network) {
  return picture(network.svg);
}

// Set parts of a drawing back or forward: `states` maps their keys to "", half or dim.
function light(svg, states) {
  for (const part of svg.querySelectorAll("[data-part]")) {
    const state = states[part.dataset.part] || "";
    if (state) part.dataset.state = state;
    else delete part.dataset.state;
  }
}

// The node that reads an edge and the one that is read: [layer, neuron, parent], the parent being of the layer before,
// or [layer, neuron, layer of the parent, parent, slot].
function endsOf(edge) {
  const [layer, neuron, ...parent] = edge;
  return [`${layer}-${neuron}`, parent.length === 1 ? `${layer - 1}-${parent[0]}` : `${parent[0]}-${parent[1]}`];
}

// What a circuit leaves out, as states.
function outsideOf(network, edges) {
  const states = {}, inside = new Set(edges), used = new Set();
  network.edges.forEach((edge, k) => {
    if (!inside.has(k)) states[`edge-${edge.join("-")}`] = "dim";
    else endsOf(edge).forEach((end) => used.add(end));
  });
  for (const key of Object.keys(network.names)) if (!used.has(key)) states[`neuron-${key}`] = "dim";
  return states;
}

// The squares, or for one input the values, of some activations.
function paint(svg, network, activations, row) {
  for (const [key, [values, shades]] of Object.entries(activations)) {
    const group = svg.querySelector(`[data-part="neuron-${key}"]`);
    const squares = group.querySelectorAll(".level"), cells = group.querySelectorAll(".cell");
    group.querySelector(".value")?.remove();
    squares.forEach((square, k) => {
      square.setAttribute("fill-opacity", shades[k]);
      square.style.display = cells[k].style.display = row === null ? "" : "none";
    });
    const said = values.map((value, k) => `${Number(value.toPrecision(3))} at ${network.rows[k]}`).join(", ");
    group.querySelector("title").textContent = `${network.names[key]}: ${said}`;
    if (row !== null) {
      const circle = group.querySelector("circle"), text = document.createElementNS(SVG, "text");
      text.setAttribute("x", circle.getAttribute("cx"));
      text.setAttribute("y", circle.getAttribute("cy"));
      text.setAttribute("dy", "0.35em");
      text.setAttribute("text-anchor", "middle");
      text.setAttribute("class", "text value");
      text.textContent = String(Number(values[row].toPrecision(2)));
      text.setAttribute("font-size", Math.min(13, 3 * circle.getAttribute("r") / Math.max(4, text.textContent.length)));
      group.append(text);
    }
  }
}

// Rings around the neurons that carry each variable, in its color and with its number.
function ring(svg, sets) {
  svg.querySelectorAll(".ring, .ring-number").forEach((old) => old.remove());
  const numbers = [];
  sets.forEach(([layer, neurons], k) => {
    for (const neuron of neurons) {
      const circle = svg.querySelector(`[data-part="neuron-${layer}-${neuron}"] circle`);
      const [x, y, r] = ["cx", "cy", "r"].map((name) => Number(circle.getAttribute(name)));
      const mark = document.createElementNS(SVG, "g");
      mark.setAttribute("class", "ring");
      const already = svg.querySelectorAll(`.ring[data-of="${layer}-${neuron}"]`).length;
      mark.dataset.of = `${layer}-${neuron}`;
      // Several numbers stand along the rim, from the upper right on.
      const angle = -Math.PI / 4 + already * Math.PI / 3, rim = r + 3;
      const at = [x + rim * Math.cos(angle), y + rim * Math.sin(angle)];
      const shapes = [
        ["circle", { class: `variable${k % 6 + 1}`, cx: x, cy: y, r: r + 3 + 3 * already }],
        ["circle", { class: `badge${k % 6 + 1}`, cx: at[0], cy: at[1], r: 8.5 }],
        ["text", { class: "badge", x: at[0], y: at[1], dy: "0.35em", "font-size": 11, "text-anchor": "middle" }],
      ];
      for (const [tag, attributes] of shapes) {
        const shape = document.createElementNS(SVG, tag);
        for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
        if (tag === "text") shape.textContent = String(k + 1);
        mark.append(shape);
      }
      mark.dataset.number = String(k + 1);
      mark.style.pointerEvents = "none";
      svg.append(mark);
      // Numbers lie above all rings.
      const number = document.createElementNS(SVG, "g");
      number.setAttribute("class", "ring-number");
      number.style.pointerEvents = "none";
      number.append(...[...mark.children].slice(1));
      numbers.push(number);
    }
  });
  svg.append(...numbers);
}

function stage(root, data, onChoose) {
  const network = data.network;
  const figure = root.querySelector(".stage-figure");
  const svg = drawingOf(network);
  figure.querySelector("svg").replaceWith(svg);
  const caption = host(root, "caption"), resting = caption.textContent;
  let row = null, shown = { said: resting };

  const input = choice("Input", ["all", ...network.rows], (k) => {
    row = k === 0 ? null : k - 1;
    lightUp(shown);
  });
  const reset = make("button", { type: "button", onclick: () => { choose([]); lightUp({ said: resting }); } }, "Whole network");
  host(root, "stage").append(...(network.rows.length ? [input.element] : []), reset);
  addSaving(figure);

  // said: in words; states: by part; edges: those of a circuit; sets: neuron sets by variable, with their names;
  // activations: those of a circuit.
  function lightUp(view) {
    const { said, edges = null, states = {}, sets = [], names = [], activations = network.activations } = view;
    shown = view;
    light(svg, edges ? outsideOf(network, edges) : states);
    ring(svg, sets);
    paint(svg, network, activations, row);
    const legend = names.flatMap((name, k) => [" ", badge(k), ` ${name}`]);
    caption.replaceChildren(said, ...legend, row === null ? "" : ` Numbers are activations at input ${network.rows[row]}.`);
  }

  // Hidden neurons are buttons: they choose the set whose signature is shown.
  const last = network.widths.length - 1;
  const chosen = new Set();
  svg.setAttribute("role", "group");
  for (const key of Object.keys(network.names)) {
    const layer = Number(key.split("-")[0]);
    if (layer === 0 || layer === last || !onChoose) continue;
    const group = svg.querySelector(`[data-part="neuron-${key}"]`);
    group.setAttribute("role", "button");
    group.setAttribute("tabindex", "0");
    group.setAttribute("aria-pressed", "false");
    group.setAttribute("aria-label", `neuron ${network.names[key]}`);
    const toggle = () => {
      const others = [...chosen].filter((other) => other !== key && other.startsWith(`${layer}-`));
      choose(chosen.has(key) ? others : [...others, key]);
      const names = [...chosen].map((one) => network.names[one]).join(" + ");
      lightUp({ said: names ? `Chosen: ${names}. The signature of this set is under Algorithms.` : resting });
    };
    group.addEventListener("click", toggle);
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      toggle();
    });
  }
  function choose(keys) {
    chosen.clear();
    keys.forEach((key) => chosen.add(key));
    svg.querySelectorAll("[aria-pressed]").forEach((one) =>
      one.setAttribute("aria-pressed", String(chosen.has(one.dataset.part.slice("neuron-".length)))));
    if (onChoose) onChoose([...chosen].map((one) => one.split("-").map(Number)).sort((a, b) => a[1] - b[1]));
  }
  return { lightUp };
}
