// One text on the sheet, with what stands below it: the books, how it was made, what can be done with it, its branches.
// Side by side there are two of them.

function makePiece(number, actions) {
  const piece = { number, branch: null, roots: [], listed: "" };
  piece.view = textView({
    chosen: (index, tint, byKey) => actions.note(piece, index, tint, byKey),
    edit: actions.edit,
    enter: () => actions.enter(piece),
  });
  piece.head = make("p", { className: "piece-head" });
  piece.legend = make("div", { className: "legend" });
  piece.made = make("p", { className: "made" });
  piece.on = makeButton("Write on", () => actions.writeOn(piece), { className: "on", title: "Let this text go on from its end" });
  piece.else = makeButton("What else could it have said?", () => {
    stepToken(piece.view, -1, (index, tint) => actions.note(piece, index, tint, true));
  });
  const save = saveButtons(() => piece.branch, piece.view.element, () => actions.keep(piece));
  piece.tools = make("div", { className: "tools" }, piece.on, piece.else, ...save);
  piece.tools.setAttribute("role", "group");
  piece.tree = make("details", { className: "tree" });
  piece.foot = make("div", { className: "foot" }, piece.legend, piece.made, piece.tools, piece.tree);
  piece.element = make("section", { className: "piece" }, piece.head, piece.view.element, piece.foot);
  return piece;
}

// Shows the branch of a piece as it is now.
function showPiece(piece, several, go) {
  const { branch } = piece;
  if (!branch) return;
  showText(piece.view, branch, branch.hues);
  piece.element.setAttribute("aria-label", several ? `Text ${piece.number + 1}` : "Text");
  piece.tools.setAttribute("aria-label", several ? `Text ${piece.number + 1}` : "This text");
  piece.head.hidden = !several;
  piece.head.replaceChildren(...headOf(branch));
  piece.foot.hidden = !branch.tokens.length;
  const writing = branch.status === "writing";
  piece.tools.hidden = writing;
  piece.on.hidden = branch.tokens.length >= SETTINGS.tokens.most || branch.status === "error";
  piece.element.setAttribute("aria-busy", writing);
  showLegend(piece);
  showMade(piece);
  showTree(piece, go);
}

function headOf({ recipe, facts }) {
  const model = recipe.model ? [isolated(facts.name), ", "] : [];
  return [...model, `temperature ${recipe.settings.temperature}`];
}

// The books whose passages are tinted. Each leads to its first passage.
function showLegend(piece) {
  const { branch } = piece;
  const books = booksOf(branch);
  const signature = books.map(({ book, characters }) => `${book.id}:${characters}`).join() + branch.status + branch.tokens.length;
  if (piece.legend.dataset.shown === signature) return;
  piece.legend.dataset.shown = signature;
  const { can_trace: canTrace } = branch.facts;
  if (!books.length) {
    const none = canTrace && branch.status !== "writing" && !branch.spans.length;
    const text = `No passage of this text, of ${branch.facts.min_length} characters or more, stands in a book that the model read.`;
    piece.legend.replaceChildren(...(none ? [make("p", {}, text)] : []));
    return;
  }
  const total = books.reduce((sum, { characters }) => sum + characters, 0);
  const share = percent(total / Math.max(1, branch.characters.length));
  const items = books.map(({ book, passages }) => {
    const button = makeButton("", () => piece.view.element.querySelector(`[data-number="${numberOf(branch.facts, book.id)}"] [data-token]`)?.click());
    button.append(swatch(branch, book.id), " ", isolated(book.title, "cite"));
    if (passages > 1) button.append(make("small", {}, ` ${passages} passages`));
    return make("li", {}, button);
  });
  piece.legend.replaceChildren(make("p", {}, `Tinted words are, letter for letter, in a book that the model read, in passages of ${branch.facts.min_length} characters or more, blanks included: ${share} of this text. Colour and number are those of the book.`), make("ul", {}, ...items));
}

function showMade(piece) {
  const { branch } = piece;
  const { settings, forced, line } = branch.recipe;
  const words = [`Temperature ${settings.temperature}`, `seed ${settings.seed}`, counted(branch.tokens.length, "token")];
  if (branch.seconds > 0) words.push(`${branch.seconds.toFixed(1)} seconds`);
  if (settings.max_copy) words.push(`at most ${settings.max_copy} characters copied in a row`);
  if (forced.length) words.push(counted(forced.length, "word of your choice", "words of your choice"));
  const text = { stopped: "Stopped. ", error: "Broken off. " }[branch.status] ?? "";
  const from = line === null ? [] : [", beginning with a line of ", isolated(bookOf(branch.facts, line).title)];
  piece.made.replaceChildren(text + words.join(", "), ...from);
}

// The list of branches and earlier texts, once there is more than one.
function showTree(piece, go) {
  const count = (branches) => branches.reduce((sum, one) => sum + 1 + count(one.children), 0);
  const total = count(piece.roots);
  piece.tree.hidden = total < 2;
  // Names change while a text grows, but hardly: it is listed when it begins and when it ends.
  const signature = `${total} ${piece.branch.status} ${piece.branch.id} ${piece.branch.tokens.length > piece.branch.at + 5}`;
  if (piece.listed === signature) return;
  piece.listed = signature;
  const summary = piece.tree.querySelector("summary") ?? make("summary");
  summary.textContent = `Branches and earlier texts (${total})`;
  piece.tree.replaceChildren(summary, treeList(piece.roots, piece.branch, go));
  if (piece.branch.parent) piece.tree.open = true;
}
