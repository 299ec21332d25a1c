/* For tests: behind the program of the worker, in one file with it. Answers one line of JSON for each line of JSON. */

const asBytes = (text) => bytesOfBase64(text);
const asSettings = (given) => checkedSettings(given);
const had = {}; // what earlier requests have loaded

const drain = (steps) => {
  for (const _ of steps);
};

const COMMANDS = {
  random: ({ seed, count }) => {
    const stream = new Philox(seed);
    return Array.from({ length: count }, () => stream.random());
  },
  choose: ({ cases }) => cases.map(({ logits, context, settings, forbidden }) =>
    choose(Float32Array.from(logits), context, asSettings(settings), new Philox(settings.seed), forbidden ?? null)),
  model: ({ description, weights }) => {
    had.model = new Transformer(description, asBytes(weights));
    return had.model.canForget;
  },
  logits: ({ ids }) => {
    const cache = had.model.newCache();
    return ids.map((id) => Array.from(had.model.logits(had.model.read(id, cache))));
  },
  continue: ({ prompt, settings, forced, tokens }) => {
    const bytes = tokens.map(asBytes);
    const guard = new CharacterGuard(bytes), start = guard.start(new Uint8Array(0));
    const steps = continuation(had.model, prompt, asSettings(settings), guard, start, new Map(forced));
    return [...steps].filter((step) => step !== null).map(({ token }) => token);
  },
  tokenizer: ({ description }) => {
    had.tokenizer = new Tokenizer(description);
    return had.tokenizer.bytes.map((bytes) => Array.from(bytes));
  },
  encode: ({ texts }) => texts.map((text) => had.tokenizer.encode(text)),
  books: ({ list, content, characters }) => {
    had.passages = new Passages(new Books(list, asBytes(content)), characters);
    drain(had.passages.fill());
    return had.passages.books.starts;
  },
  spans: ({ pieces }) => {
    const tracer = new Tracer(had.passages);
    return pieces.map((piece) => {
      tracer.add(piece);
      return tracer.spans();
    });
  },
  passage: ({ id, start, end }) => had.passages.books.passage(id, start, end),
  guard: ({ tokens, most }) => {
    had.guard = new CopyGuard(had.passages, tokens.map(asBytes), most);
    return null;
  },
  masks: ({ texts }) => texts.map((text) => {
    const state = had.guard.start(asBytes(text));
    const advanced = had.guard.bytes.map((_, token) => had.guard.advance(state, token) === null);
    return { forbidden: Array.from(had.guard.forbidden(state), Boolean), advanced };
  }),
  unfinished: ({ pairs }) => pairs.map(([before, bytes]) =>
    unfinishedAfter(Array.from(asBytes(before)), asBytes(bytes))),
  /* A whole engine: its events until every text that was begun has ended and every question has its answer. A message
   * is sent `after` so many events. */
  engine: ({ blocks, messages }) => new Promise((resolve) => {
    const events = [], unsent = [...messages];
    setTimeout(() => resolve([...events, { type: "late" }]), 30000).unref();
    let expected = messages.filter(({ type }) => type !== "stop").length;
    const engine = new Engine((event) => {
      events.push(event);
      if (["done", "passage", "line"].includes(event.type)) expected--;
      if (expected === 0) setTimeout(() => resolve(events), 50);
      while (unsent.length && (unsent[0].after ?? 1) <= events.length) engine.receive(unsent.shift());
    });
    engine.receive({ type: "open", blocks });
  }),
};

let waiting = Promise.resolve();
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { command, ...request } = JSON.parse(line);
  waiting = waiting.then(async () => {
    let answer;
    try {
      answer = { value: (await COMMANDS[command](request)) ?? null };
    } catch (error) {
      answer = { error: error.stack };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  });
});
