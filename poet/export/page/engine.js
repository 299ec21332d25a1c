"use strict";
/* The engine: model, tokenizer, sampling and tracing behind one protocol of messages. It runs in a worker, so that the
 * page never waits for it.
 *
 * The page first sends the blocks that it holds, as texts: {type: "open", blocks: {facts, model, tokenizer, books, weights,
 * text}}. The last two are base64, the others JSON. The answer is "ready". From then on:
 *
 *   page -> engine   write {id, prompt, settings, forced}, stop {id}, passage {id, book, start, end}, line {id}
 *   engine -> page   token, spans, done, passage, line, error; each with the id of the message that it answers
 *
 * Every text ends with exactly one "done", also after an "error". Several can be written at the same time.
 *
 * A text can be begun at once. The books are unpacked and prepared for tracing meanwhile, in parts between two tokens;
 * their spans come when that is done, and `done` comes after them.
 */

// Milliseconds of work between two looks at what the page has sent.
const SLICE = 12;
// Tokens of a text between two messages with its spans.
const SPANS_EVERY = 4;
const ALTERNATIVES = 8;
const MOST_CHARACTERS = 10000;
const MOST_TOKENS = 5000;
const MOST_COPY = 1000;

/* What a person is told. */
class EngineError extends Error {}

function bytesOfBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function unpack(bytes) {
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

/* Lets other messages in. A timer would wait four milliseconds; a message to oneself comes at once. */
function pause() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/* What settings may be, as poet/params/sampling.py and poet/serve/request.py say. A link from anywhere may bring them. */
const SETTINGS = {
  temperature: [0.8, (value) => value === 0 || (value >= 0.001 && value <= 10), "0, or from 0.001 to 10"],
  top_k: [0, (value) => Number.isInteger(value) && value >= 0 && value <= 1e6, "a whole number from 0 to 1,000,000"],
  top_p: [1, (value) => value > 0 && value <= 1, "above 0 and at most 1"],
  min_p: [0, (value) => value >= 0 && value < 1, "at least 0 and below 1"],
  repetition_penalty: [1, (value) => value >= 1 && value <= 100, "from 1 to 100"],
  max_copy: [0, (value) => Number.isInteger(value) && value >= 0 && value <= MOST_COPY, `a whole number from 0 to ${MOST_COPY}`],
  tokens: [300, (value) => Number.isInteger(value) && value >= 1 && value <= MOST_TOKENS, `a whole number from 1 to ${MOST_TOKENS}`],
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
  if (!/^\d{1,19}$/.test(seed) || BigInt(seed) >= 2n ** 63n) throw new EngineError("seed should be a whole number below 2^63.");
  return { ...settings, seed: BigInt(seed) };
}

function checkedPrompt(prompt) {
  if (typeof prompt !== "string" || prompt === "") throw new EngineError("The prompt is empty: give it a word to begin with.");
  if ([...prompt].length > MOST_CHARACTERS) {
    throw new EngineError(`The prompt has more than ${MOST_CHARACTERS} characters.`);
  }
  return prompt;
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

  /* The likeliest tokens that may stand here, and the probability of the one that does: those of the model itself, before
   * temperature and limits. */
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
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
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

/* The tokens from the likeliest to the least likely, found one by one: hardly ever more than a few are asked for. */
function* likeliest(probabilities) {
  const taken = new Set();
  while (taken.size < probabilities.length) {
    let best = -1;
    for (let token = 0; token < probabilities.length; token++) {
      if ((best < 0 || probabilities[token] > probabilities[best]) && !taken.has(token)) best = token;
    }
    taken.add(best);
    yield best;
  }
}

class Engine {
  constructor(post) {
    this.post = post;
    this.writings = new Map(); // by id, while they are written
    this.waiting = new Set(); // ids of texts that wait for the books
    this.books = null; // a promise of Books; null where the page has none
    this.passages = null; // what tracing looks up, once it is filled
    this.copies = null; // {most, passages}: a promise of what the copy guard looks up
    this.running = false;
  }

  /* Every message of the page. What goes wrong is told with the id of the message. */
  async receive(message) {
    try {
      if (message.type === "open") this.open(message.blocks);
      else if (message.type === "write") await this.write(message);
      else if (message.type === "stop") this.stop(message.id);
      else if (message.type === "passage") await this.passage(message);
      else if (message.type === "line") await this.line(message);
    } catch (error) {
      this.fail(message.id ?? null, error);
      if (message.type === "write") this.end(message.id, "error");
    }
  }

  fail(id, error) {
    const text = error instanceof EngineError ? error.message : `The engine failed: ${error.message}`;
    this.post({ type: "error", id, message: text });
  }

  open({ facts, model, tokenizer, books, weights, text }) {
    this.facts = JSON.parse(facts);
    this.tokenizer = new Tokenizer(JSON.parse(tokenizer));
    this.model = new Transformer(JSON.parse(model), bytesOfBase64(weights));
    this.post({ type: "ready", facts: this.facts });
    if (!this.facts.can_trace) return;
    this.books = unpack(bytesOfBase64(text)).then((bytes) => new Books(JSON.parse(books), bytes));
    this.tracing = this.books
      .then((found) => this.fill(new Passages(found, this.facts.min_length)))
      .then((passages) => (this.passages = passages));
    this.tracing.catch((error) => this.fail(null, error));
  }

  /* Fill a table of passages between other work. */
  async fill(passages) {
    let until = performance.now() + SLICE;
    for (const _ of passages.fill()) {
      if (performance.now() < until) continue;
      await pause();
      until = performance.now() + SLICE;
    }
    return passages;
  }

  async write({ id, prompt, settings, forced }) {
    const checked = checkedSettings(settings ?? {});
    const begun = checkedPrompt(prompt);
    const choices = new Map(forced ?? []);
    for (const token of choices.values()) {
      if (!Number.isInteger(token) || token < 0 || token >= this.tokenizer.size) throw new EngineError("There is no such token.");
    }
    this.waiting.add(id);
    const guard = new CharacterGuard(this.tokenizer.bytes, await this.copyGuard(checked.max_copy));
    // It may have been stopped while it waited for the books.
    if (!this.waiting.delete(id)) return;
    this.writings.set(id, new Writing(this, id, begun, checked, choices, guard));
    this.run();
  }

  /* The guard that lets no more than `most` characters be copied; null for 0, which means no limit. */
  async copyGuard(most) {
    if (most === 0) return null;
    if (this.books === null) throw new EngineError("This page has no books, so it cannot limit what is copied.");
    if (this.copies?.most !== most) {
      const passages = most + 1 === this.facts.min_length
        ? this.tracing
        : this.books.then((books) => this.fill(new Passages(books, most + 1)));
      this.copies = { most, guard: passages.then((found) => new CopyGuard(found, this.tokenizer.bytes, most)) };
    }
    return this.copies.guard;
  }

  /* The end of a text that was not begun. */
  end(id, reason) {
    this.waiting.delete(id);
    this.post({ type: "done", id, reason, tokens: 0, seconds: 0 });
  }

  stop(id) {
    if (this.waiting.has(id)) this.end(id, "stopped");
    const writing = this.writings.get(id);
    if (writing === undefined) return;
    this.writings.delete(id);
    writing.end("stopped");
  }

  async passage({ id, book, start, end }) {
    if (this.books === null) throw new EngineError("This page has no books.");
    this.post({ type: "passage", id, ...(await this.books).passage(book, start, end) });
  }

  async line({ id }) {
    if (this.books === null) throw new EngineError("This page has no books.");
    const line = (await this.books).line();
    if (line === null) throw new EngineError("No line of the books was found to begin with.");
    this.post({ type: "line", id, ...line });
  }

  /* Write all texts, one token of each in turn, until there are none. */
  async run() {
    if (this.running) return;
    this.running = true;
    while (this.writings.size) {
      const until = performance.now() + SLICE;
      do {
        for (const writing of this.writings.values()) this.step(writing);
      } while (this.writings.size && performance.now() < until);
      await pause();
    }
    this.running = false;
  }

  step(writing) {
    try {
      writing.step();
    } catch (error) {
      this.writings.delete(writing.id);
      this.fail(writing.id, error);
      writing.end("error");
      return;
    }
    if (!writing.finished) return;
    this.writings.delete(writing.id);
    // The spans come before the end, also where the text was faster than the books.
    (this.tracing ?? Promise.resolve()).then(() => writing.end("length"), () => writing.end("length"));
  }
}

// In a worker, the page is at the other end. A test makes an engine of its own.
if (typeof WorkerGlobalScope !== "undefined") {
  const engine = new Engine((message) => self.postMessage(message));
  self.onmessage = ({ data }) => engine.receive(data);
}
