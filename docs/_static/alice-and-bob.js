// The page of Alice and Bob: what is chosen, and how it is shown. The numbers are those of alice-and-bob-arithmetic.js.
"use strict";

(() => {
  const { INPUTS, INPUT_NAMES, NEURONS, HELD, TOLERANCE, other, world, swap, swaps, tally, losing } = aliceAndBob;
  const LEAST = 1, MOST = 100, STAKES = [1, 5, 10], FIRST_POINTS = 20, LEFT_ALONE = -1;
  const OF_WHOM = { alice: "Alice’s", bob: "Bob’s" }, HER = { alice: "her", bob: "his" };
  const SHE = { alice: "she", bob: "he" }, FOR_HER = { alice: "For her", bob: "For him" };
  const UNTOUCHED = ["what neither signal reads", "h1.0", "h1.1", "h1.2"];
  // The scale on which activations and readings are drawn; all that can come up lies on it.
  const FROM = -1, TO = 3;

  const chosen = {
    steepness: 25, input: 2, view: "network",
    owner: "alice", held: 0, base: 0, sources: [2, LEFT_ALONE],
    trusted: null, stake: 5, points: FIRST_POINTS, bets: 0, won: 0,
    // What is shown of the swap: nothing yet, the outcome of a bet, or the outcome alone.
    shown: null, message: "", mood: "",
  };
  let net = world(chosen.steepness);
  const updates = [];

  // What was counted at the present steepness, by whose signals are swapped and what is left untouched.
  const counted = new Map();
  function talliedOf(owner, held) {
    const key = `${owner} ${held}`;
    if (!counted.has(key)) counted.set(key, tally(net, owner, held));
    return counted.get(key);
  }

  // An element with attributes and children; texts are texts, never markup.
  function make(tag, attributes = {}, ...children) {
    return filled(document.createElement(tag), attributes, children);
  }

  function draw(tag, attributes = {}, ...children) {
    return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
  }

  function filled(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  }

  const fixed = (value, places = 2) => value.toFixed(places).replace(/^-(0\.?0*)$/, "$1").replace("-", "−");
  const capital = (text) => text[0].toUpperCase() + text.slice(1);
  const person = (who) => make("strong", { class: `ab-${who}` }, net.students[who].name);

  function update() {
    for (const each of updates) each();
  }

  // What screen readers are told.
  const announcer = make("p", { class: "ab-hidden", role: "status", "data-ab": "said" });
  function say(text) {
    announcer.textContent = "";
    // A text that is set again is announced again only when it was away.
    setTimeout(() => { announcer.textContent = text; }, 60);
  }

  // Parts that several figures are made of.

  // One of a few things, as native radio buttons in a row.
  function segments(name, legend, options, get, set) {
    const inputs = options.map(({ value }) => make("input", {
      type: "radio", name: `ab-${name}`, value: String(value), onchange: () => { set(value); update(); },
    }));
    const labels = options.map(({ label, mark }, k) =>
      make("label", { class: `ab-segment ${mark ?? ""}` }, inputs[k], make("span", {}, label)));
    const title = make("legend", {});
    const element = make("fieldset", { class: "ab-segments", "data-ab": name }, title,
      make("div", { class: "ab-row" }, ...labels));
    updates.push(() => {
      title.replaceChildren(...[typeof legend === "function" ? legend() : legend].flat());
      options.forEach(({ value, allowed }, k) => {
        inputs[k].checked = get() === value;
        inputs[k].disabled = allowed ? !allowed() : false;
      });
    });
    return element;
  }

  const ofInputs = () => INPUT_NAMES.map((label, value) => ({ value, label }));
  const ofStudents = () =>
    ["alice", "bob"].map((who) => ({ value: who, label: net.students[who].name, mark: `ab-${who}` }));

  // The steepness as a slider and as a number, with the curve of the sigmoid. Every copy moves with the others.
  let copies = 0;
  function steepnessControl() {
    const id = `ab-steepness-${++copies}`;
    const slider = make("input", { type: "range", id, min: LEAST, max: MOST, step: 1 });
    const number = make("input", {
      type: "number", min: LEAST, max: MOST, step: 1, inputmode: "numeric", "aria-label": "steepness as a number",
      "aria-describedby": `${id}-wrong`,
    });
    const wrong = make("p", { class: "ab-wrong", id: `${id}-wrong`, role: "alert" });
    const curve = draw("path", { class: "ab-curve" });
    const picture = draw("svg", { viewBox: "0 0 72 44", class: "ab-sigmoid", "aria-hidden": "true" },
      draw("path", { class: "ab-axis", d: "M4 38H68M36 6V38" }), curve);
    function take(text) {
      const value = Number(text);
      const allowed = text.trim() !== "" && Number.isInteger(value) && value >= LEAST && value <= MOST;
      number.setAttribute("aria-invalid", String(!allowed));
      wrong.textContent = allowed ? "" : `Steepness is a whole number from ${LEAST} to ${MOST}.`;
      if (!allowed) return;
      chosen.steepness = value;
      net = world(value);
      counted.clear();
      hide();
      update();
    }
    const tell = () => say(`Steepness ${chosen.steepness}. ${["alice", "bob"].flatMap(exactness).join(" ")}`);
    slider.addEventListener("input", () => take(slider.value));
    number.addEventListener("input", () => take(number.value));
    slider.addEventListener("change", tell);
    number.addEventListener("change", tell);
    updates.push(() => {
      slider.value = chosen.steepness;
      slider.setAttribute("aria-valuetext", `steepness ${chosen.steepness}`);
      if (document.activeElement !== number || number.getAttribute("aria-invalid") !== "true") {
        if (Number(number.value) !== chosen.steepness || number.value === "") number.value = chosen.steepness;
        number.setAttribute("aria-invalid", "false");
        wrong.textContent = "";
      }
      const points = Array.from({ length: 65 }, (_, k) => {
        const at = (k - 32) / 32;
        return `${4 + k} ${(38 - 32 / (1 + Math.exp(-chosen.steepness * at))).toFixed(2)}`;
      });
      curve.setAttribute("d", `M${points.join("L")}`);
    });
    return make("div", { class: "ab-steepness", "data-ab": "steepness" },
      make("label", { for: id }, "Steepness of the neurons"),
      make("div", { class: "ab-row" }, picture, slider, number), wrong);
  }

  // A place on the scale, in percent of its width.
  const along = (value) => `${(100 * (value - FROM)) / (TO - FROM)}%`;

  // A number on a scale: where it was, and where it is now.
  function track(kind) {
    const was = make("span", { class: "ab-was" }), way = make("span", { class: "ab-way" });
    const is = make("span", { class: `ab-is ab-${kind}` });
    const line = make("div", { class: "ab-line" });
    for (const tick of [0, 1]) {
      const mark = make("span", { class: "ab-tick" }, String(tick));
      mark.style.left = along(tick);
      line.append(mark);
    }
    line.append(way, was, is);
    const name = make("span", { class: "ab-name" }), text = make("span", { class: "ab-value" });
    const scale = make("div", { class: "ab-scale", "aria-hidden": "true" }, line);
    const element = make("div", { class: "ab-track" }, name, scale, text);
    function show(label, before, now, said) {
      name.textContent = label;
      was.style.left = along(before);
      is.style.left = along(now ?? before);
      way.style.left = along(Math.min(before, now ?? before));
      way.style.width = `${(100 * Math.abs((now ?? before) - before)) / (TO - FROM)}%`;
      element.classList.toggle("ab-unknown", now === null);
      text.textContent = said;
    }
    return { element, show };
  }

  // The network, and what a student reads in it.

  const AT = {
    inputs: [[34, 110], [34, 214]], hidden: [[142, 58], [142, 266], [142, 162]], signals: [[254, 106], [254, 218]],
    output: [364, 162],
  };
  const RADIUS = 26, PILL = [100, 46];

  function node([x, y], label, below) {
    const size = 2 * RADIUS;
    const level = draw("rect", { class: "ab-level", x: x - RADIUS, y: y - RADIUS, width: size, height: size });
    const value = draw("text", { class: "ab-number", x, y: y + 5 });
    const id = `ab-clip-${label.replace(".", "-")}`;
    const element = draw("g", { class: "ab-node", "data-node": label },
      draw("clipPath", { id }, draw("circle", { cx: x, cy: y, r: RADIUS })),
      draw("circle", { class: "ab-paper", cx: x, cy: y, r: RADIUS }),
      draw("g", { "clip-path": `url(#${id})` }, level),
      draw("circle", { class: "ab-ring", cx: x, cy: y, r: RADIUS }), value,
      draw("text", { class: "ab-label", x, y: y - RADIUS - 7 }, label),
      draw("text", { class: "ab-small", x, y: y + RADIUS + 15 }, below));
    function show(number, places = 2) {
      level.style.transform = `scaleY(${Math.max(0, Math.min(1, number))})`;
      value.textContent = fixed(number, places);
    }
    return { element, show };
  }

  function edge(from, to, place = 0.5) {
    const line = draw("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1] });
    const at = [from[0] + place * (to[0] - from[0]), from[1] + place * (to[1] - from[1])];
    const label = draw("text", { class: "ab-weight", x: at[0], y: at[1] + 4 });
    const element = draw("g", { class: "ab-edge" }, line, label);
    function show(weight, carried, numbered = true) {
      element.classList.toggle("ab-negative", weight < 0);
      element.style.display = weight === 0 ? "none" : "";
      line.style.strokeWidth = String(Math.max(0.75, Math.min(4, 1.75 * Math.abs(weight))));
      line.style.strokeOpacity = String(0.35 + 0.65 * Math.max(0, Math.min(1, carried)));
      // Of a code that is not whole the numbers stand in the text.
      label.textContent = numbered ? fixed(weight, 0) : "";
    }
    return { element, show };
  }

  function networkFigure() {
    const picture = draw("svg", { viewBox: "0 0 400 320", class: "ab-network", role: "img" });
    const inputs = AT.inputs.map((at, k) => node(at, "AB"[k], "input"));
    const biases = aliceAndBob.BIASES.map((bias) => `bias ${fixed(bias, 1)}`);
    const hidden = AT.hidden.map((at, k) => node(at, NEURONS[k], biases[k]));
    const output = node(AT.output, "out0", `bias ${fixed(aliceAndBob.OUTPUT_BIAS, 1)}`);
    const gate = draw("text", { class: "ab-gate", x: AT.output[0], y: AT.output[1] - RADIUS - 26 });
    const first = AT.hidden.flatMap((to, k) => AT.inputs.flatMap((from, j) => {
      const weight = aliceAndBob.WEIGHTS[k][j];
      return weight ? [{ j, weight, ...edge(from, to) }] : [];
    }));
    const last = AT.hidden.map((from) => edge(from, AT.output, 0.55));
    const lastGroup = draw("g", { class: "ab-to-output" }, ...last.map((each) => each.element));
    const [width, height] = PILL;
    const pills = AT.signals.map(([x, y]) => {
      const [left, top] = [x - width / 2, y - height / 2];
      const back = draw("rect", { class: "ab-pill", x: left, y: top, width, height, rx: height / 2 });
      const name = draw("text", { class: "ab-label", x, y: y - 3 });
      const value = draw("text", { class: "ab-number", x, y: y + 15 });
      return { back, name, value, element: draw("g", {}, back, name, value) };
    });
    const read = AT.signals.map(([x, y]) => AT.hidden.map((from, j) =>
      edge(from, [x - width / 2 + 6, y], from[1] === AT.hidden[2][1] ? 0.62 : 0.56)));
    const given = AT.signals.map(([x, y]) => edge([x + width / 2 - 4, y], AT.output));
    const reading = draw("g", { class: "ab-reading" }, ...[...read.flat(), ...given].map((each) => each.element),
      ...pills.map((each) => each.element), gate);
    picture.append(...first.map((each) => each.element), lastGroup, reading,
      ...[...inputs, ...hidden, output].map((each) => each.element));

    updates.push(() => {
      const { input, view } = chosen, state = net.hidden[input];
      picture.dataset.view = view;
      inputs.forEach((each, k) => each.show(INPUTS[input][k], 0));
      hidden.forEach((each, k) => each.show(state[k]));
      output.show(net.outputs[input]);
      first.forEach((each) => each.show(each.weight, INPUTS[input][each.j]));
      last.forEach((each, k) => each.show(aliceAndBob.OUTPUT_WEIGHTS[k], state[k]));
      picture.setAttribute("aria-label", inWords());
      if (view === "network") return;
      const one = net.students[view];
      gate.textContent = `${one.gateName} gate`;
      one.signals.forEach((signal, k) => {
        const value = signal.table[input];
        pills[k].name.textContent = signal.name;
        pills[k].value.textContent = String(value);
        pills[k].back.classList.toggle("ab-on", value === 1);
        read[k].forEach((each, j) => each.show(signal.shown[j], state[j], signal.isWhole));
        given[k].show(1, value, false);
      });
    });
    return picture;
  }

  // What the figure shows, as a sentence.
  function inWords() {
    const { input, view } = chosen, name = INPUT_NAMES[input];
    const activations = net.hidden[input].map((value, k) => `${NEURONS[k]} is ${fixed(value)}`).join(", ");
    const network = `At input ${name}, ${activations}; the output is ${fixed(net.outputs[input])}, which decides ` +
      `${net.decisions[input]}.`;
    if (view === "network") return network;
    const one = net.students[view];
    const values = one.signals.map((signal) => signal.table[input]);
    const said = one.signals.map((signal, k) => `${signal.name} is ${values[k]}`).join(" and ");
    const answer = one.gate[2 * values[0] + values[1]];
    return `${network} ${one.name} reads: ${said}, and ${one.gateName} of them is ${answer}.`;
  }

  const percent = (share) => (share < 1e-5 ? "less than 0.001%" : `${Number((100 * share).toPrecision(2))}%`);

  // Whether a student's reading is exact, and why, in words.
  function exactness(who) {
    const one = net.students[who], limit = `${percent(TOLERANCE)} is allowed`;
    const missed = `${capital(HER[who])} signals miss ${percent(one.residual)} of what the output receives; ${limit}.`;
    const gate = one.foundName === one.gateName
      ? `The network’s gate over them is ${one.gateName}, as ${SHE[who]} says.`
      : `The network’s gate over them is ${one.foundName}, not ${one.gateName}.`;
    const short = one.foundName === one.gateName ? `${one.name} is ${one.exact ? "exact" : "not exact"}.`
      : one.exact ? `${one.name} is exact, but wrong about the gate.`
      : `${one.name} is not exact, and wrong about the gate.`;
    return [short, `${missed} ${gate}`];
  }

  function readingCard() {
    const title = make("p", { class: "ab-reads" });
    const exact = make("p", { class: "ab-verdict", "data-ab": "exactness" });
    const head = make("tr"), rows = INPUTS.map(() => make("tr"));
    const table = make("table", { class: "ab-table", "data-ab": "four" },
      make("caption", {}, "At the four inputs"), make("thead", {}, head), make("tbody", {}, ...rows));
    updates.push(() => {
      const { view } = chosen;
      const solves = net.decisions.join("") === "0110";
      const wrong = solves ? ""
        : ` At steepness ${chosen.steepness} the network answers ${net.decisions.join(", ")}: it does not compute XOR.`;
      const heads = ["A B"], columns = [INPUT_NAMES.map((name) => [...name].join(" "))];
      if (view === "network") {
        title.replaceChildren(`Three sigmoid neurons and an output, which decides 1 above 0.5.${wrong}`);
        NEURONS.forEach((name, k) => { heads.push(name); columns.push(net.hidden.map((state) => fixed(state[k]))); });
        heads.push("out0");
        columns.push(net.outputs.map((value) => fixed(value)));
      } else {
        const one = net.students[view];
        const [first, second] = one.signals.map((signal) =>
          make("span", { class: "ab-code" }, `${signal.name} = ${signal.text}`));
        title.replaceChildren(person(view), " reads ", first, " and ", second,
          `. ${FOR_HER[view]} the output is an ${one.gateName} gate.${wrong}`);
        one.signals.forEach((signal) => { heads.push(signal.name); columns.push(signal.table.map(String)); });
        heads.push(one.gateName);
        columns.push(INPUTS.map((_, k) => String(one.gate[2 * one.signals[0].table[k] + one.signals[1].table[k]])));
      }
      heads.push("decides");
      columns.push(net.decisions.map(String));
      head.replaceChildren(...heads.map((text) => make("th", { scope: "col" }, text)));
      rows.forEach((row, k) => {
        row.classList.toggle("ab-now", k === chosen.input);
        row.replaceChildren(...columns.map((column, j) => make(j ? "td" : "th", j ? {} : { scope: "row" }, column[k])));
      });
      exact.replaceChildren(...["alice", "bob"].map((who) => {
        const one = net.students[who], fine = one.exact && one.foundName === one.gateName;
        const [short, why] = exactness(who), color = fine ? "ab-fine" : "ab-amiss";
        return make("span", { "data-who": who },
          make("span", { class: `ab-mark ${color}`, "aria-hidden": "true" }, fine ? "✓" : "✗"),
          make("strong", {}, short), ` ${why}`);
      }));
    });
    return make("div", { class: "ab-card-text" }, title, table, exact);
  }

  function networkStage(root) {
    root.append(
      make("div", { class: "ab-controls" },
        segments("view", "Show", [
          { value: "network", label: "the network" }, { value: "alice", label: "Alice’s view", mark: "ab-alice" },
          { value: "bob", label: "Bob’s view", mark: "ab-bob" },
        ], () => chosen.view, (value) => { chosen.view = value; tellNetwork(); }),
        segments("input", "Input A B", ofInputs(), () => chosen.input,
          (value) => { chosen.input = value; tellNetwork(); }),
        steepnessControl()),
      make("div", { class: "ab-beside" }, networkFigure(), readingCard()));
  }

  const tellNetwork = () => say(inWords());

  // A swap, and a bet on it.

  const current = () => swap(net, chosen.owner, chosen.held, chosen.base, chosen.sources);

  function hide() {
    Object.assign(chosen, { shown: null, message: "", mood: "" });
  }

  // A choice of a part of the swap: what it comes to is hidden again.
  function choose(part, value) {
    chosen[part] = value;
    if (!net.moves[chosen.owner][chosen.held]) chosen.held = 0;
    hide();
  }

  function whatIsMoved(one) {
    const { signals, name } = net.students[one.owner];
    const moved = signals.flatMap((signal, k) =>
      one.sources[k] < 0 ? [] : [`${signal.name} as at ${INPUT_NAMES[one.sources[k]]}`]);
    const base = INPUT_NAMES[one.base];
    if (!moved.length) return `At ${base} nothing is moved`;
    return `At ${base}, ${name} takes ${moved.join(" and ")}`;
  }

  const swapSentence = (one) =>
    `${whatIsMoved(one)}.${one.moves ? ` Left untouched: ${UNTOUCHED[one.held]}.` : ""}`;

  function verdict(one) {
    const wrong = ["alice", "bob"].filter((who) => !one.right[who]).map((who) => net.students[who].name);
    return wrong.length === 0 ? "both are right" : wrong.length === 2 ? "both are wrong" : `${wrong[0]} is wrong`;
  }

  // What came of a swap, in words.
  function outcome(one) {
    return `${whatIsMoved(one)}. Alice predicts ${one.predicted.alice}, Bob predicts ${one.predicted.bob}; ` +
      `the network decides ${one.decision}: ${verdict(one)}.`;
  }

  function run() {
    const one = current(), known = chosen.shown !== null;
    if (chosen.trusted === null) {
      chosen.message = "First choose whom you trust: Alice or Bob.";
    } else if (known) {
      chosen.mood = "";
      chosen.message = "You know what comes of this swap. Change it, or draw another one; nothing was staked.";
    } else {
      const won = one.right[chosen.trusted], stake = chosen.stake;
      chosen.points += won ? stake : -stake;
      chosen.bets += 1;
      chosen.won += Number(won);
      chosen.shown = "bet";
      chosen.mood = won ? "won" : "lost";
      chosen.message = `You trusted ${net.students[chosen.trusted].name} and ${won ? "win" : "lose"} ${stake}.`;
    }
    update();
    say([chosen.message, known || chosen.shown === null ? "" : outcome(one), score()].filter(Boolean).join(" "));
  }

  function score() {
    const bets = chosen.bets === 1 ? "1 bet" : `${chosen.bets} bets`;
    return `${String(chosen.points).replace("-", "−")} points; ${bets}, ${chosen.won} won.`;
  }

  function drawAnother() {
    const among = (values) => values[Math.floor(Math.random() * values.length)];
    const possible = ["alice", "bob"].filter((who) => net.moves[who][chosen.held]);
    const owner = among(possible);
    const { base, sources } = among(swaps(net, owner, chosen.held).filter((one) => one.moves));
    Object.assign(chosen, { owner, base, sources });
    hide();
    update();
    say(swapSentence(current()));
  }

  function letMeLose(button) {
    if (chosen.trusted === null) {
      chosen.message = "First choose whom you trust: Alice or Bob.";
      update();
      say(chosen.message);
      return;
    }
    const { owner, held, base, sources } = losing(net, chosen.trusted);
    hide();
    Object.assign(chosen, { owner, held, base, sources });
    chosen.message = `This one beats ${net.students[chosen.trusted].name}. Place your bet, and run it.`;
    update();
    button.focus();
    say(`${chosen.message} ${swapSentence(current())}`);
  }

  function swapControls() {
    const sources = [0, 1].map((k) => segments(`source-${k}`,
      () => ["Take ", make("span", { class: `ab-${chosen.owner}` }, net.students[chosen.owner].signals[k].name), " as"],
      [{ value: LEFT_ALONE, label: "it is" }, ...INPUT_NAMES.map((name, value) => ({ value, label: `at ${name}` }))],
      () => chosen.sources[k],
      (value) => choose("sources", chosen.sources.map((source, j) => (j === k ? value : source)))));
    const row = (...parts) => make("div", { class: "ab-controls" }, ...parts);
    return make("div", { class: "ab-swap" },
      row(segments("owner", "Swap signals of", ofStudents(), () => chosen.owner, (value) => choose("owner", value)),
        segments("base", "Run the network on", ofInputs(), () => chosen.base, (value) => choose("base", value))),
      row(...sources),
      segments("held", "Leave untouched",
        HELD.map((_, value) => ({
          value, label: UNTOUCHED[value].replace(" signal", ""), allowed: () => net.moves[chosen.owner][value] !== null,
        })),
        () => chosen.held, (value) => choose("held", value)));
  }

  function betControls() {
    const go = make("button", { type: "button", class: "ab-go", onclick: run }, "Run the swap");
    const message = make("p", { class: "ab-message", "data-ab": "message" });
    const points = make("p", { class: "ab-score", "data-ab": "score" });
    const again = make("button", {
      type: "button", class: "ab-plain",
      onclick: () => {
        Object.assign(chosen, { points: FIRST_POINTS, bets: 0, won: 0 });
        hide();
        update();
        say(score());
      },
    }, "Start over");
    updates.push(() => {
      const hint = chosen.shown === "cell" ? "You have seen what comes of this swap."
        : chosen.trusted === null ? "Trust Alice or Bob, then run the swap." : "Run the swap to see who is right.";
      message.textContent = chosen.message || hint;
      message.dataset.mood = chosen.message ? chosen.mood : "hint";
      points.textContent = score();
    });
    return make("div", { class: "ab-bet" },
      make("div", { class: "ab-controls" },
        segments("trusted", "Whose prediction will come true?", ofStudents(), () => chosen.trusted,
          (value) => { chosen.trusted = value; chosen.message = chosen.mood = ""; }),
        segments("stake", "Stake", STAKES.map((value) => ({ value, label: String(value) })), () => chosen.stake,
          (value) => { chosen.stake = value; })),
      make("div", { class: "ab-row ab-buttons" }, go,
        make("button", { type: "button", class: "ab-second", onclick: () => letMeLose(go) }, "Let me lose"),
        make("button", { type: "button", class: "ab-second", onclick: drawAnother }, "Draw another swap")),
      message, make("div", { class: "ab-row ab-scored" }, points, again));
  }

  function outcomeFigure() {
    const neurons = NEURONS.map(() => track("state"));
    const natural = make("p", { class: "ab-note", "data-ab": "natural" });
    const cards = ["alice", "bob"].map((who) => {
      const tracks = [0, 1].map(() => track(who));
      const title = make("p", { class: "ab-card-title" }, person(who), " reads");
      const said = make("p", { class: "ab-said", "data-ab": `said-${who}` });
      updates.push(() => {
        const one = current(), student = net.students[who], known = chosen.shown !== null;
        student.signals.forEach((signal, k) => {
          const before = net.hidden[chosen.base].reduce(
            (sum, value, j) => sum + value * signal.coefficients[j], signal.constant);
          const { seen, value, halfway } = one.readings[who][k];
          const told = `${fixed(seen)}, ${halfway ? `halfway: read as at 00, ${value}` : `read as ${value}`}`;
          tracks[k].show(signal.name, before, known ? seen : null, known ? told : "?");
        });
        const values = one.readings[who].map((each) => each.value);
        const right = one.right[who];
        said.replaceChildren(...(known
          ? [`${student.gateName}(${values.join(", ")}) = `, make("strong", {}, String(one.predicted[who])), " ",
            make("span", { class: right ? "ab-fine" : "ab-amiss" }, right ? "✓ right" : "✗ wrong")]
          : [`${student.gateName}(?, ?) = ?`]));
      });
      return make("div", { class: "ab-card" }, title, ...tracks.map((each) => each.element), said);
    });
    const answer = make("p", { class: "ab-said", "data-ab": "answer" });
    const sentence = make("p", { class: "ab-sentence", "data-ab": "sentence" });
    updates.push(() => {
      const one = current(), known = chosen.shown !== null, state = net.hidden[chosen.base];
      sentence.textContent = swapSentence(one);
      neurons.forEach((each, j) => each.show(NEURONS[j], state[j], known ? one.state[j] : null,
        known ? `${fixed(state[j])} → ${fixed(one.state[j])}` : fixed(state[j])));
      natural.textContent = !known ? "Where the swap puts the neurons is shown when it is run."
        : one.natural ? "Some input produces this state." : "No input produces this state.";
      answer.replaceChildren(...(known
        ? [`h1.0 + h1.1 − 2 h1.2 − 0.5 = ${fixed(one.sum)}, ${one.decision ? "above" : "not above"} 0. It decides `,
          make("strong", {}, String(one.decision)), `: ${verdict(one)}.`]
        : ["h1.0 + h1.1 − 2 h1.2 − 0.5 = ?"]));
    });
    return make("div", { class: "ab-outcome", "data-ab": "outcome", tabindex: -1 },
      make("div", { class: "ab-card ab-across" }, sentence, ...neurons.map((each) => each.element), natural),
      ...cards,
      make("div", { class: "ab-card ab-across" },
        make("p", { class: "ab-card-title" }, make("strong", {}, "The network")), answer));
  }

  let drawn = null;
  function swapStage(root) {
    drawn = outcomeFigure();
    root.append(swapControls(), steepnessControl(), betControls(), drawn);
  }

  // All 100 swaps.

  // What a cell shows of a swap: who is wrong about it, and whether by reading a signal halfway.
  function wrongAbout(one) {
    return ["alice", "bob"].filter((who) => !one.right[who]).map((who) => ({
      who, halfway: one.readings[who].some((each) => each.halfway),
    }));
  }

  function show(one) {
    const { owner, held, base, sources } = one;
    Object.assign(chosen, { owner, held, base, sources, shown: "cell", message: "", mood: "" });
    update();
    say(outcome(one));
  }

  function tallies() {
    const rows = HELD.map((_, held) => make("tr", {}, make("th", { scope: "row" }, UNTOUCHED[held])));
    const buttons = HELD.flatMap((_, held) => ["alice", "bob"].map((owner) => {
      const button = make("button", {
        type: "button", class: "ab-choice",
        onclick: () => {
          Object.assign(chosen, { owner, held });
          hide();
          update();
          say(talliedSentence());
        },
      });
      rows[held].append(make("td", {}, button));
      return { held, owner, button };
    }));
    updates.push(() => {
      for (const { held, owner, button } of buttons) {
        const found = talliedOf(owner, held);
        button.textContent = found ? `${found[other(owner)]} of ${found.of}` : "impossible";
        button.disabled = !found;
        button.setAttribute("aria-pressed", String(owner === chosen.owner && held === chosen.held));
      }
    });
    return make("div", { class: "ab-scroll" }, make("table", { class: "ab-table ab-tallies", "data-ab": "tallies" },
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "left untouched"),
        make("th", { scope: "col" }, "Bob predicts Alice’s"), make("th", { scope: "col" }, "Alice predicts Bob’s"))),
      make("tbody", {}, ...rows)));
  }

  function talliedSentence() {
    const found = talliedOf(chosen.owner, chosen.held);
    return `${OF_WHOM[chosen.owner]} ${found.of} swaps, with ${UNTOUCHED[chosen.held]} untouched: Alice is right about ` +
      `${found.alice}, Bob about ${found.bob}. Of the ${found.moved} that move something, ${found.unnatural} put the ` +
      "network into a state that no input produces.";
  }

  function fill(cell, found) {
    const wrong = wrongAbout(found);
    const letters = wrong.map(({ who, halfway }) =>
      make("span", { class: `ab-${who}` }, who[0].toUpperCase() + (halfway ? "½" : "")));
    cell.replaceChildren(...(wrong.length ? letters : ["·"]));
    cell.classList.toggle("ab-missed", wrong.length > 0);
    const said = wrong.map(({ who, halfway }) =>
      `${net.students[who].name} wrong${halfway ? ", reading a signal halfway" : ""}`).join(", ");
    cell.setAttribute("aria-label", `${whatIsMoved(found)}: ${said || "both right"}`);
  }

  function grid(base) {
    const name = INPUT_NAMES[base], order = [LEFT_ALONE, 0, 1, 2, 3];
    const short = (source) => (source < 0 ? "as is" : INPUT_NAMES[source]);
    const cells = order.map((one, i) => order.map((two, j) => make("button", {
      type: "button", class: "ab-cell", "data-swap": `${name} ${short(one)} ${short(two)}`,
      onclick: () => show(swap(net, chosen.owner, chosen.held, base, [one, two])),
      onkeydown: (event) => move(event, i, j), onfocus: () => stop(i, j),
    })));
    function stop(i, j) {
      cells.flat().forEach((cell) => cell.setAttribute("tabindex", "-1"));
      cells[i][j].setAttribute("tabindex", "0");
    }
    function move(event, i, j) {
      const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
      const last = order.length - 1;
      const to = event.key in steps ? [i + steps[event.key][0], j + steps[event.key][1]]
        : event.key === "Home" ? [i, 0] : event.key === "End" ? [i, last] : null;
      if (!to || event.ctrlKey || event.altKey || event.metaKey) return;
      // The window does not scroll meanwhile.
      event.preventDefault();
      cells[Math.max(0, Math.min(last, to[0]))][Math.max(0, Math.min(last, to[1]))].focus();
    }
    stop(0, 0);
    let filledFor = "";
    updates.push(() => {
      const wanted = `${chosen.steepness} ${chosen.owner} ${chosen.held}`;
      order.forEach((one, i) => order.forEach((two, j) => {
        const now = chosen.base === base && chosen.sources[0] === one && chosen.sources[1] === two;
        cells[i][j].setAttribute("aria-pressed", String(now));
        if (wanted !== filledFor) fill(cells[i][j], swap(net, chosen.owner, chosen.held, base, [one, two]));
      }));
      filledFor = wanted;
    });
    const heads = order.map((source) => make("th", { scope: "col" }, short(source)));
    const rows = order.map((source, i) => make("tr", {}, make("th", { scope: "row" }, short(source)),
      ...cells[i].map((cell) => make("td", {}, cell))));
    return make("table", { class: "ab-grid", "data-ab": `grid-${name}` }, make("caption", {}, `at ${name}`),
      make("thead", {}, make("tr", {}, make("td"), ...heads)), make("tbody", {}, ...rows));
  }

  function legend() {
    const rows = make("span", { class: "ab-code" }), columns = make("span", { class: "ab-code" });
    updates.push(() => {
      const { signals } = net.students[chosen.owner];
      rows.textContent = signals[0].name;
      columns.textContent = signals[1].name;
    });
    return make("p", { class: "ab-note" },
      "Rows: where ", rows, " is taken from. Columns: where ", columns, " is taken from. ",
      make("span", { class: "ab-key" }, "·"), " both right, ",
      make("span", { class: "ab-key ab-alice" }, "A"), " Alice wrong, ",
      make("span", { class: "ab-key ab-bob" }, "B"), " Bob wrong, ",
      make("span", { class: "ab-key" }, "½"), " by a signal that reads halfway between 0 and 1.");
  }

  function allStage(root) {
    const sentence = make("p", { class: "ab-sentence", "data-ab": "tallied" });
    const detail = make("p", { class: "ab-detail", "data-ab": "detail" });
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
    const look = make("button", {
      type: "button", class: "ab-second",
      onclick: () => {
        drawn.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "center" });
        drawn.focus({ preventScroll: true });
      },
    }, "See it drawn");
    updates.push(() => {
      sentence.textContent = talliedSentence();
      detail.textContent = chosen.shown === null ? "Choose a cell to see what comes of its swap." : outcome(current());
      look.hidden = chosen.shown === null;
    });
    root.append(tallies(), sentence, legend(),
      make("div", { class: "ab-grids" }, ...INPUT_NAMES.map((_, k) => grid(k))),
      make("div", { class: "ab-row ab-details" }, detail, look));
  }

  function start() {
    const stages = { network: networkStage, swap: swapStage, all: allStage };
    for (const [name, build] of Object.entries(stages)) {
      const root = document.querySelector(`[data-stage="${name}"]`);
      root.classList.add("ab-stage");
      build(root);
    }
    document.querySelector("[data-stage]").before(announcer);
    update();
    document.documentElement.dataset.aliceAndBob = "ready";
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
