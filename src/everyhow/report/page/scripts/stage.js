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

// How many inputs can be chosen, and of how many.
function inputsOf(network) {
  const number = network.rows.length;
  return number === network.inputs ? `all ${number} inputs` : `${number} of the ${show(network.inputs)} inputs`;
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
    const short = (value) => Number(value.toPrecision(3));
    // Of many inputs the ends are told; one by one they are chosen.
    const said = values.length > 16 ? `${short(Math.min(...values))} to ${short(Math.max(...values))} over ${inputsOf(network)}` :
      values.map((value, k) => `${short(value)} at ${network.rows[k]}`).join(", ");
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

// Rings around the neurons that carry each variable, in its color and with its number; names stay above the rings.
const RING = 3.5, BADGE = 8.5, SHARED = 4 * Math.PI / 3;

function ring(svg, sets) {
  svg.querySelectorAll(".ring, .ring-number, .ring-name").forEach((old) => old.remove());
  const around = new Map();
  sets.forEach((set, k) => {
    for (const key of keysOf(set)) around.set(key, [...around.get(key) ?? [], k]);
  });
  const above = [];
  for (const [key, variables] of around) {
    const group = svg.querySelector(`[data-part="neuron-${key}"]`), circle = group.querySelector("circle");
    const box = circle ? null : group.getBBox();
    const [x, y, r] = circle ? ["cx", "cy", "r"].map((name) => Number(circle.getAttribute(name))) : [box.x + box.width - 10, box.y + 10, 14];
    // One variable has a whole ring; several share it, each an arc, and leave the lower end to the name of the neuron.
    const several = variables.length > 1, rim = several ? r + 1 : r + RING, wide = SHARED / variables.length;
    const size = several ? Math.min(BADGE * 0.7, rim * Math.sin(wide / 2)) : BADGE;
    variables.forEach((k, place) => {
      const start = (Math.PI - SHARED) / 2 + Math.PI + wide * place, middle = several ? start + wide / 2 : -Math.PI / 4;
      const at = (angle, radius) => [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
      const role = { class: `variable${k % 6 + 1}` }, out = RING * (place + 1);
      const outline = box ? drawn("rect", { ...role, x: box.x - out, y: box.y - out, width: box.width + 2 * out, height: box.height + 2 * out, rx: 9 }) :
        several ? drawn("path", { ...role, d: `M${at(start, r + RING)} A${r + RING},${r + RING} 0 ${wide > Math.PI ? 1 : 0} 1 ${at(start + wide, r + RING)}` }) :
          drawn("circle", { ...role, cx: x, cy: y, r: r + RING });
      const one = drawn("g", { class: "ring" }, outline);
      Object.assign(one.dataset, { of: key, number: k + 1 });
      svg.append(one);
      const [cx, cy] = at(middle, rim);
      above.push(drawn("g", { class: "ring-number" }, drawn("circle", { class: `badge${k % 6 + 1}`, cx, cy, r: size }),
        drawn("text", { class: "badge", x: cx, y: cy, dy: "0.35em", "font-size": 1.3 * size, "text-anchor": "middle" }, String(k + 1))));
    });
    const name = group.querySelector("text.halo");
    if (name) above.push(drawn("g", { class: "ring-name" }, name.cloneNode(true)));
  }
  svg.append(...above);
}

// A shape of a drawing that is laid over it, and lets the pointer through.
function drawn(tag, attributes, ...inside) {
  const shape = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
  shape.append(...inside);
  shape.style.pointerEvents = "none";
  return shape;
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
  function rest() {
    choose([]);
    lightUp({ said: resting });
  }
  const reset = make("button", { type: "button", onclick: rest }, `Whole ${kindOf(network)}`);
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
    caption.replaceChildren(said, ...legend, row === null || network.kind ? "" : ` Numbers are activations at ${/^\d/.test(network.rows[row]) ? "input " : ""}${network.rows[row]}.`, at(alone));
  }

  // What is wanted at the input that is chosen, and, of components, where they look.
  function at(alone) {
    const wanted = row !== null && network.wanted ? ` Wanted there: ${network.wanted[row]}.` : "";
    if (!network.kind) return wanted;
    const where = row === null ? network.looks?.mean : `at ${network.rows[row]}`;
    const looks = network.looks ? ` Squares: how much a head looks at each position (across) from each (down), ${where}; ${alone}.` : "";
    return `${wanted}${looks}`;
  }

  // Hidden neurons are buttons: they choose the set whose signature is shown.
  const last = network.widths.length - 1;
  const chosen = new Set(), buttons = [];
  svg.setAttribute("role", "group");
  for (const key of Object.keys(network.names)) {
    const layer = Number(key.split("-")[0]);
    if (layer === 0 || layer === last || !onChoose) continue;
    const group = svg.querySelector(`[data-part="neuron-${key}"]`);
    group.setAttribute("role", "button");
    group.setAttribute("tabindex", buttons.length ? "-1" : "0");
    group.setAttribute("aria-pressed", "false");
    buttons.push(group);
    group.setAttribute("aria-label", `${network.kind ? "node" : "neuron"} ${network.names[key]}`);
    const toggle = () => {
      const others = [...chosen].filter((other) => other !== key && (data.signatures.regions || other.startsWith(`${layer}-`)));
      choose(chosen.has(key) ? others : [...others, key]);
      const names = [...chosen].map((one) => network.names[one]).join(" + ");
      lightUp({ said: names ? `Chosen: ${names}. Its causal signature stands under ${data.places ? "Algorithms" : "Signatures"}.` : resting });
    };
    group.addEventListener("click", toggle);
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      toggle();
    });
  }
  // All neurons are one stop of the keyboard: arrow keys go up and down a layer, and to the nearest neuron of the next.
  svg.addEventListener("focusin", (event) => {
    if (buttons.includes(event.target)) buttons.forEach((one) => one.setAttribute("tabindex", one === event.target ? "0" : "-1"));
  });
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    const [layer, neuron] = event.target.dataset?.part?.split("-").slice(1).map(Number) ?? [];
    if (!step || !buttons.includes(event.target)) return;
    event.preventDefault();
    const height = (one) => one.getBoundingClientRect().top, away = (one) => Math.abs(height(one) - height(event.target));
    const among = buttons.filter((one) => Number(one.dataset.part.split("-")[1]) === layer + step[0]);
    const next = step[0] ? among.sort((one, other) => away(one) - away(other))[0] :
      among.find((one) => one.dataset.part === `neuron-${layer}-${neuron + step[1]}`);
    next?.focus();
  });
  figure.closest(".stage").addEventListener("keydown", (event) => {
    if (event.key === "Escape") rest();
  });
  function choose(keys) {
    chosen.clear();
    keys.forEach((key) => chosen.add(key));
    svg.querySelectorAll("[aria-pressed]").forEach((one) =>
      one.setAttribute("aria-pressed", String(chosen.has(one.dataset.part.slice("neuron-".length)))));
    if (onChoose) onChoose([...chosen].map((one) => one.split("-").map(Number)).sort((a, b) => a[0] - b[0] || a[1] - b[1]));
  }
  if (network.kind) lightUp(shown);
  return { lightUp, setRow, get row() { return row; }, follow: (one) => followers.push(one) };
}
