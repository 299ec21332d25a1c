// The note in the margin: where a passage stands in its book, and what else could have been written.

const MOST_SOURCES = 8; // further places of a passage that are listed

// `ask(message)` sends a question for a passage; `branchAt(index, alternative)` writes on from another token;
// `step(by)` picks the token before or behind; `closed()` is called when a reader closes the note.
function noteView({ ask, branchAt, step, closed }) {
  const element = $("note");
  const view = { element, asked: null, ask, branchAt, step, place: null };
  view.close = () => {
    const inside = element.contains(document.activeElement);
    element.classList.remove("open", "above");
    view.asked = null;
    closed(inside);
  };
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    view.close();
  });
  return view;
}

// What the colours mean and what can be done, until something is chosen.
function showHints(view, facts) {
  const example = make("span", { className: "example c0" }, "Tinted words");
  const tints = facts.can_trace
    ? make("p", {}, example, ` are in one of its books, letter for letter${facts.min_length ? `, ${facts.min_length} characters or more` : ""}. `
      + "Colour and number say in which one. Choose a passage to see that place in the book.")
    : make("p", {}, facts.note || "This page does not hold the books, so it cannot show where words come from.");
  view.element.replaceChildren(
    make("h2", {}, "In the margin"),
    tints,
    make("p", {}, "Choose any word to see what else could have come there, and to let the text go on from that."),
  );
}

// Shows the token `index` of `branch`, and the book if it is in the passage of `tint`.
function showNote(view, branch, index, tint, sheet) {
  const head = make("div", { className: "note-head" },
    makeButton("‹", () => view.step(-1), { ariaLabel: "The word before", title: "The word before" }),
    makeButton("›", () => view.step(1), { ariaLabel: "The next word", title: "The next word" }),
    makeButton("Close", view.close, { className: "close" }),
  );
  const passage = make("div", { className: "source" });
  view.element.replaceChildren(head, passage, ...alternativesOf(view, branch, index));
  if (tint) showSource(view, branch, tint, 0, passage);
  else view.asked = null;
  if (sheet) {
    view.element.classList.add("open");
    view.element.classList.toggle("above", sheet === "above");
  }
}

// The passage of `tint` in the book of its source number `number`. What stands around it comes from the engine.
function showSource(view, branch, tint, number, place) {
  const span = branch.spans[tint.span];
  const source = span.sources[number];
  const book = bookOf(branch.facts, source.book);
  const where = make("p", { className: "source-place" }, "…");
  const quotation = make("blockquote", { dir: "auto" }, make("mark", {}, visible(textOf(branch, span.start, span.end))));
  if (branch.facts.language) quotation.lang = branch.facts.language;
  const title = make("p", { className: "source-title" }, swatch(branch, source.book), " ", isolated(book.title, "cite"));
  if (book.author) title.append(", ", isolated(book.author));
  place.replaceChildren(make("h2", {}, "The same words are in"), title, where, quotation, ...otherSources(view, branch, tint, number, place));
  view.place = { where, quotation, length: span.end - span.start };
  view.asked = view.ask({ book: source.book, start: source.start, end: source.end, model: branch.facts.name });
}

// The engine's answer to the last question.
function showPassage(view, event) {
  if (event.id !== view.asked) return;
  const { where, quotation, length } = view.place;
  where.textContent = `${Math.round(100 * event.share)} % into the book, ${counted(length, "character")} the same, blanks included`;
  const isFirst = event.start <= Array.from(event.before).length; // the book begins there
  quotation.replaceChildren(
    lastLines(visible(event.before), isFirst), make("mark", {}, visible(event.text)), firstLines(visible(event.after)),
  );
}

