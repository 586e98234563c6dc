// Survivors by cost, ranked anew as the prices change; and what fell at a rung, shown on the network.

function costView(root, data, stage) {
  const { cost, codes } = data;
  const place = host(root, "prices"), list = host(root, "ranking");
  if (!cost || !place) return;
  const output = make("output");
  const slider = make("input", { type: "range", min: 0, max: cost.negations.length - 1, value: 0, "aria-label": "price of NOT" });
  const gates = choice("Familiar gate", cost.familiar.map((gate) => gate === null ? "none but those given" : `${gate} at half a gate's price`), () => rank());
  const line = make("p", { "aria-live": "polite" });
  slider.addEventListener("input", () => rank());
  place.append(make("div", { class: "stepper", role: "group", "aria-label": "prices" }, make("label", {}, "Price of NOT ", slider, output), gates.element), line);
  const given = cost.negations.indexOf(cost.prices.NOT);
  slider.value = Math.max(0, given);
  rank(true);

  function rank(quietly = false) {
    const price = cost.negations[Number(slider.value)];
    output.textContent = price;
    slider.setAttribute("aria-valuetext", String(price));
    const costs = cost.costs[Number(gates.select.value)][Number(slider.value)];
    list.replaceChildren();
    if (!costs) {
      line.textContent = "With these prices finding the smallest formulas takes too long; choose others.";
      return;
    }
    // One without a price comes last.
    const order = costs.map((value, k) => [value ?? Infinity, k]).sort(([a, i], [b, j]) => (a === b ? i - j : a - b));
    const winners = order.filter(([value]) => value <= order[0][0] + 1e-9);
    line.textContent = winners.length === 1 ? `#${winners[0][1] + 1} ${codes.rivals[winners[0][1]].name} alone is cheapest, at ${order[0][0]}.`
      : `${winners.length} are cheapest, at ${order[0][0]}: ${winners.slice(0, 8).map(([, k]) => `#${k + 1}`).join(", ")}${winners.length > 8 ? ` and ${winners.length - 8} more` : ""}.`;
    list.append(make("ol", { class: "ranking", tabindex: 0, "aria-label": "explanations by cost" }, ...order.map(([value, k]) =>
      make("li", { class: value <= order[0][0] + 1e-9 ? "winner" : "" }, make("span", {}, Number.isFinite(value) ? `${value}` : "?"), make("span", {}, `#${k + 1}`),
        make("span", {}, codes.rivals[k].name, " ", make("span", { class: "soft" }, codes.rivals[k].where))))));
    if (!quietly) stage.lightUp({ sets: codes.rivals[winners[0][1]].sets, names: codes.rivals[winners[0][1]].parts, said: `${line.textContent} Here #${winners[0][1] + 1}:` });
  }
}

function ladderView(root, data, stage) {
  for (const funnel of data.ladder) {
    for (const rung of funnel.rungs) {
      const items = root.querySelectorAll(`[data-rung="${funnel.of}-${rung.rung}"] [data-fallen]`);
      items.forEach((item, k) => {
        const one = rung.fell.listed[k];
        if (!one.edges && !one.sets?.length) return;
        item.append(make("button", { type: "button", "aria-label": `show ${one.text} on the ${kindOf(data.network)}`, onclick: () =>
          stage.lightUp({ edges: one.edges || null, sets: one.sets || [], said: `Fell at ${rung.name}: ${one.because}${one.experiment ? `. Counterexample: ${one.experiment}` : ""}` }) }, "show"));
      });
    }
  }
}
