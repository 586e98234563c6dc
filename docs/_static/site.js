// What is wider than the page is scrolled by keyboard, too: it can be reached where it is.
(function () {
  "use strict";
  function reachable() {
    document.querySelectorAll("pre, .table-wrapper, .output").forEach(function (box) {
      if (box.scrollWidth > box.clientWidth) box.setAttribute("tabindex", "0");
      else box.removeAttribute("tabindex");
    });
  }
  window.addEventListener("load", reachable);
  window.addEventListener("resize", reachable);
})();
