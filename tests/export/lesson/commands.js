/* Behind harness.js: what the figures of the lesson compute, for Python. */

Object.assign(COMMANDS, {
  reader: ({ description, weights, tokenizer }) => {
    had.reader = new LineReader(new Transformer(description, asBytes(weights)), new Tokenizer(tokenizer));
    return had.reader.whole;
  },
  read: async ({ text }) => {
    const tokens = await had.reader.read(text);
    return tokens.map((token) => ({ ...token, attention: token.attention.map((weights) => Array.from(weights)) }));
  },
  /* Two readings at once, by a clock that runs so fast that each pauses behind every token. */
  readBoth: async ({ texts }) => {
    let seconds = 0;
    performance.now = () => 1000 * seconds++;
    try {
      return await Promise.all(texts.map((text) => had.reader.read(text)));
    } finally {
      delete performance.now;
    }
  },
  next: ({ temperature }) => had.reader.next(temperature),
  draws: ({ temperature, seed, count }) => {
    const stream = new Philox(seed);
    return Array.from({ length: count }, () => had.reader.draw(temperature, stream));
  },
  endings: ({ text }) => sortEndings(Array.from(text)),
  search: ({ text, passage }) => {
    const characters = Array.from(text);
    return searchEndings(characters, sortEndings(characters), Array.from(passage));
  },
});
