// Shows the source of a passage beside it. Without this script the links lead to the same text in the list of sources.
"use strict";
(() => {
  const popover = document.getElementById("popover");
  if (!popover) return;
  let shownFor = null;

  const hide = () => {
    if (!shownFor) return;
    shownFor.removeAttribute("aria-expanded");
    shownFor = null;
    popover.hidden = true;
  };

  const show = (link) => {
    hide();
    const source = document.getElementById(link.hash.slice(1));
    const close = document.createElement("button");
    close.textContent = "Close";
    close.addEventListener("click", () => { const link = shownFor; hide(); if (link) link.focus(); });
    popover.replaceChildren(close, ...Array.from(source.childNodes, (node) => node.cloneNode(true)));
    // On the other half of the window, so that the passage itself stays in sight.
    const place = link.getBoundingClientRect();
    popover.classList.toggle("above", place.top > window.innerHeight / 2);
    popover.hidden = false;
    link.setAttribute("aria-expanded", "true");
    shownFor = link;
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.copied");
    if (link) {
      event.preventDefault();
      if (shownFor === link) hide(); else show(link);
    } else if (!event.target.closest("#popover")) {
      hide();
    }
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
})();
