"use strict";
/* Sampling: which token comes next? A model gives scores; to write, somebody has to throw the dice.
 *
 * The rules and the dice are those of poet/generation/sampling.py. So a seed writes here what it writes there, if the
 * weights are float32. With int8 the scores are rounded, and the text soon becomes another one.
 */

// When the window is full, a model that can forget drops 1 / FORGOTTEN of it.
const FORGOTTEN = 8;

const MASK = (1n << 64n) - 1n;

/* The random numbers of one text: Philox4x64-10 (Salmon et al. 2011) as numpy has it. Its state is a counter, and a
 * block of four numbers is the counter, stirred ten times with the key, which is the seed. */
class Philox {
  constructor(seed) {
    this.key = BigInt(seed);
    this.counter = 0n;
    this.block = [];
  }

  /* A number from 0 to 1, without 1: the upper 53 of 64 bits. */
  random() {
    if (!this.block.length) this.block = this._stir(++this.counter);
    return Number(this.block.shift() >> 11n) / 2 ** 53;
  }

  _stir(counter) {
    let [a, b, c, d] = [0n, 64n, 128n, 192n].map((shift) => (counter >> shift) & MASK);
    let left = this.key & MASK, right = (this.key >> 64n) & MASK;
    for (let round = 0; round < 10; round++) {
      const first = a * 0xd2e7470ee14c6c93n, second = c * 0xca5a826395121157n;
      [a, b, c, d] = [(second >> 64n) ^ b ^ left, second & MASK, (first >> 64n) ^ d ^ right, first & MASK];
      left = (left + 0x9e3779b97f4a7c15n) & MASK;
      right = (right + 0xbb67ae8584caa73bn) & MASK;
    }
    return [a, b, c, d];
  }
}

/* Scores to probabilities: positive numbers that sum to 1. */
function softmax(scores) {
  const largest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
  const probabilities = new Float32Array(scores.length);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += probabilities[i] = Math.exp(scores[i] - largest);
  for (let i = 0; i < scores.length; i++) probabilities[i] /= sum;
  return probabilities;
}

/* Choose a token by its logits, behind the tokens of `context`. In this order: repetition penalty, temperature, top_k,
 * top_p and min_p on what is left, one random number of `stream`. `forbidden` marks tokens that are out. */
function choose(logits, context, settings, stream, forbidden = null) {
  const { temperature, top_k, top_p, min_p, repetition_penalty } = settings;
  const scores = Float32Array.from(logits);
  if (forbidden !== null) for (let i = 0; i < scores.length; i++) if (forbidden[i]) scores[i] = -Infinity;
  if (repetition_penalty !== 1) {
    const penalty = Math.fround(repetition_penalty);
    for (const token of new Set(context)) {
      scores[token] = scores[token] > 0 ? scores[token] / penalty : scores[token] * penalty;
    }
  }
  // Greedy: the best token, the first of equals. No random number is drawn.
  if (temperature === 0) return scores.reduce((best, score, token) => (score > scores[best] ? token : best), 0);
  // A low temperature makes differences larger, and the likely tokens likelier.
  const divisor = Math.fround(temperature);
  for (let i = 0; i < scores.length; i++) scores[i] /= divisor;
  if (top_k > 0) {
    const threshold = scores.slice().sort().at(-Math.min(top_k, scores.length));
    for (let i = 0; i < scores.length; i++) if (scores[i] < threshold) scores[i] = -Infinity;
  }
  const probabilities = softmax(scores);
  const least = leastProbability(probabilities, top_p, min_p);
  for (let i = 0; i < probabilities.length; i++) if (probabilities[i] < least) probabilities[i] = 0;
  return draw(probabilities, stream.random());
}

/* The probability below which top_p and min_p drop a token. */
function leastProbability(probabilities, top_p, min_p) {
  if (top_p === 1 && min_p === 0) return 0;
  const falling = Float64Array.from(probabilities).sort().reverse();
  let least = min_p * falling[0];
  if (top_p === 1) return least;
  // A token is kept while those before it have less than top_p together. The one that passes top_p is kept too.
  let sum = 0, kept = falling[0];
  for (const probability of falling) {
    sum += probability;
    if (!(sum - probability < top_p)) break;
    kept = probability;
  }
  return Math.max(least, kept);
}

