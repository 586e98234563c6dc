// One drawing: every part says what it is, when it is pointed at or reached by keyboard.

function view(root) {
  const said = host(root, "said"), svg = root.querySelector("svg");
  const parts = [...svg.querySelectorAll("[data-part]")].filter((part) => part.querySelector(":scope > title"));
  const tell = (part) => { said.textContent = part.querySelector(":scope > title").textContent; };
  svg.setAttribute("role", "group");
  parts.forEach((part, k) => {
    part.setAttribute("tabindex", k ? "-1" : "0");
    part.setAttribute("role", "img");
    part.setAttribute("aria-label", part.querySelector(":scope > title").textContent);
    part.addEventListener("pointerenter", () => tell(part));
    part.addEventListener("focus", () => tell(part));
    part.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = parts[(k + step + parts.length) % parts.length];
      part.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    });
  });
  root.querySelectorAll("figure").forEach(addSaving);
  document.documentElement.dataset.ready = "true";
}

view(document.querySelector(".viewer"));
