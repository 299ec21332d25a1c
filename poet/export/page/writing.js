"use strict";
/* A text in progress: what was asked for, checked, and what the page is told of it while it is written. */

// Tokens of a text between two messages with its spans.
const SPANS_EVERY = 4;
// Alternatives of a token that are shown, and how many of the likeliest are asked whether they may stand there.
const ALTERNATIVES = 8;
const CANDIDATES = 64;
const MOST_CHARACTERS = 10000;

/* What a person is told. */
class EngineError extends Error {}

function isWhole(least, most) {
  return (value) => Number.isInteger(value) && value >= least && value <= most;
}

/* The usual value of each setting, and what it may be, as poet/params/sampling.py and poet/serve/request.py say. A link
 * from anywhere may bring them. */
const SETTINGS = {
  temperature: [0.8, (value) => value === 0 || (value >= 0.001 && value <= 10), "0, or from 0.001 to 10"],
  top_k: [0, isWhole(0, 1e6), "a whole number from 0 to 1000000"],
  top_p: [1, (value) => value > 0 && value <= 1, "above 0 and at most 1"],
  min_p: [0, (value) => value >= 0 && value < 1, "at least 0 and below 1"],
  repetition_penalty: [1, (value) => value >= 1 && value <= 100, "from 1 to 100"],
  max_copy: [0, isWhole(0, 1000), "a whole number from 0 to 1000"],
  tokens: [300, isWhole(1, 5000), "a whole number from 1 to 5000"],
};

/* The settings of a request, those that are missing filled up; EngineError names the first wrong one. */
function checkedSettings(given) {
  const settings = {};
  for (const [name, [usual, fits, range]] of Object.entries(SETTINGS)) {
    const value = given[name] ?? usual;
    if (typeof value !== "number" || !fits(value)) throw new EngineError(`${name} should be ${range}.`);
    settings[name] = value;
  }
  // A number of JavaScript is exact up to 2^53; a larger seed comes as a text.
  const seed = String(given.seed ?? 1);
  if (!/^\d{1,19}$/.test(seed) || BigInt(seed) >= 2n ** 63n) {
    throw new EngineError("seed should be a whole number below 2^63.");
  }
  return { ...settings, seed: BigInt(seed) };
}

function checkedPrompt(prompt) {
  if (typeof prompt !== "string" || prompt === "") {
    throw new EngineError("The prompt is empty: give it a word to begin with.");
  }
  if ([...prompt].length > MOST_CHARACTERS) {
    throw new EngineError(`The prompt has more than ${MOST_CHARACTERS} characters.`);
  }
  return prompt;
}

/* Tokens by their index in the continuation, which are taken in place of the chosen ones. */
function checkedChoices(forced, vocabulary) {
  const choices = new Map(forced);
  for (const token of choices.values()) {
    if (!isWhole(0, vocabulary - 1)(token)) throw new EngineError("There is no such token.");
  }
  return choices;
}

/* One text in progress. `step` reads or writes one token; it is called until `finished`. */
class Writing {
  constructor(engine, id, prompt, settings, forced, guard) {
    this.engine = engine;
    this.id = id;
    this.guard = guard;
    this.began = performance.now();
    this.count = 0; // tokens so far
    this.length = 0; // characters so far
    this.text = "";
    this.traced = 0; // code units of the text that the tracer has
    this.tracer = null;
    this.shown = "[]"; // the spans that the page knows
    this.finished = false;
    this.characters = new Characters();
    const ids = engine.tokenizer.encode(prompt);
    const start = guard.start(engine.tokenizer.join(ids));
    this.tokens = continuation(engine.model, ids, settings, guard, start, forced);
  }

  step() {
    const { value, done } = this.tokens.next();
    if (done) this.finished = true;
    else if (value !== null) this._tell(value);
  }

  _tell({ index, token, logits, state }) {
    const text = this.characters.push(this.engine.tokenizer.bytes[token]);
    const start = this.length;
    this.text += text;
    this.length += [...text].length;
    this.count++;
    const { alternatives, probability } = this._alternatives(logits, state, token);
    this.engine.post({
      type: "token", id: this.id, index, token, text, alternatives, probability, start, end: this.length,
    });
    if (this.count % SPANS_EVERY === 0) this.trace();
  }

  /* The likeliest tokens that may stand here, and the probability of the one that does. Probabilities are those of the
   * model itself, before temperature and limits. */
  _alternatives(logits, state, token) {
    const probabilities = softmax(logits);
    const alternatives = [];
    for (const other of likeliest(probabilities)) {
      if (this.guard.advance(state, other) === null) continue;
      alternatives.push({ token: other, text: this._shown(state, other), probability: probabilities[other] });
      if (alternatives.length === ALTERNATIVES) break;
    }
    return { alternatives, probability: probabilities[token] };
  }

  /* A token as a person reads it: behind the unfinished character that it may complete. */
  _shown(state, token) {
    const bytes = Uint8Array.from([...state.unfinished, ...this.engine.tokenizer.bytes[token]]);
    return WHOLE.decode(bytes);
  }

  /* Tell the page which passages of the text so far stand in the books, if that has changed. */
  trace() {
    if (this.engine.passages === null) return;
    this.tracer ??= new Tracer(this.engine.passages);
    this.tracer.add(this.text.slice(this.traced));
    this.traced = this.text.length;
    const spans = this.tracer.spans();
    const shown = JSON.stringify(spans);
    if (shown === this.shown) return;
    this.shown = shown;
    this.engine.post({ type: "spans", id: this.id, spans });
  }

  end(reason) {
    this.finished = true;
    this.trace();
    const seconds = (performance.now() - this.began) / 1000;
    this.engine.post({ type: "done", id: this.id, reason, tokens: this.count, seconds });
  }
}

/* The tokens from the likeliest on, found one by one: hardly ever more than a few are asked for. */
function* likeliest(probabilities) {
  const taken = new Set();
  while (taken.size < Math.min(CANDIDATES, probabilities.length)) {
    let best = -1;
    for (let token = 0; token < probabilities.length; token++) {
      if ((best < 0 || probabilities[token] > probabilities[best]) && !taken.has(token)) best = token;
    }
    taken.add(best);
    yield best;
  }
}