/* Put the probabilities end to end on a line, and see in which of them the number falls. */
function draw(probabilities, uniform) {
  let total = 0;
  for (const probability of probabilities) total += probability;
  let sum = 0, last = 0;
  for (let token = 0; token < probabilities.length; token++) {
    sum += probabilities[token];
    if (sum > uniform * total) return token;
    if (probabilities[token] > 0) last = token;
  }
  return last; // rounding can put the number behind the end of the line
}

/* Lets no text end up with half a character: forbids every token with which it is no longer the beginning of UTF-8, and
 * what `further`, a CopyGuard, forbids. A state is {unfinished, further}. */
class CharacterGuard {
  constructor(bytes, further = null) {
    this.bytes = bytes;
    this.further = further;
    this.masks = new Map(); // what is forbidden behind each unfinished character
  }

  /* The state behind a text of whole characters, given in bytes. */
  start(text) {
    return { unfinished: [], further: this.further?.start(text) ?? null };
  }

  /* The state after one more token; null if the token is forbidden. */
  advance(state, token) {
    const unfinished = unfinishedAfter(state.unfinished, this.bytes[token]);
    if (unfinished === null) return null;
    const further = this.further === null ? null : this.further.advance(state.further, token);
    return this.further !== null && further === null ? null : { unfinished, further };
  }

  /* Which tokens are forbidden: (V,), 1 for those. */
  forbidden(state) {
    const name = state.unfinished.join();
    if (!this.masks.has(name)) {
      this.masks.set(name, Uint8Array.from(this.bytes, (token) => unfinishedAfter(state.unfinished, token) === null));
    }
    const mask = this.masks.get(name).slice();
    this.further?.forbidden(state.further).forEach((is, token) => (mask[token] |= is));
    return mask;
  }
}

/* The bytes of the unfinished character after `unfinished` and `bytes`; null if no text in UTF-8 goes like this. */
function unfinishedAfter(unfinished, bytes) {
  const pending = unfinished.slice();
  for (const byte of bytes) {
    if (!pending.length) {
      if (sequenceLength(byte) === 0) return null;
    } else if (isLead(byte) || (pending.length === 1 && !canBeSecond(pending[0], byte))) {
      return null;
    }
    pending.push(byte);
    if (pending.length === sequenceLength(pending[0])) pending.length = 0;
  }
  return pending;
}

/* Some leading bytes do not go with every second one: no character is written longer than it must be, none is half of a
 * surrogate pair, and none is above U+10FFFF. */
function canBeSecond(lead, byte) {
  if (lead === 0xe0) return byte >= 0xa0;
  if (lead === 0xed) return byte < 0xa0;
  if (lead === 0xf0) return byte >= 0x90;
  return lead !== 0xf4 || byte < 0x90;
}

/* Keeps a text from copying more than N = `most` characters in one piece. A longer copy has a first passage of N + 1
 * characters; so a token is forbidden if it completes one that is in a book. `passages` has all of them (tracing.js).
 * A state is the end of the text, in bytes. */
class CopyGuard {
  constructor(passages, bytes, most) {
    this.passages = passages;
    this.bytes = bytes;
    this.most = most;
    this.buffer = new Uint8Array(4 * (most + 1) + bytes.reduce((longest, token) => Math.max(longest, token.length), 0));
    this.always = Uint8Array.from(bytes, (token) => this._containsCopy(token));
  }

  start(text) {
    // N + 1 characters of at most four bytes; and nothing before a byte that no book has.
    return text.slice(Math.max(text.lastIndexOf(BOUNDARY) + 1, text.length - 4 * (this.most + 1), 0));
  }

  advance(tail, token) {
    if (this.always[token] || this._completes(tail, this._contexts(tail), this.bytes[token])) return null;
    const joined = new Uint8Array(tail.length + this.bytes[token].length);
    joined.set(tail);
    joined.set(this.bytes[token], tail.length);
    return this.start(joined);
  }

