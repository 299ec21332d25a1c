// Shows the source of a passage in a popover beside it, and filters the passages. Without this script all passages are
// tinted, and their links lead to the same text in the lists of sources. The script uses no storage, opens no window and
// needs no network, because the page may be shown in a sandbox.
"use strict";
(() => {
  const popover = document.getElementById("popover");
  if (!popover) return;
  const passages = Array.from(document.querySelectorAll("a.copied"));
  const sourceOf = (link) => document.getElementById(link.hash.slice(1));
  const DELAY = 120; // milliseconds; gives the pointer time to move from a passage to the popover
  const GAP = 6; // pixels between a passage and the popover
  let shownFor = null; // the passage whose source is shown
  let pinned = false; // whether the popover stays until it is closed
  let timer = 0;
  let returning = false; // whether focus is moving back to a passage, which must not open its popover again

  const hide = () => {
    clearTimeout(timer);
    if (!shownFor) return;
    shownFor.setAttribute("aria-expanded", "false");
    shownFor = null;
    pinned = false;
    popover.hidden = true;
  };

  // Hide the popover, and return focus from it to its passage.
  const close = () => {
    const link = shownFor;
    const inside = popover.contains(document.activeElement);
    hide();
    if (!link || !inside) return;
    returning = true;
    link.focus();
    returning = false;
  };

  // Place the popover below the passage, or above it if there is no room below. In a narrow window, page.css fixes it to
  // the lower edge, or with the class `above` to the upper edge if the passage is in the lower half.
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

  // Show the source of a passage; if `keep`, until it is closed.
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
      const match = popover.querySelector("mark"); // scrolled into view, however long the context before it is
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
    // A click with detail 0 comes from the Enter key, so focus moves into the popover.
    if (event.detail === 0 && shownFor === link) popover.querySelector("button").focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return close();
    if (event.key !== "Tab" || !popover.contains(document.activeElement)) return;
    const stops = popover.querySelectorAll("button, a");
    // The popover is the last element of the page, so Tab would leave the page. Return to the passage instead; the next
    // Tab goes on from there.
    if (document.activeElement === stops[event.shiftKey ? 0 : stops.length - 1]) {
      event.preventDefault();
      close();
    }
  });

  // The filter is hidden in the HTML, because it needs this script.
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

  // Nobody can open a list on paper: open all lists of sources for printing, and close them again afterwards.
  const sources = document.querySelectorAll("details.sources");
  const closed = [];
  window.addEventListener("beforeprint", () => {
    closed.push(...Array.from(sources).filter((list) => !list.open));
    for (const list of closed) list.open = true;
  });
  window.addEventListener("afterprint", () => { for (const list of closed.splice(0)) list.open = false; });
})();
