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

// Draw parts the stronger, the larger their share, from faint for none to full for all.
function weigh(svg, shares) {
  for (const part of svg.querySelectorAll("[data-part]")) {
    const share = shares[part.dataset.part];
    part.style.opacity = share === undefined ? "" : (0.1 + 0.9 * share).toFixed(3);
  }
}

// The node that reads an edge and the one that is read: [layer, neuron, parent], the parent being of the layer before,
// or [layer, neuron, layer of the parent, parent, slot].
function endsOf(edge) {
  const [layer, neuron, ...parent] = edge;
  return [`${layer}-${neuron}`, parent.length === 1 ? `${layer - 1}-${parent[0]}` : `${parent[0]}-${parent[1]}`];
}

// The part of the drawing that stands for edge k, or, where circuits are sets of nodes, for node k.
function partOf(network, k) {
  return network.parts ? network.parts[k] : `edge-${network.edges[k].join("-")}`;
}

// What a circuit is a set of, and what is explained.
const unitOf = (network) => network.unit ?? "edge", kindOf = (network) => network.kind ?? "network";

// What a circuit leaves out, as states.
function outsideOf(network, edges) {
  const states = {}, inside = new Set(edges), used = new Set(network.always ?? []);
  network.edges.forEach((edge, k) => {
    if (!inside.has(k)) states[partOf(network, k)] = "dim";
    else endsOf(edge).forEach((end) => used.add(end));
  });
  for (const key of Object.keys(network.names)) if (!used.has(key)) states[`neuron-${key}`] = "dim";
  for (const [key, ends] of Object.entries(network.wires ?? {})) if (!ends.every((end) => used.has(end))) states[key] = "dim";
  return states;
}

// Where a value or a ring stands on a node: its middle and its radius; of a box, the middle of its squares.
function seatOf(group) {
  const numbers = (shape, names) => names.map((name) => Number(shape.getAttribute(name)));
  const circle = group.querySelector("circle");
  if (circle) return numbers(circle, ["cx", "cy", "r"]);
  const boxes = [...group.querySelectorAll(".cell")].map((cell) => numbers(cell, ["x", "y", "width", "height"]));
  const [left, top] = [0, 1].map((k) => Math.min(...boxes.map((box) => box[k])));
  const [right, bottom] = [0, 1].map((k) => Math.max(...boxes.map((box) => box[k] + box[k + 2])));
  return [(left + right) / 2, (top + bottom) / 2, (right - left) * 0.8];
}

// Where nodes look: percentages of each position (across) from each (down), at one input or, for null, on average.
function sharesOf(patterns, key, row) {
  const each = patterns[key];
  if (!each) return null;
  return row === null ? each[0].map((_, k) => each.reduce((sum, one) => sum + one[k], 0) / each.length) : each[row];
}

function look(svg, network, patterns, row) {
  if (!network.looks) return;
  for (const key of Object.keys(network.names)) {
    const shares = sharesOf(patterns, key, row);
    svg.querySelectorAll(`[data-part="neuron-${key}"] .look`).forEach((square, k) =>
      square.setAttribute("fill-opacity", shares ? shares[k] / 100 : 0));
  }
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
      const [x, y, r] = seatOf(group), text = document.createElementNS(SVG, "text");
      text.setAttribute("x", x);
      text.setAttribute("y", y);
      text.setAttribute("dy", "0.35em");
      text.setAttribute("text-anchor", "middle");
      text.setAttribute("class", "text value");
      text.textContent = String(Number(values[row].toPrecision(2)));
      text.setAttribute("font-size", Math.min(13, 3 * r / Math.max(4, text.textContent.length)));
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
      const group = svg.querySelector(`[data-part="neuron-${layer}-${neuron}"]`), circle = group.querySelector("circle");
      const box = circle ? null : group.getBBox();
      const [x, y, r] = circle ? ["cx", "cy", "r"].map((name) => Number(circle.getAttribute(name))) : [box.x + box.width - 10, box.y + 10, 14];
      const mark = document.createElementNS(SVG, "g");
      mark.setAttribute("class", "ring");
      const already = svg.querySelectorAll(`.ring[data-of="${layer}-${neuron}"]`).length;
      mark.dataset.of = `${layer}-${neuron}`;
      // Several numbers stand along the rim, from the upper right on.
      const angle = -Math.PI / 4 + already * Math.PI / 3, rim = r + 3;
      const at = [x + rim * Math.cos(angle), y + rim * Math.sin(angle)];
      const shapes = [
        box ? ["rect", { class: `variable${k % 6 + 1}`, x: box.x - 3 - 3 * already, y: box.y - 3 - 3 * already,
          width: box.width + 6 + 6 * already, height: box.height + 6 + 6 * already, rx: 9 }] :
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

  const followers = [];
  const input = choice("Input", ["all", ...network.rows], (k) => setRow(k === 0 ? null : k - 1));
  function setRow(next) {
    row = next;
    input.select.value = row === null ? 0 : row + 1;
    lightUp(shown);
    followers.forEach((follow) => follow(row));
  }
  const reset = make("button", { type: "button", onclick: () => { choose([]); lightUp({ said: resting }); } }, `Whole ${kindOf(network)}`);
  host(root, "stage").append(...(network.rows.length ? [input.element] : []), reset);
  addSaving(figure);

  // said: in words; states: by part; shares: by part, how strongly it is drawn; edges: those of a circuit; sets: neuron sets by variable, with their names;
  // activations: those of a circuit.
  function lightUp(view) {
    const { said, edges = null, states = {}, shares = {}, sets = [], names = [], activations = network.activations } = view;
    const { patterns = network.patterns, alone = `the whole ${kindOf(network)}` } = view;
    shown = view;
    light(svg, edges ? outsideOf(network, edges) : states);
    weigh(svg, shares);
    ring(svg, sets);
    paint(svg, network, activations, row);
    const legend = names.flatMap((name, k) => [" ", badge(k), ` ${name}`]);
    look(svg, network, patterns, row);
    caption.replaceChildren(said, ...legend, row === null || network.kind ? "" : ` Numbers are activations at input ${network.rows[row]}.`, at(alone));
  }

  // What stands in components: where they look, what the outputs are, and what is wanted.
  function at(alone) {
    if (!network.kind) return "";
    const where = row === null ? network.looks?.mean : `at ${network.rows[row]}`;
    const looks = network.looks ? ` Squares: how much a head looks at each position (across) from each (down), ${where}; ${alone}.` : "";
    const wanted = row !== null && network.wanted ? ` Wanted there: ${network.wanted[row]}.` : "";
    return `${wanted}${looks}`;
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
    group.setAttribute("aria-label", `${network.kind ? "node" : "neuron"} ${network.names[key]}`);
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
  if (network.kind) lightUp(shown);
  return { lightUp, setRow, get row() { return row; }, follow: (one) => followers.push(one) };
}
