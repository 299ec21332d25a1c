"use strict";
/* The transformer: a token goes in, a score for every token that may follow comes out.
 *
 * This is poet/model/transformer.py once more, in plain JavaScript, for one text and one position at a time. Every
 * large language model takes these steps; only the sizes differ.
 *
 *   1. A token is a number. The embedding is a table that has a vector of C numbers for each token.
 *   2. The vector runs through the blocks: the residual stream. Each block reads it twice and adds to it twice.
 *      Attention looks back: what in the text so far matters here? The MLP thinks about this one position.
 *   3. The head, a second table, is compared with the vector: one score (logit) for each token of the vocabulary.
 *
 * Letters in comments: C width of the stream, H heads of queries, K heads of keys and values, D width of a head,
 * W width of the MLP, V tokens of the vocabulary.
 *
 * model.js, tokenizer.js, sampling.js, tracing.js, writing.js and engine.js are plain scripts, not modules. The export
 * joins them, in this order, into the one program of a worker, so they share their top-level names.
 */

// What the root mean square norm and the layer norm add, so that they never divide by zero; those of torch.
const RMS_EPSILON = 1.1920928955078125e-7;
const LAYER_EPSILON = 1e-5;
// The slowest pair of a head turns by about 1 / ROTARY_BASE radian for each position, the fastest by one radian.
const ROTARY_BASE = 10000;

/* A matrix in a flat array, row by row. Multiplying it by a vector is nearly all the work of a transformer. */
class Matrix {
  constructor(values, rows, columns) {
    this.values = values;
    this.rows = rows;
    this.columns = columns;
  }

  row(number) {
    return this.values.subarray(number * this.columns, (number + 1) * this.columns);
  }

  /* out[i] = the dot product of row i with x, plus bias[i].
   *
   * Eight rows at once: no sum has to wait for another, and x is read once for all. Twice as fast as one by one. */
  times(x, out, bias) {
    const { values, rows, columns } = this;
    let i = 0;
    for (; i + 7 < rows; i += 8) {
      const at = i * columns;
      let a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0;
      for (let j = 0; j < columns; j++) {
        const y = x[j];
        let k = at + j;
        a += values[k] * y;
        b += values[(k += columns)] * y;
        c += values[(k += columns)] * y;
        d += values[(k += columns)] * y;
        e += values[(k += columns)] * y;
        f += values[(k += columns)] * y;
        g += values[(k += columns)] * y;
        h += values[(k += columns)] * y;
      }
      out.set([a, b, c, d, e, f, g, h], i);
    }
    for (; i < rows; i++) {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += values[i * columns + j] * x[j];
      out[i] = sum;
    }
    if (bias) for (i = 0; i < rows; i++) out[i] += bias[i];
    return out;
  }
}

/* The weights by their name in model.safetensors. `description.tensors` says where each lies in `bytes`: at `values` as
 * float32; or at `values` as whole numbers from -127 to 127, and at `scales` a float32 for each row to multiply them
 * by. A quarter of the size, and hardly worse: no number is off by more than 0.4 % of the largest of its row. */
function readWeights(description, bytes) {
  const weights = new Map();
  const floats = (offset, count) => new Float32Array(bytes.buffer, bytes.byteOffset + offset, count);
  for (const { name, rows, columns, values, scales } of description.tensors) {
    if (scales === null) {
      weights.set(name, new Matrix(floats(values, rows * columns), rows, columns));
      continue;
    }
    const numbers = Float32Array.from(new Int8Array(bytes.buffer, bytes.byteOffset + values, rows * columns));
    const scale = floats(scales, rows);
    for (let i = 0; i < numbers.length; i++) numbers[i] *= scale[Math.floor(i / columns)];
    weights.set(name, new Matrix(numbers, rows, columns));
  }
  return weights;
}

/* The error function, to 1.2e-7 (Press et al., Numerical Recipes, 6.2): as exact as float32. */
const ERF = [
  0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
];

function erf(x) {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  let series = 0;
  for (const coefficient of ERF) series = series * t + coefficient;
  const rest = t * Math.exp(series * t - 1.26551223 - x * x);
  return x >= 0 ? 1 - rest : rest - 1;
}

/* What bends the straight lines: without an activation, the two matrices of an MLP would be no more than one. */
const ACTIVATIONS = {
  relu2: (x) => (x > 0 ? x * x : 0),
  relu: (x) => (x > 0 ? x : 0),
  leaky_relu: (x) => (x > 0 ? x : 0.01 * x),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  swiglu: (x) => x / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};

/* Scale x to root mean square 1. The sizes of what a block reads then never run away, however deep the model is. */
function rmsNorm(x, out) {
  let squares = 0;
  for (let i = 0; i < x.length; i++) squares += x[i] * x[i];
  const scale = 1 / Math.sqrt(squares / x.length + RMS_EPSILON);
  for (let i = 0; i < x.length; i++) out[i] = x[i] * scale;
  return out;
}

