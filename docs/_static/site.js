// What is wider than the page is scrolled by keyboard, too: it can be reached where it is.
(function () {
  "use strict";
  function reachable() {
    document.querySelectorAll("pre, .table-wrapper, .output, .picture, :has(> img.figure)").forEach(function (box) {
      if (box.scrollWidth > box.clientWidth) box.setAttribute("tabindex", "0");
      else box.removeAttribute("tabindex");
    });
  }
  // A long name in a narrow column may be broken behind each of its parts.
  function breakable() {
    document.querySelectorAll("td code .pre, th code .pre").forEach(function (name) {
      name.textContent.split(/(?<=[._=\/])(?=[\w"&-])/).forEach(function (part, place) {
        if (place === 0) name.textContent = part;
        else name.append(document.createElement("wbr"), part);
      });
    });
  }
  // Figures wider than a phone are marked; the rules for narrow pages are theirs.
  function figures() {
    document.querySelectorAll("article img").forEach(function (image) {
      if (image.naturalWidth > 600 && !image.closest(".picture")) image.classList.add("figure");
    });
  }
  window.addEventListener("load", function () {
    breakable();
    figures();
    reachable();
  });
  window.addEventListener("resize", reachable);
})();
