// The page: what a person does goes to the engine, what the engine tells goes to the sheet. It knows the engine by its
// protocol alone (page_engine.js), so it is the same page with a model inside and in front of a server.

const LINES = 3; // lines of books that are offered as beginnings
const ANNOUNCED = 3000; // milliseconds between two passages that are said to a screen reader

const app = {
  engine: null,
  models: [],
  pieces: [],
  hues: new Map(), // book -> 0, 1, ...: in the order in which they appeared
  running: new Map(), // id -> branch
  asked: new Map(), // id of a question -> what to do with the answer
  lastId: 0,
  line: null, // {text, book} of the line that the prompt was taken from
  frame: 0,
  following: true, // whether the window follows the end of the text
  said: 0,
};
const actions = { note: openNote, edit: editPrompt, enter: enterNote, writeOn, keep };
const controls = makeControls(() => { showFacts(chosenModel(controls, false)); offerLines(); });
const note = noteView({ ask: askPassage, branchAt, step: stepNote, closed: noteClosed });
let keeper = null;
let noted = null; // the piece whose token is in the note

const several = () => app.pieces.length > 1;
const isWriting = () => app.pieces.some((piece) => piece.branch?.status === "writing");
const nextId = () => (app.lastId += 1);

// ---- What the engine tells ----

function listen(event) {
  const branch = WAITING.has(event.type) ? app.running.get(event.id) : null;
  if (!branch) return handle(event);
  takeEvent(branch, event);
  draw();
}

function handle(event) {
  const handlers = { ready: opened, token: tokenCame, spans: spansCame, done: writingEnded, passage: answered, line: answered, error: failed };
  handlers[event.type]?.(event);
}

function opened(event) {
  app.models = event.models ?? [event.facts];
  clearNotice();
  setModels(controls, app.models);
  const link = readLink(location.hash);
  showFacts(app.models[0]);
  $("write").disabled = false;
  say("The poet is ready.");
  if (link) return openLink(link);
  offerLines();
  // Not where a keyboard would jump over the page.
  if (matchMedia("(pointer: fine)").matches) $("prompt").focus({ preventScroll: true });
}

function tokenCame(event) {
  const branch = app.running.get(event.id);
  if (!branch) return;
  if (addToken(branch, event)) branch.changed = true;
  draw();
}

function spansCame(event) {
  const branch = app.running.get(event.id);
  if (!branch) return;
  branch.spans = event.spans;
  branch.changed = true;
  draw();
}

function writingEnded(event) {
  const branch = app.running.get(event.id);
  if (!branch) return;
  app.running.delete(event.id);
  // The engine may have written less than a parent had.
  branch.status = event.reason === "length" ? "done" : event.reason;
  branch.seconds = event.seconds ?? 0;
  draw();
  const piece = app.pieces.find((one) => one.branch === branch);
  if (!piece) return;
  layBranch(branch);
  setAddress(app.pieces[0].branch);
  const books = booksOf(branch).map(({ book, passages }) => `${book.title}, ${counted(passages, "passage")}`);
  const found = books.length ? `In the books: ${books.slice(0, 5).join("; ")}.` : "";
  say(`${branch.status === "stopped" ? "Stopped" : "Finished"}${several() ? `, text ${piece.number + 1}` : ""}. ${counted(branch.characters.length, "character")}. ${visible(found)}`);
}

function failed(event) {
  const branch = app.running.get(event.id);
  if (app.asked.delete(event.id)) return; // a line or a passage: the page does without
  if (branch) releaseEvents(branch, 0, Infinity, handle); // what was written before
  for (const [id, one] of app.running) {
    if (one !== branch && !event.fatal) continue;
    app.running.delete(id);
    one.status = "error";
  }
  draw();
  if (event.locked) return askToken(event.message);
  const again = branch ? () => restart(branch) : () => app.engine.send({ type: "open" });
  // What a server refuses for good is not asked again; what broke down may work the next time.
  showNotice(event.message, (event.retry ?? Boolean(branch)) ? again : null);
}

function answered(event) {
  const act = app.asked.get(event.id);
  app.asked.delete(event.id);
  act?.(event);
}

// ---- Start ----

function start() {
  $("write").addEventListener("click", write);
  $("both").addEventListener("click", toggleBoth);
  $("prompt").addEventListener("input", () => { growPrompt(); showLines(); });
  $("prompt").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) write();
    if (event.key === "Escape" && app.pieces.length) closePrompt();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if ($("note").matches(".open") || noted) note.close();
    else if (isWriting()) write();
  });
  // Whoever looks at an earlier line is not pulled to the last one.
  addEventListener("wheel", (event) => { if (event.deltaY < 0) app.following = false; }, { passive: true });
  addEventListener("touchmove", () => { app.following = false; }, { passive: true });
  addEventListener("hashchange", () => { const link = readLink(location.hash); if (link && app.models.length) openLink(link); });
  showNotice("Opening the model …", null, "quiet");
  growPrompt();
  // After the first picture: the page stands before the megabytes of a model are read.
  requestAnimationFrame(() => setTimeout(() => {
    app.engine = (document.documentElement.dataset.engine === "server" ? serverEngine : workerEngine)(listen);
  }));
}

start();
