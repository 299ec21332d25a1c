// Starts the lesson: reads the blocks of the page, and gives the figures their model and their books.

async function startLesson() {
  const blocks = {};
  for (const block of document.querySelectorAll("script[data-block]")) {
    blocks[block.dataset.block] = block.textContent;
    block.remove(); // megabytes of text that nobody reads again
  }
  let copies = null;
  const engine = new Engine((event) => {
    if (event.id) copies.receive(event);
    else if (event.type === "error") $("notice").textContent = visible(event.message);
  });
  engine.receive({ type: "open", blocks });
  if (!engine.model) return; // the notice says why
  const { facts, model, tokenizer } = engine;
  copies = new CopiesFigure(engine, facts);
  new EndingsFigure();
  describe(facts, model);
  await new LineFigures(new LineReader(model, tokenizer), facts).change();
  document.body.setAttribute("data-ready", "");
  if (engine.books === null) return;
  // As many endings as bytes, and a boundary behind each book.
  const endings = (await engine.books).bytes.length;
  $("characters").textContent = rounded(endings);
  $("steps").textContent = whole(mostSteps(endings));
  $("of-books").hidden = false;
}

// The facts that the words of the lesson name.
function describe(facts, model) {
  $("books").textContent = counted(facts.books.length, "book");
  $("parameters").textContent = rounded(facts.parameters);
  $("layers").textContent = `${counted(model.blocks.length, "layer")} with ${counted(model.heads, "head")} each`;
  $("window").textContent = whole(facts.sequence_len);
  $("rounding").hidden = facts.precision !== "int8";
}

startLesson();
