"use strict";
/* The engine: model, tokenizer, sampling and tracing behind one protocol of messages. It runs in a worker, so that the
 * page never waits for it.
 *
 * The page first sends the blocks that it holds, as texts: {type: "open", blocks: {facts, model, tokenizer, books,
 * weights, text}}. The last two are base64, the others JSON. The answer is "ready". From then on:
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
    if (this.facts.can_trace) this.prepare(JSON.parse(books), text);
    this.post({ type: "ready", facts: this.facts });
  }

  /* Begin to unpack the books and to prepare them for tracing; nothing waits for it. */
  prepare(books, text) {
    this.books = pause()
      .then(() => unpack(bytesOfBase64(text)))
      .then((bytes) => new Books(books, bytes));
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
    const choices = checkedChoices(forced ?? [], this.tokenizer.size);
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
      // First: of two texts that are asked for together, the second begins with the first.
      await pause();
      const until = performance.now() + SLICE;
      do {
        for (const writing of this.writings.values()) this.step(writing);
      } while (this.writings.size && performance.now() < until);
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
