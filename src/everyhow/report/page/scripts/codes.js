// Population codes and mappings as rivals: two side by side, and who predicts whose swaps.

// Longer codes open on demand.
const LONG = 280;

function codesView(root, data, stage) {
  const { codes } = data;
  const place = host(root, "rivals");
  if (!place) return;
  place.replaceChildren();
  const sides = ["left", "right"].map((name, side) => {
    const figure = make("figure", { "data-figure": `explanation-${name}` }), text = make("figcaption");
    figure.append(picture(codes.rivals[0].svg), text);
    addSaving(figure);
    const names = codes.rivals.map((rival, k) => `#${k + 1} ${rival.name}, ${rival.kind === "mapping" ? "a mapping" : `${rival.where.split(":")[0]} by ${rival.parts.join(", ")}`}`);
    const list = choice(`Explanation on the ${name}`, names, (k) => steps.go(k));
    const steps = stepper(`explanation on the ${name}`, codes.rivals.length, (k) => put(side, k));
    place.append(make("div", {}, list.element, steps.element, figure));
    return { figure, text, list, steps };
  });
  // To begin with, two that read several signals, where there are two: they show best how readings differ.
  const several = codes.rivals.map((rival, k) => [rival, k]).filter(([rival]) => rival.kind === "readouts" && rival.sets.length > 1);
  const shown = several.length > 1 ? [several[0][1], several[1][1]] : [0, Math.min(1, codes.rivals.length - 1)];
  shown.forEach((k, side) => { sides[side].steps.go(k, true); put(side, k, true); });

  function put(side, k, quietly = false) {
    shown[side] = k;
    const rival = codes.rivals[k], { figure, text, list } = sides[side];
    list.select.value = k;
    figure.querySelector("svg").replaceWith(picture(rival.svg));
    const whole = rival.where.length > LONG ? make("details", { class: "words" }, make("summary", {}, "The codes in full"), rival.where) : rival.where;
    text.replaceChildren(`#${k + 1} ${rival.name}, cost ${rival.cost}. `, whole);
    const [one, other] = [...shown].sort((a, b) => a - b);
    host(root, "dispute").textContent = one === other ? "Both are the same explanation." :
      `What decides between #${one + 1} and #${other + 1}: ${codes.disputes[`${one}-${other}`] || "these two were not set against each other."}`;
    if (!quietly) stage.lightUp({ sets: rival.sets, names: rival.parts, said: `#${k + 1} ${rival.name}: the neurons that each ${rival.kind === "mapping" ? "variable is mapped to" : "signal is read from"}.` });
  }

  const matrix = codes.matrix;
  if (!matrix) return;
  const heading = (k) => make("th", { scope: "col", title: codes.rivals[k].where }, `#${k + 1}`);
  // The darkest cells are those that predict everything, the lightest the worst of this matrix.
  const least = Math.min(...matrix.shares.flat().filter((share) => share !== null).map(Number), 99);
  const told = (i, j) => matrix.shares[i][j] === null ?
    `#${matrix.members[j] + 1} says nothing of what the swaps of #${matrix.members[i] + 1} change` :
    `#${matrix.members[j] + 1} predicts ${matrix.shares[i][j]}% of the ${matrix.said[i][j]} swaps of #${matrix.members[i] + 1} of which it says something`;
  const cell = (i, j) => make("td", {}, make("button", {
    type: "button", style: `--level:${matrix.shares[i][j] === null ? 0 : (matrix.shares[i][j] - least) / (100 - least)}`,
    "aria-label": `${told(i, j)}; put both side by side`, title: told(i, j),
    onclick: () => { sides[0].steps.go(matrix.members[i]); sides[1].steps.go(matrix.members[j]); },
  }, matrix.shares[i][j] ?? "–"));
  const table = make("table", { class: "matrix" },
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "swaps of ↓ predicted by →"), ...matrix.members.map(heading))),
    make("tbody", {}, ...matrix.members.map((k, i) => make("tr", {}, make("th", { scope: "row", title: codes.rivals[k].where }, `#${k + 1} ${codes.rivals[k].name}`, make("span", { class: "soft" }, codes.rivals[k].kind === "mapping" ? " a mapping" : ` by ${codes.rivals[k].parts.join(", ")}`)),
      ...matrix.members.map((_, j) => cell(i, j))))));
  oneStop(table);
  host(root, "matrix").append(table);
}
