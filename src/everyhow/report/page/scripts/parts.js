// Small parts that every view is made of.

// An element with attributes and children; texts are texts, never markup.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

// A drawing of the page's own data as an element. It comes from the same file as the page.
function picture(svg) {
  const parsed = new DOMParser().parseFromString(
    svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '), "image/svg+xml");
  return document.importNode(parsed.documentElement, true);
}

function host(root, name) {
  return root.querySelector(`[data-host="${name}"]`);
}

// What can be moved, in the order in which it was made, and who is told when it is.
const kept = [];
let whenMoved = () => {};

function keep(name, element, place, go) {
  const one = { name, element, place, go, first: 0 };
  kept.push(one);
  return one;
}

// Steps through `count` things: two buttons and a slider, which also answers to the arrow keys; of one thing its number
// is left.
function stepper(name, count, onChange) {
  const output = make("output");
  const slider = make("input", { type: "range", min: 1, max: Math.max(1, count), value: 1, "aria-label": name });
  const back = make("button", { type: "button", "aria-label": `previous ${name}`, onclick: () => go(place - 1) }, "‹");
  const on = make("button", { type: "button", "aria-label": `next ${name}`, onclick: () => go(place + 1) }, "›");
  let place = 0, total = count;
  slider.addEventListener("input", () => go(Number(slider.value) - 1));

  function show() {
    output.textContent = total ? `${place + 1} of ${total}` : "none";
    slider.value = place + 1;
    slider.setAttribute("aria-valuetext", output.textContent);
    slider.disabled = total < 2;
    element.classList.toggle("single", total < 2);
    back.disabled = place <= 0;
    on.disabled = place >= total - 1;
  }
  function go(next, quietly = false) {
    place = Math.max(0, Math.min(total - 1, next));
    show();
    if (quietly || !total) return;
    onChange(place);
    whenMoved(own);
  }
  function resize(next, at = 0, quietly = false) {
    total = next;
    slider.max = Math.max(1, next);
    go(at, quietly);
  }
  const element = make("div", { class: "stepper", role: "group", "aria-label": name },
    make("span", { class: "name" }, name), back, output, on, slider);
  show();
  const own = keep(name, element, () => place, go);
  return { element, go, resize, get place() { return place; } };
}

function choice(name, options, onChange) {
  const go = (k) => {
    select.value = Math.max(0, Math.min(options.length - 1, k));
    onChange(Number(select.value));
    whenMoved(own);
  };
  const select = make("select", { "aria-label": name, onchange: () => go(Number(select.value)) },
    ...options.map((text, k) => make("option", { value: k }, text)));
  const element = make("label", {}, `${name} `, select);
  const own = keep(name, element, () => Number(select.value), go);
  return { element, select };
}

// A table of buttons is one stop of the keyboard; arrow keys, Home and End move inside it.
function oneStop(table) {
  const rows = [...table.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("button")]);
  const each = rows.flat();
  each.forEach((button, k) => button.setAttribute("tabindex", k ? "-1" : "0"));
  table.addEventListener("focusin", (event) => {
    if (!each.includes(event.target)) return;
    each.forEach((button) => button.setAttribute("tabindex", button === event.target ? "0" : "-1"));
  });
  table.addEventListener("keydown", (event) => {
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0], Home: [0, -Infinity], End: [0, Infinity] }[event.key];
    const i = rows.findIndex((row) => row.includes(event.target));
    if (!step || i < 0) return;
    event.preventDefault();
    const inside = (place, length) => Math.max(0, Math.min(length - 1, place));
    const row = rows[inside(i + step[0], rows.length)];
    row[inside(rows[i].indexOf(event.target) + step[1], row.length)].focus();
  });
}

// The nodes of a set, by stage and number: a layer with its neurons, or nodes of several stages.
function keysOf(set) {
  return (Array.isArray(set[0]) ? set : set[1].map((neuron) => [set[0], neuron])).map((node) => node.join("-"));
}

// A number badge in the color of a variable.
function badge(k) {
  return make("span", { class: "key", style: `background:var(--variable${k % 6 + 1})` }, String(k + 1));
}

// Saving goes to a file on this machine; nothing is sent.
function save(name, type, content) {
  const link = make("a", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// Every figure can be saved as it stands, in the light colors.
function addSaving(figure) {
  const button = make("button", { type: "button", class: "save", "aria-label": `save the picture ${figure.dataset.figure} as SVG` }, "Save SVG");
  button.addEventListener("click", () => {
    const shown = figure.querySelector("svg");
    if (!shown) return;
    const copy = shown.cloneNode(true);
    const styles = document.getElementById("drawing-styles");
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("height", shown.viewBox.baseVal.height);
    const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
    style.textContent = `svg{${styles.dataset.light};background:var(--paper);font-family:sans-serif}${styles.textContent}`;
    copy.prepend(style);
    save(`${figure.dataset.figure}.svg`, "image/svg+xml", copy.outerHTML);
  });
  figure.append(button);
  // A drawing that is wider than its place scrolls, by keyboard as well.
  new ResizeObserver(() => {
    if (figure.scrollWidth > figure.clientWidth + 1) figure.setAttribute("tabindex", "0");
    else figure.removeAttribute("tabindex");
  }).observe(figure);
}

// A sentence begins with a large letter.
function upper(text) {
  return text[0].toUpperCase() + text.slice(1);
}

// A number with its noun.
function counted(number, noun) {
  return `${show(number)} ${noun}${Number(number) === 1 ? "" : "s"}`;
}

function show(number) {
  if (number === null || number === undefined) return "?";
  // Numbers too large for JavaScript come as their digits; nobody reads those one by one.
  if (Number(number) >= 1e15) return `about ${Number(number).toExponential(2).replace("e+", "·10^")}`;
  return (typeof number === "string" ? BigInt(number) : number).toLocaleString("en-US");
}