/* The older norm: mean 0 and variance 1, then a learned scale and shift. */
function layerNorm(x, out, scale, shift) {
  let mean = 0, variance = 0;
  for (let i = 0; i < x.length; i++) mean += x[i] / x.length;
  for (let i = 0; i < x.length; i++) variance += (x[i] - mean) ** 2 / x.length;
  const factor = 1 / Math.sqrt(variance + LAYER_EPSILON);
  for (let i = 0; i < x.length; i++) out[i] = (x[i] - mean) * factor * scale[i] + (shift ? shift[i] : 0);
  return out;
}

/* Turn the pairs (x[i], x[i + D/2]) by the angles whose cosines and sines are given. */
function rotate(x, cosines, sines, direction) {
  const half = x.length / 2;
  for (let i = 0; i < half; i++) {
    const first = x[i], second = x[i + half], sine = sines[i] * direction;
    x[i] = first * cosines[i] - second * sine;
    x[i + half] = first * sine + second * cosines[i];
  }
}

/* What a model remembers of the text: for each layer the keys and values of all positions so far, at most `window` of
 * them, so that nothing is computed twice. A yoke with state remembers one thing more: `hidden`, its activations at
 * each position, which the next window reads as `state`. */
class Cache {
  constructor(layers, window, width, state) {
    this.length = 0;
    this.keys = Array.from({ length: layers }, () => new Float32Array(window * width));
    this.values = Array.from({ length: layers }, () => new Float32Array(window * width));
    this.hidden = [];
    this.state = state;
  }
}

class Transformer {
  constructor(description, bytes) {
    const config = description.config;
    const weights = readWeights(description, bytes);
    const matrix = (name) => weights.get(name) ?? null;
    const vector = (name) => weights.get(name)?.values ?? null;
    this.window = config.sequence_len;
    this.config = config;
    this.width = config.n_embd;
    this.heads = config.n_head;
    this.keyHeads = config.n_kv_head ?? config.n_head;
    this.headWidth = config.n_embd / config.n_head;
    this.embedding = matrix("embedding.weight");
    this.positions = matrix("positions.weight"); // none where positions are rotations
    this.head = matrix("head.weight") ?? this.embedding; // a tied head is the embedding itself
    this.vocabulary = this.embedding.rows;
    const norm = (name) => ({ scale: vector(`${name}.weight`), shift: vector(`${name}.bias`) });
    this.finalNorm = norm("final_norm");
    this.blocks = Array.from({ length: config.n_layer }, (_, layer) => {
      const part = (name) => `blocks.${layer}.${name}`;
      const linear = (name) => ({ matrix: matrix(part(`${name}.weight`)), bias: vector(part(`${name}.bias`)) });
      const yoke = config.yoke?.layer === layer ? config.yoke : null;
      return {
        attentionNorm: norm(part("attention_norm")),
        mlpNorm: norm(part("mlp_norm")),
        qkv: linear("attention.qkv"),
        out: linear("attention.out"),
        up: linear("mlp.up"),
        down: linear("mlp.down"),
        gate: matrix(part("mlp.gate.weight")), // of a yoke with state
        // A yoke without residual path replaces the stream: everything has to pass through its few numbers.
        replaces: yoke !== null && !yoke.residual,
      };
    });
    // Learned positions cannot move, and the activations of a yoke with state belong to their window.
    this.canForget = this.positions === null && !config.yoke?.state;
    this._angles();
  }

  newCache(state = null) {
    return new Cache(this.blocks.length, this.window, this.keyHeads * this.headWidth, state);
  }

  /* Rotary positions: where a token is, as an angle by which its queries and keys are turned. */
  _angles() {
    const half = this.positions === null ? this.headWidth / 2 : 0;
    this.cosines = new Matrix(new Float32Array(this.window * half), this.window, half);
    this.sines = new Matrix(new Float32Array(this.window * half), this.window, half);
    for (let position = 0, at = 0; position < this.window; position++) {
      for (let pair = 0; pair < half; pair++, at++) {
        const angle = position * ROTARY_BASE ** ((-2 * pair) / this.headWidth);
        this.cosines.values[at] = Math.cos(angle);
        this.sines.values[at] = Math.sin(angle);
      }
    }
  }

  /* Drop the oldest `count` positions; all others move to the front, and their keys turn back by as much. What is kept
   * still carries something of what is gone: it was computed while that was there. */
  forget(cache, count) {
    const width = this.keyHeads * this.headWidth;
    for (const layer of [...cache.keys, ...cache.values]) layer.copyWithin(0, count * width, cache.length * width);
    cache.length -= count;
    const cosines = this.cosines.row(count), sines = this.sines.row(count);
    for (const keys of cache.keys) {
      for (let at = 0; at < cache.length * width; at += this.headWidth) {
        rotate(keys.subarray(at, at + this.headWidth), cosines, sines, -1);
      }
    }
  }

