// Unpack each audit's data and make its views answer.

function mount(root, data) {
  const choose = data.signatures ? signatureView(root, data) : null;
  const lit = stage(root, data, choose);
  root.querySelectorAll('figure[data-figure="circuits-by-edges"]').forEach(addSaving);
  tablesView(root, data);
  if (!data.where) return;
  const read = whatView(root, data, lit), attend = attentionView(root, data, lit);
  whereView(root, data, lit, (circuit, quietly) => {
    read(circuit, quietly);
    attend(circuit);
  });
  placesView(root, data, lit);
  codesView(root, data, lit);
  ladderView(root, data, lit);
  costView(root, data, lit);
}

async function start() {
  for (const root of document.querySelectorAll(".audit")) mount(root, await unpack(root.querySelector(".packed")));
  around();
  document.documentElement.dataset.ready = "true";
}

start();
