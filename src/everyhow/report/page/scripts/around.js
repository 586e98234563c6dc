// What stands around the views of a page: its colors, the address of what it shows, and the reader's notes.

// The page as it was written, before anything is built: what is saved with notes opens as this page does.
const written = document.documentElement.outerHTML;

// Colors follow the system until someone chooses; the choice is kept where the browser keeps anything for this file.
function themeSwitch(place) {
  const names = { system: "as the system", light: "light", dark: "dark" };
  const select = make("select", { "aria-label": "Colors", onchange: () => set(select.value) },
    ...Object.entries(names).map(([value, text]) => make("option", { value }, text)));
  function set(theme) {
    select.value = theme;
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    remember("theme", theme);
  }
  const before = remembered("theme");
  if (before in names) set(before);
  place.append(make("label", {}, "Colors ", select));
}

function remember(name, value) {
  try { localStorage.setItem(`everyhow ${name}`, value); } catch { /* a page in a frame keeps nothing */ }
}

function remembered(name) {
  try { return localStorage.getItem(`everyhow ${name}`); } catch { return null; }
}

// What is shown stands in the address, as NAME=PLACE of everything that was moved, the last one moved at the end.
const BEGINS = "#show:";

function keyOf(one) {
  return `${one.element.closest("[id]")?.closest(".audit")?.id ?? "page"}.${one.name}`.replaceAll(" ", "-");
}

function addressOf(last) {
  const moved = kept.filter((one) => one !== last && one.place() !== one.first);
  return BEGINS + [...moved, last].map((one) => `${keyOf(one)}=${one.place() + 1}`).join("&");
}

function showWhatTheAddressSays() {
  for (const one of kept) one.first = one.place();
  if (location.hash.startsWith(BEGINS)) {
    const asked = location.hash.slice(BEGINS.length).split("&").map((part) => part.split("=")).filter(([, place]) => Number(place) >= 1);
    const places = new Map(asked);
    // Whatever chooses a list is made after what steps through it, so the last ones come first.
    const found = [...kept].reverse().filter((one) => places.has(keyOf(one)));
    found.forEach((one) => one.go(Number(places.get(keyOf(one))) - 1));
    const last = found.find((one) => keyOf(one) === asked.at(-1)?.[0]);
    if (last) {
      last.go(last.place());
      last.element.scrollIntoView({ block: "center" });
    }
  }
  whenMoved = (one) => {
    try { history.replaceState(null, "", addressOf(one)); } catch { /* a page in a frame has no address */ }
  };
}

function addressButton() {
  if (!location.protocol.startsWith("file") && !location.protocol.startsWith("http")) return null;
  const button = make("button", { type: "button" }, "Copy link");
  button.title = "The address of this page, with everything as it is shown now";
  const said = make("span", { class: "soft", "aria-live": "polite" });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      said.textContent = "Copied.";
    } catch {
      said.replaceChildren(make("a", { href: location.href }, "the link"));
    }
  });
  return make("span", {}, button, " ", said);
}

// Notes are kept by the browser for this page, and in the page itself when it is saved with them.
function notes(place, name) {
  const inside = document.getElementById("notes");
  const text = make("textarea", { rows: 4, "aria-label": "Notes", placeholder: "What did you see here?" });
  text.value = remembered(`notes ${name}`) ?? (inside.textContent ? JSON.parse(inside.textContent) : "");
  text.addEventListener("input", () => remember(`notes ${name}`, text.value));
  const button = make("button", { type: "button", onclick: () => {
    const parsed = new DOMParser().parseFromString(written, "text/html");
    parsed.getElementById("notes").textContent = JSON.stringify(text.value).replaceAll("<", "\\u003c");
    save(`${document.title.replaceAll(/[^\w]+/g, "-").replaceAll(/^-|-$/g, "")}.html`, "text/html", `<!DOCTYPE html>\n${parsed.documentElement.outerHTML}\n`);
  } }, "Save the page with them");
  const details = make("details", { class: "words notes" }, make("summary", {}, "Notes"), text, button);
  details.open = text.value !== "";
  place.append(details);
}

function around() {
  const place = document.querySelector('[data-host="around"]'), name = place.dataset.name;
  const link = addressButton();
  themeSwitch(place);
  if (link) place.append(link);
  notes(place, name);
  showWhatTheAddressSays();
}
