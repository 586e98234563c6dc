// A sweep: its tables, and the audit of one network in a frame of its own.

async function startSweep(root) {
  tablesView(root, await unpack(root.querySelector(".packed")));
  const networks = [...root.querySelectorAll("script.network")], place = host(root, "drill");
  if (place && networks.length) {
    const frame = make("iframe", { class: "audit-frame", sandbox: "allow-scripts allow-downloads", title: "The audit of one network" });
    const open = async (k) => {
      frame.title = `The audit of ${networks[k].dataset.label}`;
      frame.srcdoc = await unpack(networks[k]);
    };
    const list = choice("Network", networks.map((one) => one.dataset.label), (k) => steps.go(k));
    const steps = stepper("network", networks.length, (k) => { list.select.value = k; open(k); });
    place.replaceChildren(list.element, steps.element, frame);
    await open(0);
  }
  around();
  document.documentElement.dataset.ready = "true";
}

startSweep(document.querySelector(".sweep"));
