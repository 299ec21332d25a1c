// The figures about one line: its tokens, what may come next, what surprised the model, where a head looks.

// What a blank is shown by: nobody sees where a token with a blank begins.
const shownBlank = (text) => visible(text).replaceAll(" ", "\u00b7").replaceAll("\n", "\u21b5");
const spokenText = (token, place) => (place === 0 ? "end of the line before" : token.text.trim() || "white space");
const shownText = (token) => shownBlank(token.text) || "\u2026"; // a part of a character cannot be shown

// A row of tokens as buttons. `paint(token, place)` gives {share, label}: how strong the tint is, from 0 to 1, and what
// a screen reader says behind the token. `pick(place)` is called when a reader chooses a token.
function tokenRow(element, tokens, { first = 1, paint, pick, picked = null }) {
  const focused = Number(element.querySelector(":focus")?.dataset.place ?? -1);
  const parts = [];
  tokens.forEach((token, place) => {
    if (place < first) return;
    const { share = 0, label = "", below = null } = paint(token, place);
    const button = makeButton("", () => pick(place), { className: "token" });
    button.append(make("bdi", {}, shownText(token)), ...(below === null ? [] : [make("small", {}, below)]));
    button.dataset.place = place;
    button.style.setProperty("--share", `${Math.round(100 * Math.min(1, Math.max(0, share)))}%`);
    button.setAttribute("aria-label", `${visible(spokenText(token, place))}${label}`);
    button.setAttribute("aria-pressed", String(place === picked));
    parts.push(button);
    if (place > 0 && token.text.endsWith("\n")) parts.push(make("br"));
  });
  element.replaceChildren(...parts);
  element.querySelector(`[data-place="${focused}"]`)?.focus();
}

// Bars of the likeliest tokens; `pick` is called with a token, null where nobody can choose.
function tokenBars(element, likeliest, pick) {
  const most = likeliest[0]?.probability ?? 1;
  element.replaceChildren(
    ...likeliest.map(({ token, text, probability }) => {
      const word = make("bdi", { className: "word" }, shownBlank(text));
      const share = make("span", { className: "percent" }, percent(probability));
      const bar = make("span", { className: "bar" });
      bar.style.setProperty("--share", `${(100 * probability) / most}%`);
      const looks = { className: "choice" };
      const row = pick === null ? make("span", looks) : makeButton("", () => pick(token), looks);
      row.append(word, bar, share);
      return make("li", {}, row);
    }),
  );
}

const bitsOf = (bits) => `${bits.toFixed(1)} bits`;
// The most bits that a tint tells apart: a token of one in a thousand.
const MOST_BITS = 10;

// A line on the page, and the figures that follow it.
class LineFigures {
  constructor(reader, facts) {
    this.reader = reader;
    this.facts = facts;
    this.tokens = [];
    this.stream = new Philox(BigInt(Date.now()));
    this.surprising = null; // the token whose surprise is explained; null: the most surprising one
    this.looking = null; // the token from which a head looks; null: the last one
    this._fillHeads();
    $("line").addEventListener("input", () => this.change());
    $("temperature").addEventListener("input", () => this.showNext());
    $("head").addEventListener("change", () => this.showAttention());
    $("draw").addEventListener("click", () => this.append(this.reader.draw(this.temperature, this.stream)));
  }

  get temperature() {
    return Number($("temperature").value);
  }

  async change() {
    const tokens = await this.reader.read($("line").value);
    if (tokens === null) return; // the line has changed again
    this.tokens = tokens;
    [this.surprising, this.looking] = [null, null];
    this.showTokens();
    this.showNext();
    this.showSurprise();
    this.showAttention();
  }

  append(token) {
    $("line").value = `${$("line").value}${this.reader.textOf(token)}`.slice(-$("line").maxLength);
    this.change();
  }

  showTokens() {
    const { characters } = lineBits(this.tokens);
    const paint = ({ id }) => ({ below: String(id), label: `, number ${id}` });
    tokenRow($("tokens"), this.tokens, { paint, pick: () => $("line").focus() });
    const count = this.tokens.length - 1, size = whole(this.reader.tokenizer.size);
    const isFull = this.tokens.length === this.reader.model.window;
    $("tokens-note").textContent =
      `${counted(characters, "character")}, ${counted(count, "token")}. The list of this poet has ${size} tokens.` +
      (isFull ? " The poet sees no more than this at once, so the rest is left out." : "");
  }

  showNext() {
    const { temperature } = this;
    $("temperature-value").textContent = temperature.toFixed(1);
    const likeliest = this.reader.next(temperature);
    tokenBars($("next"), likeliest, (token) => this.append(token));
    const sum = likeliest.reduce((all, { probability }) => all + probability, 0);
    $("next-note").textContent = `These have ${percent(sum)} together; all other tokens share the rest.`;
  }

  showSurprise() {
    const { bits, characters, each } = lineBits(this.tokens);
    const ranked = Array.from(this.tokens.keys()).sort((a, b) => this.tokens[b].bits - this.tokens[a].bits);
    const picked = this.surprising ?? ranked[0];
    const paint = (token) => ({ share: token.bits / MOST_BITS, label: `, ${bitsOf(token.bits)}` });
    const pick = (place) => {
      this.surprising = place;
      this.showSurprise();
    };
    tokenRow($("surprise"), this.tokens, { paint, pick, picked });
    const measured = this.facts.bits_per_character;
    $("surprise-sum").textContent = characters
      ? `${bitsOf(bits)} for ${counted(characters, "character")}: ${each.toFixed(2)} bits per character.` +
        (measured === null ? "" : ` On text that it never read, this poet needs ${measured.toFixed(2)}.`)
      : "Write a line above.";
    $("surprise-token").hidden = picked === 0;
    if (picked === 0) return;
    const token = this.tokens[picked];
    $("surprise-note").replaceChildren(
      isolated(`\u201c${shownText(token)}\u201d`),
      ` had ${percent(token.probability)}: ${bitsOf(token.bits)}. The poet expected:`,
    );
    tokenBars($("instead"), token.instead.slice(0, 4), null);
  }

  showAttention() {
    const picked = this.looking ?? this.tokens.length - 1;
    const weights = this.tokens[picked].attention[Number($("head").value)];
    const largest = Math.max(...weights);
    const paint = (_, place) => {
      if (place > picked) return { label: ", not seen" };
      return { share: weights[place] / largest, label: `, ${percent(weights[place])}` };
    };
    const pick = (place) => {
      this.looking = place;
      this.showAttention();
    };
    tokenRow($("attention"), this.tokens, { first: 0, paint, pick, picked });
    const most = Array.from(weights.keys()).sort((a, b) => weights[b] - weights[a]).slice(0, 3);
    $("attention-note").replaceChildren(
      "At ", isolated(`\u201c${shownText(this.tokens[picked])}\u201d`), " this head looks most at ",
      ...most.flatMap((place, i) => [
        i ? ", " : "", isolated(`\u201c${shownText(this.tokens[place])}\u201d`), ` (${percent(weights[place])})`,
      ]),
      ".",
    );
  }

  _fillHeads() {
    const { blocks, heads } = this.reader.model;
    for (let number = 0; number < blocks.length * heads; number++) {
      const words = `layer ${Math.floor(number / heads) + 1}, head ${(number % heads) + 1}`;
      $("head").append(make("option", { value: number }, words));
    }
  }
}
