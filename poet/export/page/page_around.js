// What stands around the text: the title, the beginnings that are offered, links, notices, and the note in the margin.

// ---- The prompt ----

function growPrompt() {
  const area = $("prompt");
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight}px`;
}

// Opens the beginning for a change; the text waits below.
function editPrompt() {
  for (const piece of app.pieces) stop(piece.branch);
  note.close();
  $("beginning").hidden = false;
  $("pieces").hidden = true;
  $("prompt").value = app.pieces[0].branch.recipe.prompt;
  growPrompt();
  $("prompt").focus();
  offerLines();
}

// Back to the text, with the beginning that it had.
function closePrompt() {
  $("prompt").value = app.pieces[0].branch.recipe.prompt;
  $("beginning").hidden = true;
  $("pieces").hidden = false;
  app.pieces[0].view.prompt.focus();
}

// Asks the engine for some lines of books to begin with.
function offerLines() {
  const facts = chosenModel(controls, false);
  const place = $("lines");
  place.replaceChildren();
  app.offered = [];
  if (facts.can_trace) {
    for (let i = 0; i < LINES; i += 1) {
      const id = nextId();
      app.asked.set(id, (event) => { app.offered.push({ text: event.text, book: event.book, facts }); showLines(); });
      app.engine.send({ type: "line", id, model: facts.name });
    }
  }
  showLines();
}

function showLines() {
  const place = $("lines");
  const back = app.pieces.length ? [makeButton("Back to the text", closePrompt, { className: "quiet" })] : [];
  const empty = $("prompt").value === "";
  const lines = (app.offered ?? []).map(({ text, book, facts }) => {
    const button = makeButton("", () => takeLine(text, book), { className: "line" });
    button.append(isolated(text), make("small", {}, isolated(bookOf(facts, book).title)));
    return make("li", {}, button);
  });
  place.hidden = !back.length && (!empty || !lines.length);
  const others = makeButton("Other lines", offerLines, { className: "quiet" });
  const offer = empty && lines.length ? [make("p", {}, "or begin with a line of a book:"), make("ul", {}, ...lines), others] : [];
  place.replaceChildren(...offer, ...back);
}

function takeLine(text, book) {
  $("prompt").value = fitPrompt(text);
  app.line = { text: $("prompt").value, book };
  growPrompt();
  showLines();
  $("write").focus();
}

// ---- Two texts, compared ----

function toggleBoth() {
  const pressed = !bothPressed();
  $("both").setAttribute("aria-pressed", pressed);
  const knobs = [...($("second-model") ? ["second-model-knob"] : []), "second-knob"];
  for (const id of knobs) $(id).hidden = !pressed;
  if (!pressed) dropSecond();
  // The text that is there gets its companion: the same beginning and seed.
  const first = app.pieces[0]?.branch;
  if (pressed && first && !$("pieces").hidden) {
    clearNotice();
    writeIn(newPiece(1), first.recipe.prompt, first.recipe.settings.seed);
    app.pieces[1].branch.recipe.line = first.recipe.line;
  }
  draw();
}

// ---- Links and kept texts ----

// The address of the page names the text that it shows, wherever the page may change it.
function setAddress(branch) {
  try {
    history.replaceState(null, "", linkTo(branch));
  } catch {
    // In a frame without an origin of its own there is no address to change; "Copy link" still works.
  }
}

function openLink(link) {
  const { facts, warning, same } = modelOfLink(link, app.models);
  link.recipe.model = facts.name;
  if (!same) Object.assign(link.recipe, { forced: [], line: null }); // tokens and books of another model
  // A link may name any book; only one of this model's is named on the page.
  if (!facts.books.some((book) => String(book.id) === link.recipe.line)) link.recipe.line = null;
  if (bothPressed()) toggleBoth();
  setControls(controls, link.recipe);
  showFacts(facts);
  clearNotice();
  if (warning) showNotice(warning, null, "quiet");
  $("prompt").value = link.recipe.prompt;
  app.line = link.recipe.line === null ? null : { text: link.recipe.prompt, book: link.recipe.line };
  app.hues = new Map();
  begin(app.pieces[0] ?? newPiece(0), link.recipe, facts);
}

function keep(piece) {
  keeper.add(piece.branch);
  showKept(keeper, openKept);
}

const openKept = (one) => openLink(readLink(one.link));

// ---- The note in the margin ----

// Below or above the text on a narrow screen, so that it does not hide what was chosen.
function openNote(piece, index, tint, byKey) {
  if (noted && noted !== piece) pickToken(noted.view, null);
  noted = piece;
  const narrow = matchMedia("(max-width: 60rem)").matches;
  const box = pickedPart(piece.view)?.getBoundingClientRect();
  const sheet = narrow ? (box && box.bottom > innerHeight / 2 ? "above" : "below") : null;
  showNote(note, piece.branch, index, tint, sheet);
  if (byKey) enterNote();
}

function enterNote() {
  note.element.focus();
}

function stepNote(by) {
  stepToken(noted.view, by, (index, tint) => openNote(noted, index, tint, false));
  const buttons = note.element.querySelectorAll(".note-head button");
  buttons[by < 0 ? 0 : 1].focus();
}

function noteClosed(inside) {
  const piece = noted;
  noted = null;
  showHints(note, piece?.branch.facts ?? chosenModel(controls, false));
  if (!piece) return;
  const passage = pickedPart(piece.view)?.closest(".copied");
  if (inside) (passage ?? piece.view.element).focus({ preventScroll: true });
  pickToken(piece.view, null);
}

function askPassage(question) {
  const id = nextId();
  app.asked.set(id, (event) => showPassage(note, event));
  app.engine.send({ type: "passage", id, ...question });
  return id;
}

// ---- Facts and notices ----

const NAMED_BOOKS = 3; // books whose titles stand at the top

// The first books by name, and how many there are if these are not all.
function namesOfBooks(books) {
  if (!books.length) return ["these books"];
  const titles = books.slice(0, NAMED_BOOKS).map(({ title }) => title);
  const before = books.length > titles.length ? [`${whole(books.length)} books, among them `] : [];
  const parts = new Intl.ListFormat("en-GB").formatToParts(titles);
  return [...before, ...parts.map(({ type, value }) => type === "element" ? isolated(value, "cite") : value)];
}

function showFacts(facts) {
  const { books, parameters } = facts;
  $("title").textContent = visible(facts.title);
  document.title = `${visible(facts.title)} – a poet`;
  $("lead").replaceChildren(`A language model with ${rounded(parameters)} parameters read `, ...namesOfBooks(books), ". "
    + `Give it a beginning: it makes up what follows${facts.can_trace ? ", and marks the words that are in a book letter for letter" : ""}. `
    + `${facts.can_trace ? "Choose a marked word to see that place in the book, or any word" : "Choose a word"} to see what else could have come there.`);
  keeper = keptTexts(facts);
  showKept(keeper, openKept);
  if (!noted) showHints(note, facts);
  const here = document.documentElement.dataset.engine === "worker";
  const lines = [
    here ? "Everything is computed in this page; nothing is sent anywhere." : "",
    facts.precision === "int8" ? "The weights are rounded to 8 bits, so a text can differ from that of the command line; this page repeats its own texts exactly." : "",
    facts.bits_per_character ? `It predicts text that it never saw at ${facts.bits_per_character.toFixed(2)} bits per character.` : "",
    `Model ${facts.model_sha256.slice(0, HASH_SHOWN)}. The lines that it writes have no author.`,
  ];
  const told = facts.note && facts.can_trace ? isolated(facts.note, "p") : null;
  $("colophon").replaceChildren(make("p", {}, lines.filter(Boolean).join(" ")), ...[told].filter(Boolean));
}

// `again` is what the button "Try again" does; without it there is none.
function showNotice(text, again, kind = "") {
  const retry = again ? makeButton("Try again", () => { clearNotice(); again(); }) : null;
  $("notice").replaceChildren(make("div", { className: `notice ${kind}` }, make("p", {}, visible(text)), retry));
}

function clearNotice() {
  $("notice").replaceChildren();
}

// For a server that asks for a token. It stays in memory, and goes nowhere but to that server.
function askToken(text) {
  const field = make("input", { type: "password", id: "token", autocomplete: "off" });
  const send = () => {
    app.engine.send({ type: "token", token: field.value });
    clearNotice();
    app.engine.send({ type: "open" });
  };
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") send(); });
  const label = make("label", { htmlFor: "token" }, visible(text));
  $("notice").replaceChildren(make("div", { className: "notice" }, label, field, makeButton("Open", send)));
  field.focus();
}
