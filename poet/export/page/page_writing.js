// Writing and drawing: from the buttons to the engine, and from a branch to the screen. `app` is the state of the page
// (page.js); a piece is a text on the sheet (page_piece.js), a branch what it holds (page_tree.js).

// ---- Drawing: at most once for each picture of the screen ----

function layBranch(branch) {
  if (!branch.changed) return;
  branch.changed = false;
  const length = branch.characters.length;
  branch.spans = branch.spans.map((span) => clipSpan(span, length))
    .filter(({ start, end, sources }) => sources.length && end - start >= branch.facts.min_length);
  branch.tints = layOut(branch.characters, branch.spans, Array.from(branch.recipe.prompt));
}

// A span up to the character `length`: a text may be stopped within a passage.
function clipSpan(span, length) {
  if (span.end <= length) return span;
  const end = Math.max(span.start, length);
  const sources = span.sources.map((source) => ({ ...source, end: source.start + end - span.start }));
  return { ...span, end, sources };
}

function draw() {
  app.frame ||= requestAnimationFrame((now) => {
    app.frame = 0;
    for (const branch of [...app.running.values()]) if (releaseEvents(branch, now, paceOf(), handle)) draw();
    for (const piece of app.pieces) {
      if (!piece.branch) continue;
      layBranch(piece.branch);
      showPiece(piece, several(), (branch) => goTo(piece, branch));
      sayPassage(piece.branch);
    }
    const writing = isWriting();
    $("write").textContent = writing ? "Stop" : "Write";
    $("write").classList.toggle("stop", writing);
    if (writing && app.following) followPen();
  });
}

// Keeps the end of the text above the controls.
function followPen() {
  const pens = app.pieces.map((piece) => piece.view.pen).filter((pen) => !pen.hidden);
  const lowest = Math.max(...pens.map((pen) => pen.getBoundingClientRect().bottom));
  const edge = document.querySelector(".dock").getBoundingClientRect().top - 24;
  if (lowest > edge) scrollBy({ top: lowest - edge, behavior: "instant" });
}

// Says which book a passage is from, once it is complete; not more often than can be listened to.
function sayPassage(branch) {
  const now = performance.now();
  if (branch.status !== "writing" || now - app.said < ANNOUNCED) return;
  const tint = branch.tints.findLast((one) => one.end < branch.characters.length - 1);
  if (!tint || tint.start < (branch.saidTo ?? 0)) return;
  branch.saidTo = tint.end;
  app.said = now;
  say(visible(`In ${bookOf(branch.facts, branch.spans[tint.span].sources[0].book).title}: ${textOf(branch, tint.start, tint.end)}`));
}

// ---- Writing ----

function newPiece(number) {
  const piece = makePiece(number, actions);
  app.pieces[number] = piece;
  $("pieces").append(piece.element);
  $("desk").classList.toggle("two", several());
  return piece;
}

function dropSecond() {
  const [second] = app.pieces.splice(1);
  if (!second) return;
  stop(second.branch);
  if (noted === second) note.close();
  second.element.remove();
  $("desk").classList.remove("two");
}

// Begins the text of `recipe` in a piece; it becomes a root of its tree.
function begin(piece, recipe, facts) {
  stop(piece.branch);
  const branch = makeBranch(recipe, facts);
  piece.roots.push(branch);
  if (piece.roots.length > MOST_ROOTS) piece.roots.shift();
  run(piece, branch);
}

function run(piece, branch) {
  piece.branch = branch;
  Object.assign(branch, { status: "writing", hues: app.hues, id: nextId(), changed: true, queue: [], due: 0, stopping: false });
  app.running.set(branch.id, branch);
  piece.element.setAttribute("aria-busy", true);
  const { model, prompt, settings, forced } = branch.recipe;
  app.engine.send({ type: "write", id: branch.id, model, prompt, settings, forced });
  $("beginning").hidden = true;
  $("pieces").hidden = false;
  draw();
}

function stop(branch) {
  if (branch?.status !== "writing" || branch.stopping) return;
  if (dropEvents(branch, handle)) app.engine.send({ type: "stop", id: branch.id });
}

// The button "Write": the prompt, or a line of a book where it is empty.
function write() {
  clearNotice();
  if (isWriting()) return app.pieces.forEach((piece) => stop(piece.branch));
  const typed = fitPrompt($("prompt").value);
  if (!typed) return beginWithLine();
  note.close();
  app.hues = new Map();
  app.following = true;
  const seed = nextSeed(controls);
  say("Writing.");
  for (const number of bothPressed() ? [0, 1] : [0]) writeIn(app.pieces[number] ?? newPiece(number), typed, seed);
}

const bothPressed = () => $("both").getAttribute("aria-pressed") === "true";

function writeIn(piece, prompt, seed) {
  const second = piece.number === 1;
  const facts = chosenModel(controls, second);
  const line = app.line?.text === prompt ? app.line.book : null;
  const settings = readSettings(controls, second, seed);
  begin(piece, { model: facts.name, prompt, line, settings, forced: [] }, facts);
}

function beginWithLine() {
  const first = $("lines").querySelector("button.line");
  if (first) first.click();
  else showNotice("Write how the text begins: a few words are enough.", null);
  if (first) write();
  else $("prompt").focus();
}

// The same text again, after an error.
function restart(branch) {
  clearNotice();
  const piece = app.pieces.find((one) => one.branch === branch);
  if (piece) run(piece, branch);
}

function writeOn(piece) {
  const { branch } = piece;
  const more = fitSetting("tokens", branch.tokens.length + fitSetting("tokens", controls.fields.tokens.value));
  branch.recipe = { ...branch.recipe, settings: { ...branch.recipe.settings, tokens: more } };
  app.following = true;
  run(piece, branch);
}

// Another token in the place of `index`: the text goes on from there, and the old one stays in the tree.
function branchAt(index, alternative) {
  const piece = noted;
  const { branch } = piece;
  stop(branch);
  const next = branchOff(branch, index, alternative);
  const length = Math.max(branch.recipe.settings.tokens, index + 1);
  next.recipe.settings = { ...branch.recipe.settings, tokens: length };
  next.spans = branch.spans.filter((span) => span.end <= branch.tokens[index].start);
  app.following = true;
  run(piece, next);
  pickToken(piece.view, index);
  note.close();
  say(`The text goes on with ${inWords(alternative.text)}.`);
}

function goTo(piece, branch) {
  stop(piece.branch);
  piece.branch = branch;
  branch.changed = true;
  note.close();
  draw();
  if (branch.status !== "writing") setAddress(branch);
  requestAnimationFrame(() => piece.tree.querySelector("[aria-current]")?.focus());
}
