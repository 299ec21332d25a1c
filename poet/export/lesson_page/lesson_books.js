// The figures about copying: a suffix array of one line, searched step by step; and the poet's own text in its books.

const HUES = 8; // classes c0 to c7 of poet.css
const TOKENS = 120; // that the poet writes at once

// The endings of a line, and the search for a passage in them, one step at each press of the button.
class EndingsFigure {
  constructor() {
    this.step = 0;
    for (const id of ["short-line", "passage"]) $(id).addEventListener("input", () => this.begin());
    $("step").addEventListener("click", () => this.advance());
    this.begin();
  }

  begin() {
    this.characters = Array.from($("short-line").value);
    this.endings = sortEndings(this.characters);
    this.passage = Array.from($("passage").value);
    this.search = searchEndings(this.characters, this.endings, this.passage);
    this.step = 0;
    this.show();
  }

  advance() {
    this.step = this.step > this.search.steps.length ? 0 : this.step + 1;
    this.show();
  }

  show() {
    const { steps, low, high } = this.search;
    const done = this.step > steps.length || !this.passage.length;
    const step = this.step ? steps[this.step - 1] : null;
    const [from, to] = done ? [low, high] : step ? [step.low, step.high] : [0, this.endings.length];
    const rows = this.endings.map((start, rank) => {
      const ending = this.characters.slice(start).join("");
      const place = make("span", { className: "place" }, String(start));
      const row = make("li", {}, place, make("bdi", {}, shownBlank(ending)));
      if (rank < from || rank >= to) row.classList.add("out");
      if (!done && step && rank === step.middle) row.classList.add("looked-at");
      if (done && rank >= low && rank < high && this.passage.length) row.classList.add("found");
      return row;
    });
    $("endings").replaceChildren(...rows);
    $("step").textContent = done ? "Again" : this.step ? "Next step" : "Look it up";
    $("step").disabled = !this.passage.length || !this.endings.length;
    $("step-note").replaceChildren(...this._words(step, done));
    const marked = $("endings").querySelector(".looked-at, .found");
    const box = $("endings");
    if (marked) box.scrollTop = marked.offsetTop - box.offsetTop - box.clientHeight / 2;
  }

  _words(step, done) {
    const quoted = (characters) => isolated(`\u201c${shownBlank(characters.join(""))}\u201d`);
    const { steps, low, high } = this.search;
    if (!this.passage.length) return ["Write a passage to look up."];
    if (done) {
      const places = this.endings.slice(low, high).sort((a, b) => a - b);
      const found = places.length
        ? ` stands ${counted(places.length, "time")} in the line, at ${places.join(", ")}.`
        : " does not stand in the line: no ending begins with it.";
      return [quoted(this.passage), found, ` That took ${counted(steps.length, "step")}.`];
    }
    if (!step) {
      return [`${counted(this.endings.length, "ending")} in alphabetical order, each with the place where it begins.`];
    }
    const ending = this.characters.slice(this.endings[step.middle]);
    const goes = step.after
      ? "comes before it in the alphabet, so the passage can only stand below"
      : "does not come before it, so the passage stands here or above";
    return [`Step ${this.step}: the middle one of ${step.high - step.low}, `, quoted(ending), `, ${goes}.`];
  }
}

// The poet writes on behind the line, and what of it stands in its books gets a tint.
class CopiesFigure {
  constructor(engine, facts) {
    this.engine = engine;
    this.facts = facts;
    this.seed = 0;
    this.text = "";
    $("write").addEventListener("click", () => this.write());
    if (facts.can_trace) return;
    $("copies-note").textContent = facts.note;
  }

  write() {
    const prompt = $("line").value;
    if (!prompt) return;
    this.seed++;
    [this.text, this.spans, this.prompt] = ["", [], prompt];
    $("write").disabled = true;
    const settings = { tokens: TOKENS, seed: this.seed };
    this.engine.receive({ type: "write", id: this.seed, prompt, settings, forced: [] });
  }

  // An event of the engine that belongs to a text.
  receive(event) {
    if (event.type === "token") this.text += event.text;
    if (event.type === "spans") this.spans = event.spans;
    if (event.type === "error") $("copies-note").textContent = visible(event.message);
    if (event.type === "done") $("write").disabled = false;
    this.show(event.type === "done");
  }

  show(done) {
    const characters = Array.from(this.text);
    const tints = layOut(characters, this.spans, Array.from(this.prompt));
    const books = [...new Set(tints.map((tint) => this._source(tint).book))];
    const hue = (tint) => `c${books.indexOf(this._source(tint).book) % HUES}`;
    const parts = [make("b", {}, visible(this.prompt))];
    let place = 0;
    for (const tint of tints) {
      parts.push(visible(characters.slice(place, tint.start).join("")));
      parts.push(make("mark", { className: hue(tint) }, visible(characters.slice(tint.start, tint.end).join(""))));
      place = tint.end;
    }
    parts.push(visible(characters.slice(place).join("")));
    $("copies").replaceChildren(...parts);
    $("sources").replaceChildren(
      ...tints.map((tint) => {
        const { title, author } = this.facts.books.find(({ id }) => id === this._source(tint).book);
        const passage = characters.slice(tint.start, tint.end).join("").replace(/\s+/g, " ").trim();
        return make(
          "li", {}, make("mark", { className: hue(tint) }, visible(passage)), " stands in ", isolated(title, "cite"),
          author ? make("span", {}, ", ", isolated(author)) : null,
        );
      }),
    );
    if (!done || !this.facts.can_trace) return;
    const copied = tints.reduce((sum, tint) => sum + tint.end - tint.start, 0);
    const all = whole(characters.length), least = this.facts.min_length;
    $("copies-note").textContent = tints.length
      ? `${whole(copied)} of ${all} characters are tinted. A passage counts from ${least} characters on.`
      : `No passage of ${least} or more of these ${all} characters stands in the books.`;
  }

  _source(tint) {
    return this.spans[tint.span].sources[0];
  }
}
