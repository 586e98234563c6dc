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

// What a circuit leaves out, as states.
function outsideOf(network, edges) {
  const states = {}, inside = new Set(edges), used = new Set();
  network.edges.forEach(([layer, neuron, parent], k) => {
    if (!inside.has(k)) states[`edge-${layer}-${neuron}-${parent}`] = "dim";
    else used.add(`${layer}-${neuron}`).add(`${layer - 1}-${parent}`);
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
      text.setAttribute("font-size", Math.max(8, circle.getAttribute("r") * 0.6));
      text.setAttribute("class", "text value");
      text.textContent = String(Number(values[row].toPrecision(2)));
      group.append(text);
    }
  }
}

// Rings around the neurons that carry each variable, in its colour and with its number.
function ring(svg, sets) {
  svg.querySelectorAll(".ring").forEach((old) => old.remove());
  sets.forEach(([layer, neurons], k) => {
    for (const neuron of neurons) {
      const circle = svg.querySelector(`[data-part="neuron-${layer}-${neuron}"] circle`);
      const [x, y, r] = ["cx", "cy", "r"].map((name) => Number(circle.getAttribute(name)));
      const mark = document.createElementNS(SVG, "g");
      mark.setAttribute("class", "ring");
      const already = svg.querySelectorAll(`.ring[data-of="${layer}-${neuron}"]`).length;
      mark.dataset.of = `${layer}-${neuron}`;
      const shapes = [
        ["circle", { class: `variable${k % 6 + 1}`, cx: x, cy: y, r: r + 3.5 + 4 * already }],
        ["circle", { class: `badge${k % 6 + 1}`, cx: x + r * 0.85 - 17 * already, cy: y - r * 0.85, r: 8.5 }],
        ["text", { class: "badge", x: x + r * 0.85 - 17 * already, y: y - r * 0.85, dy: "0.35em", "font-size": 11, "text-anchor": "middle" }],
      ];
      for (const [tag, attributes] of shapes) {
        const shape = document.createElementNS(SVG, tag);
        for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
        if (tag === "text") shape.textContent = String(k + 1);
        mark.append(shape);
      }
      mark.style.pointerEvents = "none";
      svg.append(mark);
    }
  });
}

function stage(root, data, onChoose) {
  const network = data.network;
  const figure = root.querySelector(".stage-figure");
  const svg = drawingOf(network);
  figure.querySelector("svg").replaceWith(svg);
  const caption = host(root, "caption"), resting = caption.textContent;
  let row = null, activations = network.activations;

  const input = choice("Input", ["all", ...network.rows], (k) => {
    row = k === 0 ? null : k - 1;
    paint(svg, network, activations, row);
  });
  const reset = make("button", { type: "button", onclick: () => lightUp({ said: resting }) }, "Whole network");
  host(root, "stage").append(input.element, reset);
  addSaving(figure);

  // states: by part; edges: those of a circuit; sets: neuron sets by variable; activations: of a circuit.
  function lightUp({ said, edges = null, states = {}, sets = [], activations: shown = network.activations }) {
    activations = shown;
    light(svg, edges ? outsideOf(network, edges) : states);
    ring(svg, sets);
    paint(svg, network, activations, row);
    caption.textContent = said;
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
      if (chosen.has(key)) chosen.delete(key);
      else {
        for (const other of [...chosen]) if (!other.startsWith(`${layer}-`)) chosen.delete(other);
        chosen.add(key);
      }
      svg.querySelectorAll("[aria-pressed]").forEach((one) =>
        one.setAttribute("aria-pressed", String(chosen.has(one.dataset.part.slice("neuron-".length)))));
      onChoose([...chosen].map((one) => one.split("-").map(Number)).sort((a, b) => a[1] - b[1]));
    };
    group.addEventListener("click", toggle);
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      toggle();
    });
  }
  return { lightUp };
}