  /* Read one token: the cache grows by its position. Returns the end of the stream, (C,). */
  read(token, cache) {
    const position = cache.length;
    const x = Float32Array.from(this.embedding.row(token)); // (C,) the residual stream
    if (this.positions !== null) {
      const where = this.positions.row(position);
      for (let i = 0; i < x.length; i++) x[i] += where[i];
    }
    if (this.config.norm === "rms") rmsNorm(x, x);
    const normed = new Float32Array(this.width);
    this.blocks.forEach((block, layer) => {
      this._norm(x, normed, block.attentionNorm);
      const mixed = this._attend(block, normed, cache.keys[layer], cache.values[layer], position);
      for (let i = 0; i < x.length; i++) x[i] += mixed[i];
      this._norm(x, normed, block.mlpNorm);
      const thought = this._think(block, normed, cache, position);
      for (let i = 0; i < x.length; i++) x[i] = block.replaces ? thought[i] : x[i] + thought[i];
    });
    cache.length++;
    return this._norm(x, normed, this.finalNorm);
  }

  /* The logits, (V,): how well each token of the vocabulary fits behind what was read. */
  logits(x) {
    const scores = this.head.times(x, new Float32Array(this.vocabulary));
    const cap = this.config.softcap;
    // Squashed smoothly into (-cap, cap), so that the scores of rare tokens cannot run away.
    if (cap) for (let i = 0; i < scores.length; i++) scores[i] = cap * Math.tanh(scores[i] / cap);
    return scores;
  }

  _norm(x, out, { scale, shift }) {
    return this.config.norm === "rms" ? rmsNorm(x, out) : layerNorm(x, out, scale, shift);
  }

  /* Attention: from each position before, this one takes what answers its query.
   *
   * The matrix `qkv` makes a query for each of H heads ("what do I look for?"), and a key ("what am I?") and a value
   * ("what do I tell?") for each of K heads. A query is compared with the keys of all positions so far. Softmax makes
   * weights of the scores, which sum to 1, and the values are added with these weights. */
  _attend(block, x, keys, values, position) {
    const { heads, keyHeads, headWidth } = this;
    const width = keyHeads * headWidth, queries = heads * headWidth;
    const qkv = block.qkv.matrix.times(x, new Float32Array(queries + 2 * width), block.qkv.bias);
    for (let at = 0; at < queries + width; at += headWidth) {
      const head = qkv.subarray(at, at + headWidth);
      // With queries and keys of one size, no score grows without bound.
      if (this.config.qk_norm) rmsNorm(head, head);
      if (this.positions === null) rotate(head, this.cosines.row(position), this.sines.row(position), 1);
    }
    keys.set(qkv.subarray(queries, queries + width), position * width);
    values.set(qkv.subarray(queries + width), position * width);
    const mixed = new Float32Array(queries), weights = new Float32Array(position + 1);
    for (let head = 0; head < heads; head++) {
      // Grouped queries: each head of keys and values serves H / K heads of queries.
      const shared = Math.floor((head * keyHeads) / heads) * headWidth;
      this._mix(qkv.subarray(head * headWidth, (head + 1) * headWidth), keys, values, shared, weights,
        mixed.subarray(head * headWidth, (head + 1) * headWidth));
    }
    return block.out.matrix.times(mixed, new Float32Array(this.width), block.out.bias);
  }

  /* One head: `out` (D,) becomes the mean of the values that begin at `offset`, weighted by softmax(query . key). */
  _mix(query, keys, values, offset, weights, out) {
    const width = this.keyHeads * this.headWidth, scale = 1 / Math.sqrt(this.headWidth);
    let largest = -Infinity;
    for (let t = 0, at = offset; t < weights.length; t++, at += width) {
      let sum = 0;
      for (let i = 0; i < query.length; i++) sum += query[i] * keys[at + i];
      weights[t] = sum * scale;
      if (weights[t] > largest) largest = weights[t];
    }
    let total = 0;
    for (let t = 0; t < weights.length; t++) total += weights[t] = Math.exp(weights[t] - largest);
    for (let t = 0, at = offset; t < weights.length; t++, at += width) {
      const weight = weights[t] / total;
      for (let i = 0; i < out.length; i++) out[i] += weight * values[at + i];
    }
  }

  /* The MLP: up to W numbers, through the activation, and down again. */
  _think(block, x, cache, position) {
    const activate = ACTIVATIONS[this.config.activation];
    const up = block.up.matrix.times(x, new Float32Array(block.up.matrix.rows), block.up.bias);
    const width = block.down.matrix.columns; // half of `up` with SwiGLU: the other half are factors
    const hidden = up.subarray(0, width);
    if (block.gate !== null && cache.state !== null) {
      const before = block.gate.times(cache.state[position], new Float32Array(width));
      for (let i = 0; i < width; i++) hidden[i] += before[i];
    }
    for (let i = 0; i < width; i++) hidden[i] = activate(hidden[i]);
    if (this.config.activation === "swiglu") for (let i = 0; i < width; i++) hidden[i] *= up[width + i];
    if (block.gate !== null) cache.hidden.push(hidden);
    return block.down.matrix.times(hidden, new Float32Array(this.width), block.down.bias);
  }
}
