// Shows where a passage stands beside it, and filters passages. Without this script all are tinted, and their links
// lead to the same words in the lists of sources. Uses no storage, no window and no network: the page may be in a sandbox.
"use strict";
(() => {
  const popover = document.getElementById("popover");
  if (!popover) return;
  const passages = Array.from(document.querySelectorAll("a.copied"));
  const sourceOf = (link) => document.getElementById(link.hash.slice(1));
  const DELAY = 120; // milliseconds in which the pointer may cross from a passage to its source
  const GAP = 6; // pixels
  let shownFor = null;
  let pinned = false; // stays until it is closed
  let timer = 0;
  let returning = false; // focus goes back to a passage that was just closed

  const hide = () => {
    clearTimeout(timer);
    if (!shownFor) return;
    shownFor.setAttribute("aria-expanded", "false");
    shownFor = null;
    pinned = false;
    popover.hidden = true;
  };

  const close = () => {
    const link = shownFor;
    const inside = popover.contains(document.activeElement);
    hide();
    if (!link || !inside) return;
    returning = true;
    link.focus();
    returning = false;
  };

  // Below the passage, or above it where there is more room; a narrow window shows it at the edge away from the passage.
  const place = (link) => {
    popover.style.left = popover.style.top = "";
    const line = link.getClientRects()[0] || link.getBoundingClientRect();
    const last = link.getBoundingClientRect();
    popover.classList.toggle("above", last.bottom > window.innerHeight / 2);
    if (getComputedStyle(popover).position === "fixed") return;
    const room = document.documentElement.clientWidth - popover.offsetWidth - 16;
    const below = last.bottom + GAP + popover.offsetHeight <= window.innerHeight || last.top < popover.offsetHeight;
    const top = below ? last.bottom + GAP : last.top - GAP - popover.offsetHeight;
    popover.style.left = `${Math.max(16, Math.min(line.left, room)) + window.scrollX}px`;
    popover.style.top = `${top + window.scrollY}px`;
  };

  const show = (link, keep) => {
    clearTimeout(timer);
    if (link.classList.contains("off")) return;
    if (shownFor !== link) {
      hide();
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Close";
      button.addEventListener("click", close);
      popover.replaceChildren(button, ...Array.from(sourceOf(link).childNodes, (node) => node.cloneNode(true)));
      popover.hidden = false;
      place(link);
      const match = popover.querySelector("mark"); // in sight, however long the book's words before it
      popover.scrollTop = match.offsetTop - popover.clientHeight / 2;
      link.setAttribute("aria-expanded", "true");
      shownFor = link;
    }
    pinned = keep;
  };

  for (const link of passages) {
    link.setAttribute("aria-haspopup", "dialog");
    link.setAttribute("aria-expanded", "false");
  }

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse" || pinned) return;
    clearTimeout(timer);
    const link = event.target.closest("a.copied");
    if (link && link !== shownFor) timer = setTimeout(() => show(link, false), DELAY);
    else if (!link && !event.target.closest("#popover")) timer = setTimeout(hide, DELAY);
  });
  document.addEventListener("focusin", (event) => {
    const link = event.target.closest("a.copied");
    if (link && !returning && !pinned && link.matches(":focus-visible")) show(link, false);
    else if (!link && !event.target.closest("#popover")) hide();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.copied");
    if (!link) {
      if (!event.target.closest("#popover")) hide();
      return;
    }
    event.preventDefault();
    if (shownFor === link && pinned) return hide();
    show(link, true);
    // A click without a pointer is the Enter key: it goes on to what is in the popover.
    if (event.detail === 0 && shownFor === link) popover.querySelector("button").focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return close();
    if (event.key !== "Tab" || !popover.contains(document.activeElement)) return;
    const stops = popover.querySelectorAll("button, a");
    // The popover stands at the end of the page; behind it comes what follows the passage.
    if (document.activeElement === stops[event.shiftKey ? 0 : stops.length - 1]) {
      event.preventDefault();
      close();
    }
  });

  const filter = document.getElementById("filter");
  if (filter) {
    const [length, book, near] = ["length", "book", "near"].map((name) => document.getElementById(`filter-${name}`));
    const apply = () => {
      hide();
      let shown = 0;
      for (const link of passages) {
        const wanted = Number(link.dataset.length) >= Number(length.value)
          && (!book.value || link.dataset.number === book.value)
          && (near.checked || !link.classList.contains("near"));
        link.classList.toggle("off", !wanted);
        link.tabIndex = wanted ? 0 : -1;
        sourceOf(link).hidden = !wanted;
        shown += wanted;
      }
      document.getElementById("filter-shown").textContent = length.value;
      document.getElementById("filter-count").textContent = `${shown} of ${passages.length} passages`;
    };
    filter.hidden = false;
    filter.addEventListener("input", apply);
    apply();
  }

  // Paper opens nothing: sources are printed as notes.
  const sources = document.querySelectorAll("details.sources");
  const closed = [];
  window.addEventListener("beforeprint", () => {
    closed.push(...Array.from(sources).filter((list) => !list.open));
    for (const list of closed) list.open = true;
  });
  window.addEventListener("afterprint", () => { for (const list of closed.splice(0)) list.open = false; });
})();
