// Shows the source of the passage in focus, one prompt at a time, values of charts and steps of the training. Without
// this script everything is on the page: links lead from the passages to their sources, and charts have tables. The
// script uses no storage, opens no window and needs no network, because the page may be shown in a sandbox.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const narrow = window.matchMedia("(max-width: 60rem)");

  // ---- Passages and their sources ----

  const passages = all("a.copied");
  const sourceOf = (link) => $(link.hash.slice(1));
  const DELAY = 80; // milliseconds; the pointer may cross other passages on its way to the panel
  let focus = null; // the passage whose source is shown
  let pinned = false; // whether its source stays until it is closed
  let timer = 0;

  const panelOf = (link) => link.closest(".reader").querySelector(".panel");

  // Take the mark from the passage in focus, and close a sheet over the text. Beside the text, its source stays.
  const hide = () => {
    clearTimeout(timer);
    if (!focus) return;
    focus.setAttribute("aria-expanded", "false");
    panelOf(focus).classList.remove("open", "above");
    focus = null;
    pinned = false;
  };

  // Hide, and return the keyboard's focus from the panel to its passage.
  const close = () => {
    const link = focus;
    const inside = link && panelOf(link).contains(document.activeElement);
    hide();
    if (inside) link.focus();
  };

  // The other passages of the same sample, as a list that leads to them.
  const others = (link) => {
    const beside = all("a.copied", link.closest(".text")).filter((other) => other !== link && !other.classList.contains("off"));
    const seen = new Set([link.hash]);
    const items = beside.filter((other) => !seen.has(other.hash) && seen.add(other.hash)).map((other) => {
      const title = sourceOf(other).querySelector("cite").textContent;
      const button = make("button", { type: "button" }, `${title}: ${other.textContent}`);
      button.addEventListener("pointerenter", () => other.classList.add("lit"));
      button.addEventListener("pointerleave", () => other.classList.remove("lit"));
      button.addEventListener("click", () => { other.classList.remove("lit"); show(other, true); });
      return make("li", {}, button);
    });
    return items.length ? [make("ul", { className: "others" }, ...items)] : [];
  };

  // Show the source of a passage in the panel of its text; if `keep`, until it is closed.
  const show = (link, keep) => {
    clearTimeout(timer);
    if (link.classList.contains("off")) return;
    const panel = panelOf(link);
    if (focus !== link) {
      hide();
      const button = make("button", { type: "button", className: "close" }, "Close");
      button.addEventListener("click", close);
      const copied = Array.from(sourceOf(link).childNodes, (node) => node.cloneNode(true));
      panel.replaceChildren(...copied, ...others(link));
      // In the title, which stays in sight.
      if (panel.classList.contains("sheet")) panel.querySelector(".source-title").prepend(button);
      // The opening shows a source before any passage is chosen.
      for (const other of all(".in-focus", link.closest(".reader"))) other.classList.remove("in-focus");
      link.setAttribute("aria-expanded", "true");
      focus = link;
    }
    pinned = keep;
    if (!panel.classList.contains("sheet") || !narrow.matches) return;
    panel.classList.add("open");
    panel.classList.toggle("above", link.getBoundingClientRect().bottom > window.innerHeight / 2);
  };

  for (const link of passages) link.setAttribute("aria-expanded", "false");

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse" || pinned) return;
    clearTimeout(timer);
    const link = event.target.closest("a.copied");
    if (link && link !== focus) timer = setTimeout(() => show(link, false), DELAY);
  });
  document.addEventListener("focusin", (event) => {
    const link = event.target.closest("a.copied");
    if (link && !pinned && link !== focus && link.matches(":focus-visible")) show(link, false);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.copied");
    if (!link) {
      // Not `closest`: a button that was replaced by its own click is in no panel any more.
      if (!event.composedPath().some((node) => node.classList?.contains("panel"))) hide();
      return;
    }
    event.preventDefault();
    if (focus === link && pinned) return hide();
    show(link, true);
    // A click with detail 0 comes from the Enter key, so focus moves into the panel.
    const first = panelOf(link).querySelector("button, a");
    if (event.detail === 0 && focus === link && first) first.focus();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });

  // ---- Tabs: one panel of several at a time ----

  // Buttons in `list`, one for each of `panels`, with the texts `names`; `choose(panel, isChosen)` shows or hides one.
  const tabs = (list, panels, names, choose) => {
    const buttons = panels.map((panel, i) => make("button", { type: "button", role: "tab", tabIndex: -1 }, names[i]));
    const select = (index) => {
      panels.forEach((panel, i) => {
        buttons[i].setAttribute("aria-selected", i === index);
        buttons[i].tabIndex = i === index ? 0 : -1;
        choose(panel, i === index);
      });
    };
    buttons.forEach((button, i) => {
      button.setAttribute("aria-controls", panels[i].id);
      panels[i].setAttribute("role", "tabpanel");
      panels[i].setAttribute("aria-label", names[i]);
      button.addEventListener("click", () => { hide(); select(i); });
    });
    list.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = (buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length;
      hide();
      select(next);
      buttons[next].focus();
    });
    list.append(...buttons);
    select(0);
    return (panel) => select(panels.indexOf(panel));
  };

  const openers = []; // [panels, select] of each list of tabs
  const prompts = all(".prompt-panel");
  const tools = document.querySelector(".tools");
  if (tools) tools.hidden = false;
  if (prompts.length > 1) {
    const names = prompts.map((panel) => panel.querySelector("q").textContent);
    openers.push([prompts, tabs($("prompt-tabs"), prompts, names, (panel, chosen) => { panel.hidden = !chosen; })]);
  } else if ($("prompt-tabs")) $("prompt-tabs").hidden = true;
  for (const prompt of prompts) {
    const panels = all(".temperature", prompt);
    if (panels.length < 2) continue;
    const list = prompt.querySelector(".temperature-tabs");
    list.hidden = false;
    const names = panels.map((panel) => panel.querySelector("h4").textContent);
    openers.push([panels, tabs(list, panels, names, (panel, chosen) => panel.classList.toggle("other", !chosen))]);
  }

  // An address may lead into a panel or a list that is closed.
  const reveal = () => {
    const target = $(location.hash.slice(1)); // ids have letters, digits and dashes only
    if (!target) return;
    if (target.matches("a.copied") && target.closest(".text").hidden) $("view").querySelector("input").click();
    for (const [panels, select] of openers) {
      const panel = panels.find((one) => one.contains(target));
      if (panel) select(panel);
    }
    for (let node = target.parentElement; node; node = node.parentElement) if (node.matches("details")) node.open = true;
    target.scrollIntoView();
    if (target.matches("a.copied")) show(target, true);
  };
  window.addEventListener("hashchange", reveal);
  if (location.hash) reveal();

  // ---- The filter ----

  if ($("filter-length")) {
    const [length, book, near] = ["length", "book", "near"].map((name) => $(`filter-${name}`));
    const inSamples = passages.filter((link) => link.closest("#samples"));
    const apply = () => {
      hide();
      let shown = 0;
      for (const link of inSamples) {
        const wanted = Number(link.dataset.length) >= Number(length.value)
          && (!book.value || link.dataset.number === book.value)
          && (near.checked || !link.classList.contains("near"));
        link.classList.toggle("off", !wanted);
        link.tabIndex = wanted ? 0 : -1;
        sourceOf(link).hidden = !wanted;
        shown += wanted;
      }
      $("filter-shown").textContent = length.value;
      $("filter-count").textContent = `${shown} of ${inSamples.length} passages`;
    };
    document.querySelector(".switches").addEventListener("input", apply);
    apply();
  }

  // ---- The ranks of the tokens, instead of the sources ----

  // A copy of `text` in which each token has the colour of its rank. Lengths count characters, not UTF-16 units.
  const ranked = (text) => {
    const prompt = text.querySelector(".prompt").cloneNode(true);
    const copy = make("p", { className: "text by-rank", lang: text.lang, dir: text.dir }, prompt);
    const characters = Array.from(text.textContent.slice(prompt.textContent.length));
    let start = 0;
    for (const [, length, letter, share] of text.dataset.ranks.matchAll(/(\d+)([abcd])(\d+)/g)) {
      const title = share === "0" ? "under 1 %" : `${share} %`;
      copy.append(make("span", { className: `rank-${letter}`, title }, characters.slice(start, start += Number(length)).join("")));
    }
    copy.append(characters.slice(start).join(""));
    return copy;
  };

  const view = $("view");
  if (view) {
    view.addEventListener("change", (event) => {
      hide();
      const ranks = event.target.value === "ranks";
      view.querySelector(".legend").hidden = !ranks;
      for (const text of all("#samples .text[data-ranks]")) {
        if (ranks && !text.nextElementSibling?.matches(".by-rank")) text.after(ranked(text));
        text.hidden = ranks;
        const copy = text.nextElementSibling;
        if (copy?.matches(".by-rank")) copy.hidden = !ranks;
      }
    });
  }

  // ---- Copy a sample with its sources ----

  for (const button of all("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const sample = button.closest(".sample");
      const sources = all(".source", sample).map((item) => {
        const words = item.querySelector("mark") ?? sample.querySelector(`a[href="#${item.id}"]`); // no quotation without the book
        return `- ${words.textContent.trim()}\n  ${item.querySelector(".source-title").textContent.trim()}, ${item.querySelector(".source-place").textContent.trim()}`;
      });
      const written = sample.querySelector(".text").textContent;
      const { origin } = document.querySelector("main").dataset;
      const text = [`${written}\n`, ...(origin ? [origin] : []), ...(sources.length ? ["Passages that stand in the books:", ...sources] : []), ""].join("\n");
      try {
        await navigator.clipboard.writeText(text);
      } catch { // no clipboard in a sandbox
        const area = make("textarea", { value: text });
        document.body.append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }

  // ---- Charts: the values at the pointer, or with the arrow keys ----

  const SVG = "http://www.w3.org/2000/svg";
  for (const chart of all(".chart")) {
    const rows = all("tr[data-at]", chart);
    const names = all("thead th", chart).map((cell) => cell.textContent);
    const [curves, marks] = [".curves", ".marks"].map((name) => chart.querySelector(name));
    if (!rows.length) continue;
    const cursor = document.createElementNS(SVG, "line");
    const readout = chart.querySelector(".readout");
    let index = rows.length - 1;
    const read = () => {
      const at = `${rows[index].dataset.at}%`;
      for (const [name, value] of [["class", "cursor"], ["x1", at], ["x2", at], ["y1", "0"], ["y2", "100%"]]) cursor.setAttribute(name, value);
      marks.append(cursor);
      const values = all("th, td", rows[index]).map((cell, i) => `${names[i]} ${cell.textContent}`);
      readout.textContent = values.join(", ");
    };
    curves.tabIndex = 0;
    curves.addEventListener("pointermove", (event) => {
      const box = curves.getBoundingClientRect();
      const at = (100 * (event.clientX - box.left)) / box.width;
      const distance = (row) => Math.abs(Number(row.dataset.at) - at);
      index = rows.reduce((best, row, i) => (distance(row) < distance(rows[best]) ? i : best), 0);
      read();
    });
    curves.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      index = Math.min(Math.max(index + step, 0), rows.length - 1);
      read();
    });
  }

  // ---- The steps of the training: one sample at a time, and its point on the curve ----

  const slider = $("step");
  if (slider) {
    const steps = all("article.step");
    const marks = document.querySelector("#chart-bits .marks");
    const marker = document.createElementNS(SVG, "circle");
    marker.setAttribute("class", "marker");
    marker.setAttribute("r", "6");
    const choose = () => {
      steps.forEach((step, i) => { step.hidden = i !== Number(slider.value); });
      const { at, y, step } = steps[Number(slider.value)].dataset;
      document.querySelector(".slider output").textContent = step;
      slider.setAttribute("aria-valuetext", `step ${step}`);
      if (at === "None") return marker.remove();
      marker.setAttribute("cx", `${at}%`);
      marker.setAttribute("cy", `${y}%`);
      marks.append(marker);
    };
    document.querySelector(".slider").hidden = false;
    slider.addEventListener("input", choose);
    choose();
  }

  // Nobody can open a list on paper: open all for printing, and close them again afterwards.
  const lists = all("details");
  const closed = [];
  window.addEventListener("beforeprint", () => {
    closed.push(...lists.filter((list) => !list.open));
    for (const list of closed) list.open = true;
  });
  window.addEventListener("afterprint", () => { for (const list of closed.splice(0)) list.open = false; });
})();