// Context: the line of the passage and two more on either side, but no more than a reader needs. Where a line is cut,
// dots stand for the word that is not whole.
const MOST_CONTEXT = 240;
function firstLines(text) {
  const lines = text.split("\n");
  const shown = lines.slice(0, 3).join("\n").slice(0, MOST_CONTEXT);
  return shown.length < MOST_CONTEXT && lines.length > 3 ? shown : shown.replace(/\s*\S{0,30}$/u, " …");
}
function lastLines(text, isFirst) {
  const lines = text.split("\n");
  const shown = lines.slice(-3).join("\n").slice(-MOST_CONTEXT);
  const isWhole = shown.length < MOST_CONTEXT && (lines.length > 3 || isFirst);
  return isWhole ? shown : shown.replace(/^\S{0,30}\s*/u, "… ");
}

function otherSources(view, branch, tint, number, place) {
  const { sources } = branch.spans[tint.span];
  if (sources.length < 2) return [];
  const items = sources.map((source, other) => [source, other]).filter(([, other]) => other !== number);
  const list = items.slice(0, MOST_SOURCES).map(([source, other]) => {
    const button = makeButton("", () => showSource(view, branch, tint, other, place));
    button.append(swatch(branch, source.book), " ", isolated(bookOf(branch.facts, source.book).title, "cite"));
    return make("li", {}, button);
  });
  const more = items.length > MOST_SOURCES ? make("p", { className: "soft" }, `and ${items.length - MOST_SOURCES} more`) : null;
  return [make("p", { className: "soft" }, "Also in"), make("ul", { className: "others" }, ...list), more].filter(Boolean);
}

function swatch(branch, book) {
  return make("span", { className: `swatch ${hueOf(branch.hues, book)}` }, numberOf(branch.facts, book));
}

// "What else could it have said?": the likeliest tokens, each a button that lets the text go on from there.
function alternativesOf(view, branch, index) {
  const taken = branch.tokens[index];
  const begun = beginOfWord(branch, taken);
  const all = [...taken.alternatives];
  if (!all.some((one) => one.token === taken.token)) all.push(taken);
  const items = all.map((one) => {
    const isTaken = one.token === taken.token;
    const bar = make("span", { className: "likely" });
    bar.style.setProperty("--share", `${100 * one.probability}%`);
    const word = make("bdi", { className: "word" }, make("span", { className: "begun" }, glued(one.text) ? begun : ""), inWords(one.text));
    const button = makeButton("", () => view.branchAt(index, one), { className: "alternative", disabled: isTaken });
    button.append(bar, word, make("span", { className: "percent" }, percent(one.probability)));
    if (isTaken) button.append(make("span", { className: "taken" }, "written here"));
    return make("li", {}, button);
  });
  // The row of all other tokens, so that the shares add up.
  const rest = Math.max(0, 1 - all.reduce((sum, one) => sum + one.probability, 0));
  items.push(make("li", { className: "rest" }, "anything else", make("span", { className: "percent" }, percent(rest))));
  return [
    make("h2", {}, "What else could it have said?"),
    make("p", { className: "context", dir: "auto" }, contextOf(branch, taken), make("b", {}, inWords(taken.text))),
    make("ol", { className: "alternatives" }, ...items),
    make("p", { className: "soft" }, "Choose another, and the text goes on from there. This one stays in the list of branches."),
  ];
}

// Whether a token goes on with the word before it.
const glued = (text) => /^[\p{L}\p{N}\p{M}'’-]/u.test(text);

// The letters of the word that `token` continues.
function beginOfWord(branch, token) {
  const before = Array.from(branch.recipe.prompt).concat(branch.characters.slice(0, token.start)).slice(-30).join("");
  return visible(/[\p{L}\p{N}\p{M}'’-]*$/u.exec(before)[0]);
}

function contextOf(branch, token) {
  const before = Array.from(branch.recipe.prompt).concat(branch.characters.slice(0, token.start)).slice(-44).join("");
  // From the first whole word on.
  const words = visible(before).replace(/^\S{0,20}\s+/u, "").replace(/\s+/g, " ");
  return `… ${words}${/^\s/.test(token.text) && !words.endsWith(" ") ? " " : ""}`;
}