  forbidden(tail) {
    const contexts = this._contexts(tail);
    return Uint8Array.from(this.bytes, (token, id) => this.always[id] || this._completes(tail, contexts, token));
  }

  /* What all tokens share: where the last 0, 1, 2, ... characters of the text begin, and their hashes once known. */
  _contexts(tail) {
    this.buffer.set(tail);
    return { starts: suffixStarts(tail), missing: missingBytes(tail), hashes: [] };
  }

  /* Whether `token` completes a passage of N + 1 characters of a book with one of its characters. */
  _completes(tail, { starts, missing, hashes }, token) {
    this.buffer.set(token, tail.length);
    const ends = characterEnds(token, missing);
    for (let count = 1; count <= Math.min(ends.length, this.most + 1); count++) {
      const needed = this.most + 1 - count, end = tail.length + ends[count - 1];
      if (needed >= starts.length) continue; // the text is shorter
      hashes[needed] ??= extendHash(0, this.buffer, starts[needed], tail.length);
      const hash = extendHash(hashes[needed], this.buffer, tail.length, end);
      if (this.passages.has(hash, this.buffer, starts[needed], end)) return true;
    }
    return false;
  }

  /* Whether the token by itself contains a passage of N + 1 characters of a book. */
  _containsCopy(token) {
    for (let start = 0; start < token.length; start++) {
      if (!isLead(token[start])) continue;
      const ends = characterEnds(token.subarray(start), 0);
      if (ends.length <= this.most) return false;
      const end = start + ends[this.most];
      if (this.passages.has(extendHash(0, token, start, end), token, start, end)) return true;
    }
    return false;
  }
}

/* Continue the ids of a prompt: yields {index, token, logits, state} for each new token, where `state` is that of the
 * guard before it; and null after each token that was only read, so that the caller can do something else in between.
 *
 * `forced` has tokens by their index in the continuation, which are taken in place of the chosen ones. A random number
 * is drawn there all the same. */
function* continuation(model, prompt, settings, guard, start, forced = new Map()) {
  const stream = new Philox(settings.seed);
  const context = Array.from(prompt); // the repetition penalty looks at these
  let pending = context.slice(-model.window);
  let cache = model.newCache(), state = start;
  for (let index = 0; index < settings.tokens; index++) {
    let x = null;
    for (const token of pending) {
      if (x !== null) yield null;
      x = model.read(token, cache);
    }
    const logits = model.logits(x);
    let token = choose(logits, context, settings, stream);
    if (forced.has(index)) token = forced.get(index);
    let after = guard.advance(state, token);
    // Nearly every choice is allowed. If not, a second one is made among the allowed tokens alone.
    if (after === null) {
      if (forced.has(index)) throw new EngineError(`Token ${token} cannot be number ${index} of this text.`);
      const forbidden = guard.forbidden(state);
      if (forbidden.every(Boolean)) throw new EngineError("Every token would copy too much here: allow longer copies.");
      token = choose(logits, context, settings, stream, forbidden);
      after = guard.advance(state, token);
    }
    yield { index, token, logits, state };
    state = after;
    pending = [token];
    context.push(token);
    context.splice(0, context.length - model.window);
    if (cache.length < model.window) continue;
    if (model.canForget) {
      model.forget(cache, Math.max(1, Math.floor(model.window / FORGOTTEN)));
    } else {
      // The window slides: half of it is read again from position 0.
      pending = context.slice(-Math.max(1, Math.floor(model.window / 2)));
      cache = model.newCache(stateAfterSlide(cache, model.window + 1 - pending.length));
    }
  }
}

/* What a yoke with state reads in a window that begins `shift` positions later: for each position, the activations that
 * the token one whole window before it had. Null without such a yoke. */
function stateAfterSlide(cache, shift) {
  if (!cache.hidden.length) return null;
  const read = cache.state ?? cache.hidden.map((hidden) => new Float32Array(hidden.length));
  return [...read.slice(shift), ...cache.hidden.slice(0, shift)];
}
