// The text on the sheet: the prompt, then every token as an element, and around those that stand in a book a passage.

// `chosen(index, tint, element)` is called when a reader picks a token or a passage, `edit()` for the prompt.
function textView({ chosen, edit, enter }) {
  const prompt = make("span", { className: "prompt", tabIndex: 0, title: "Change the beginning" });
  prompt.setAttribute("role", "button");
  const pen = make("span", { className: "pen" });
  pen.setAttribute("aria-hidden", "true");
  const element = make("div", { className: "text", dir: "auto", tabIndex: 0 }, prompt, pen);
  element.setAttribute("role", "group");
  const view = { element, prompt, pen, shown: [], branch: null, picked: null, hues: null };

  const act = (target, byKey) => {
    if (target.closest(".prompt")) return edit();
    const part = target.closest("[data-token]");
    const passage = target.closest(".copied");
    if (!part && !passage) return;
    const first = part ?? passage.querySelector("[data-token]");
    const tint = passage ? view.shown.find((piece) => piece.element === passage)?.tint ?? null : null;
    pickToken(view, Number(first.dataset.token));
    chosen(Number(first.dataset.token), tint, byKey);
  };
  element.addEventListener("click", (event) => {
    // Whoever marks words with the mouse wants to copy them.
    if (!String(getSelection())) act(event.target, false);
  });
  element.addEventListener("keydown", (event) => {
    const onButton = event.target !== element;
    if (event.key === "Enter" || (event.key === " " && onButton)) {
      event.preventDefault();
      if (onButton) act(event.target, true);
      else if (view.picked !== null) enter();
      return;
    }
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey || event.target === prompt) return;
    event.preventDefault();
    // From a passage, the way goes on at its first token.
    if (onButton && view.picked === null) view.picked = Number(event.target.querySelector("[data-token]")?.dataset.token ?? 0);
    stepToken(view, getComputedStyle(element).direction === "rtl" ? -step : step, chosen);
  });
  return view;
}

// Marks a token as the picked one; null marks none.
function pickToken(view, index) {
  for (const part of view.element.querySelectorAll(".picked")) part.classList.remove("picked");
  view.picked = index;
  if (index === null) return;
  for (const part of view.element.querySelectorAll(`[data-token="${index}"]`)) part.classList.add("picked");
}

// The element of the picked token; of two, as a passage can begin behind the blank of a token, the one in the passage.
const pickedPart = (view) => view.element.querySelector(".copied .picked") ?? view.element.querySelector(".picked");

// Picks the next token that can be seen, or the one before, and says it.
function stepToken(view, step, chosen) {
  const { tokens } = view.branch;
  let index = view.picked === null ? (step > 0 ? -1 : tokens.length) : view.picked;
  do index += step; while (tokens[index] && tokens[index].start === tokens[index].end);
  if (!tokens[index]) return;
  pickToken(view, index);
  const part = pickedPart(view);
  part?.scrollIntoView({ block: "nearest" });
  const passage = part?.closest(".copied");
  chosen(index, view.shown.find((piece) => passage && piece.element === passage)?.tint ?? null, false);
  const place = passage ? `, in a passage of book ${passage.dataset.number}` : "";
  say(`${inWords(tokens[index].text)}, ${percent(tokens[index].probability)}${place}`);
}

// Shows `branch` as it is now. Only what is new becomes new elements: a passage that grows keeps its own, and with it
// the keyboard's focus.
function showText(view, branch, hues) {
  if (view.branch !== branch) {
    for (const piece of view.shown.splice(0)) piece.element.remove();
    view.picked = null;
    view.prompt.textContent = visible(branch.recipe.prompt);
    view.branch = branch;
  }
  const language = branch.facts.language;
  if (language) view.element.lang = language;
  const title = branch.facts.title;
  view.element.setAttribute("aria-label", `The text, by the model of ${title}. The left and right arrow keys pick its words.`);
  view.pen.hidden = branch.status !== "writing";
  const pieces = cutAtTints(branch.tokens, branch.tints);
  pieces.forEach((piece, place) => {
    const book = piece.tint ? branch.spans[piece.tint.span].sources[0].book : null;
    const key = `${piece.start}:${piece.tint ? `book ${book}` : ""}`;
    if (view.shown[place]?.key !== key) {
      for (const old of view.shown.splice(place)) old.element.remove();
      const element = piece.tint ? passageElement(branch.facts, book, hues) : make("span");
      view.shown.push({ key, element, parts: [] });
      view.pen.before(element);
    }
    view.shown[place].tint = piece.tint;
    fillPiece(view, view.shown[place], piece, branch);
  });
  for (const old of view.shown.splice(pieces.length)) old.element.remove();
}

function fillPiece(view, shown, piece, branch) {
  const keys = piece.parts.map((part) => `${part.token}:${part.from}:${part.to}:${branch.tokens[part.token].token}`);
  let same = 0;
  while (same < keys.length && keys[same] === shown.parts[same]) same += 1;
  while (shown.element.childNodes.length > same) shown.element.lastChild.remove();
  for (const part of piece.parts.slice(same)) {
    const element = make("span", {}, visible(textOf(branch, part.from, part.to)));
    element.dataset.token = part.token;
    if (part.token === view.picked) element.classList.add("picked");
    if (branch.recipe.forced.some(([index]) => index === part.token)) element.classList.add("forced");
    shown.element.append(element);
  }
  shown.parts = keys;
}

// A passage is a button: it shows its place in the book. The number is the cue for who sees no colours.
function passageElement(facts, book, hues) {
  const element = make("span", { className: `copied ${hueOf(hues, book)}`, tabIndex: 0 });
  element.setAttribute("role", "button");
  element.dataset.number = numberOf(facts, book);
  return element;
}

// The first eight books that appear have a colour each, the others are grey.
function hueOf(hues, book) {
  if (!hues.has(book)) hues.set(book, hues.size);
  return hues.get(book) < 8 ? `c${hues.get(book)}` : "grey";
}

const bookOf = (facts, id) => facts.books.find((book) => String(book.id) === String(id)) ?? { id, title: `book ${id}`, author: "" };
const numberOf = (facts, id) => String(facts.books.findIndex((book) => String(book.id) === String(id)) + 1 || "?");

// A token as it can be read: blanks by their names.
function inWords(text) {
  if (text === "") return "part of a character";
  if (/^\n+$/.test(text)) return text.length > 1 ? "blank line" : "new line";
  return /^\s+$/.test(text) ? "space" : visible(text.trim());
}
