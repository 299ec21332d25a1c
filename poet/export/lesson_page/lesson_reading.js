// What the figures show of one line: its tokens, how much each of them surprised the model, and where its heads looked.
// The program of poet.html (poet/export/page/model.js and its neighbours) computes everything, on the same weights.

// How many of the likeliest tokens a figure shows.
const LIKELIEST = 8;
// How many of the likeliest are looked through for those: a token that is no whole character cannot be shown.
const LOOKED_THROUGH = 64;

// A transformer that keeps what its heads looked at when it read the last token: `attention[layer * heads + head]` has
// a weight for each position so far, and these sum to 1.
class WatchedTransformer extends Transformer {
  // `model` as seen through this class; both have the same weights.
  static of(model) {
    return Object.assign(Object.create(WatchedTransformer.prototype), model, { attention: [] });
  }

  read(token, cache) {
    this.attention = [];
    return super.read(token, cache);
  }

  _mix(query, keys, values, offset, weights, out) {
    super._mix(query, keys, values, offset, weights, out);
    // Transformer._mix leaves the exponentials in `weights`; divided by their sum they are the weights of the mean.
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    this.attention.push(weights.map((weight) => weight / total));
  }
}

// Reads lines with a model. A line that begins as the one before is read from the first change on.
class LineReader {
  constructor(model, tokenizer) {
    this.model = WatchedTransformer.of(model);
    this.tokenizer = tokenizer;
    [this.lineEnd] = tokenizer.encode("\n"); // a single token, whatever the kind
    this.cache = this.model.newCache();
    this.ids = [];
    this.positions = []; // of each token that was read: {stream, attention, bits, probability, instead}
    this.turn = 0;
    this.whole = tokenizer.bytes.map((bytes) => isWholeText(bytes));
  }

  // The tokens of `text`; null when a later call has begun meanwhile. The model sees the end of a line before the text,
  // so that the first token of the text has a probability too. A text that is longer than the window of the model is
  // read to the end of the window.
  async read(text) {
    const turn = ++this.turn;
    const ids = [this.lineEnd, ...this.tokenizer.encode(text)].slice(0, this.model.window);
    let same = 0;
    while (same < Math.min(ids.length, this.positions.length) && ids[same] === this.ids[same]) same++;
    this._forgetFrom(same);
    for (let until = performance.now() + SLICE; this.positions.length < ids.length; ) {
      const id = ids[this.positions.length];
      const chance = this._chance(id);
      const stream = this.model.read(id, this.cache).slice();
      this.ids.push(id);
      this.positions.push({ stream, attention: this.model.attention, ...chance });
      if (performance.now() < until) continue;
      await pause();
      if (turn !== this.turn) return null;
      until = performance.now() + SLICE;
    }
    return this._tokens();
  }

  _forgetFrom(count) {
    this.cache.length = count;
    this.cache.hidden.length = Math.min(this.cache.hidden.length, count);
    this.ids.length = count;
    this.positions.length = count;
  }

  // What the model expected behind the tokens so far: {bits, probability} of the token `id`, and `instead`, the
  // likeliest tokens. The first token, the end of a line, costs nothing.
  _chance(id) {
    if (!this.positions.length) return { bits: 0, probability: 1, instead: [] };
    const probabilities = softmax(this.logitsBehind(this.positions.length - 1));
    const probability = probabilities[id];
    return { bits: -Math.log2(probability), probability, instead: this._likeliest(probabilities) };
  }

  // {id, text, bits, probability, attention, instead} of each token; `text` is what it adds in whole characters.
  _tokens() {
    const characters = new Characters();
    return this.positions.map(({ attention, bits, probability, instead }, place) => {
      const id = this.ids[place];
      return { id, text: characters.push(this.tokenizer.bytes[id]), bits, probability, attention, instead };
    });
  }

  // The scores of all tokens for the place behind the token number `place`.
  logitsBehind(place) {
    return this.model.logits(this.positions[place].stream);
  }

  // The likeliest tokens behind the line at a temperature: {token, text, probability}, the likeliest first.
  next(temperature) {
    const scores = this.logitsBehind(this.positions.length - 1).map((score) => score / temperature);
    return this._likeliest(softmax(scores));
  }

  // A token behind the line, drawn with the dice of `stream`.
  draw(temperature, stream) {
    const settings = { temperature, top_k: 0, top_p: 1, min_p: 0, repetition_penalty: 1 };
    const forbidden = this.whole.map((whole) => !whole);
    return choose(this.logitsBehind(this.positions.length - 1), this.ids, settings, stream, forbidden);
  }

  textOf(token) {
    return WHOLE.decode(this.tokenizer.bytes[token]);
  }

  // Tokens that are no whole characters are passed over: nobody could read them.
  _likeliest(probabilities) {
    const order = Array.from(probabilities.keys()).sort((a, b) => probabilities[b] - probabilities[a]);
    return order
      .slice(0, LOOKED_THROUGH)
      .filter((token) => this.whole[token])
      .slice(0, LIKELIEST)
      .map((token) => ({ token, text: this.textOf(token), probability: probabilities[token] }));
  }
}

// Whether some bytes are characters, at least one, and nothing else.
function isWholeText(bytes) {
  const again = encoder.encode(WHOLE.decode(bytes));
  return bytes.length > 0 && again.length === bytes.length && again.every((byte, i) => byte === bytes[i]);
}

// The bits of a line, its characters, and the bits of a character. `tokens` are those of LineReader.read; the first of
// them is not the line's.
function lineBits(tokens) {
  const bits = tokens.reduce((sum, token) => sum + token.bits, 0);
  const characters = tokens.slice(1).reduce((sum, token) => sum + [...token.text].length, 0);
  return { bits, characters, each: characters ? bits / characters : 0 };
}
