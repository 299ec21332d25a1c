"use strict";
/* The tokenizer: text to numbers and back. All six kinds of poet/tokenizers/kinds.py, with the same ids.
 *
 *   char      one token per character           byte      one token per byte of UTF-8
 *   word      whole words                       bpe       byte-pair encoding inside words
 *   ngram     frequent runs of characters       bytegram  frequent runs of bytes
 *
 * The kinds on the right know bytes alone, and so does the rest of this program: a token may end within a character.
 */

const BYTE_KINDS = new Set(["byte", "bpe", "bytegram"]);
// A score for a character that no token of an n-gram vocabulary has: this much below the worst token.
const UNKNOWN_PENALTY = 10;

const encoder = new TextEncoder();
// ignoreBOM: U+FEFF is a character like any other.
const WHOLE = new TextDecoder("utf-8", { ignoreBOM: true });

/* The letter by which a byte-level vocabulary writes each byte: the byte's own letter where that is visible, else the
 * next free one from U+0100 on (GPT-2's table). */
const BYTE_LETTERS = (() => {
  let next = 0x100;
  const visible = (byte) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(visible(byte) ? byte : next++));
})();

/* The name of the token that spells one byte of a character outside the vocabulary: <0x41>. */
function byteName(byte) {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
}

class Tokenizer {
  /* `tokens` are the names of all tokens by id. The others are there as the kind needs them: `pattern` cuts a text into
   * pieces, `merges` are pairs of ids in the order in which they are merged, `scores` are those of n-grams, `unknown`
   * is the id of all words that are not in the vocabulary. */
  constructor({ kind, tokens, pattern, merges, scores, unknown }) {
    this.kind = kind;
    this.pattern = pattern === null ? null : new RegExp(pattern, "gu");
    this.unknown = unknown;
    this.ids = new Map(tokens.map((token, id) => [token, id]));
    this.bytes = this._bytesOf(tokens);
    this.scores = scores;
    if (scores !== null) {
      this.unknownScore = scores.reduce((least, score) => Math.min(least, score)) - UNKNOWN_PENALTY;
      this.longest = tokens.reduce((most, token) => Math.max(most, [...token].length), 0);
    }
    this.merges = new Map();
    merges?.forEach(([first, second], rank) => {
      const merged = this.ids.get(tokens[first] + tokens[second]);
      this.merges.set(this._pair(first, second), { rank, merged });
    });
  }

  get size() {
    return this.bytes.length;
  }

  /* The bytes that each token adds to a text; none for token 0, which separates books. */
  _bytesOf(tokens) {
    const ofLetter = new Map(BYTE_LETTERS.map((letter, byte) => [letter, byte]));
    const ofName = new Map(BYTE_LETTERS.map((_, byte) => [byteName(byte), byte]));
    return tokens.map((token, id) => {
      if (id === 0) return new Uint8Array(0);
      if (BYTE_KINDS.has(this.kind)) return Uint8Array.from(token, (letter) => ofLetter.get(letter));
      return ofName.has(token) ? Uint8Array.of(ofName.get(token)) : encoder.encode(token);
    });
  }

  /* The ids of a text. */
  encode(text) {
    const whole = WHOLE.decode(encoder.encode(text)); // half of a surrogate pair becomes U+FFFD
    const pieces = this.pattern === null ? [whole] : (whole.match(this.pattern) ?? []);
    return pieces.flatMap((piece) => this._encodePiece(piece));
  }

  _encodePiece(piece) {
    if (this.kind === "word") return [this.ids.get(piece) ?? this.unknown];
    const letters = BYTE_KINDS.has(this.kind)
      ? Array.from(encoder.encode(piece), (byte) => BYTE_LETTERS[byte])
      : Array.from(piece);
    if (this.scores !== null) return this._bestPath(letters).flatMap((token) => this._spell(token));
    return this._merge(letters.flatMap((letter) => this._spell(letter)));
  }

  /* The id of a token; for characters that the vocabulary lacks, the ids of their bytes. */
  _spell(token) {
    const id = this.ids.get(token);
    return id !== undefined ? [id] : Array.from(encoder.encode(token), (byte) => this.ids.get(byteName(byte)));
  }

  _pair(first, second) {
    return first * this.ids.size + second;
  }

  /* Byte-pair encoding: as long as there are pairs that the training merged, merge the one that it merged first. */
  _merge(ids) {
    if (!this.merges.size) return ids;
    for (;;) {
      let best = null, place = -1;
      for (let i = 0; i + 1 < ids.length; i++) {
        const merge = this.merges.get(this._pair(ids[i], ids[i + 1]));
        if (merge && (best === null || merge.rank < best.rank)) [best, place] = [merge, i];
      }
      if (best === null) return ids;
      ids.splice(place, 2, best.merged);
    }
  }

  /* The segmentation of `letters` whose scores have the highest sum (Viterbi 1967): the best way to each place is the
   * best way to some place before, and one token more. Unknown letters side by side become one piece. */
  _bestPath(letters) {
    const best = [{ score: 0, from: 0, known: true }];
    const offer = (place, score, from, known) => {
      if (best[place] === undefined || score > best[place].score) best[place] = { score, from, known };
    };
    for (let start = 0; start < letters.length; start++) {
      const here = best[start].score;
      let token = "", single = false;
      for (let end = start + 1; end <= Math.min(start + this.longest, letters.length); end++) {
        token += letters[end - 1];
        const id = this.ids.get(token);
        if (id === undefined) continue;
        offer(end, this.scores[id] + here, start, true);
        if (end === start + 1) single = true;
      }
      if (!single) offer(start + 1, this.unknownScore + here, start, false);
    }
    const tokens = [];
    for (let end = letters.length; end > 0; ) {
      let start = best[end].from;
      if (!best[end].known) while (start > 0 && !best[start].known) start = best[start].from;
      tokens.push(letters.slice(start, end).join(""));
      end = start;
    }
    return tokens.reverse();
  }

  /* The bytes of some tokens, one after another. */
  join(ids) {
    const joined = new Uint8Array(ids.reduce((sum, id) => sum + this.bytes[id].length, 0));
    let at = 0;
    for (const id of ids) {
      joined.set(this.bytes[id], at);
      at += this.bytes[id].length;
    }
    return joined;
  }
}

/* Whole characters from bytes that come in pieces: what is unfinished waits for the next piece. */
class Characters {
  constructor() {
    this.decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  }

  push(bytes) {
    return this.decoder.decode(bytes, { stream: true });
  }
}

/* Where characters begin and end in UTF-8. A character is a leading byte, which says how many bytes it has, and up to
 * three continuation bytes 10xxxxxx. */
function isLead(byte) {
  return (byte & 0xc0) !== 0x80;
}

/* How many bytes the character has that begins with `lead`; 0 if none does. */
function sequenceLength(lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

/* How many bytes the last character of `text` still needs. */
function missingBytes(text) {
  for (let present = 1; present <= Math.min(3, text.length); present++) {
    const byte = text[text.length - present];
    if (isLead(byte)) return Math.max(0, sequenceLength(byte) - present);
  }
  return 0;
}

/* Where the last 0, 1, 2, ... characters of `text` begin; an unfinished one at its end is always included. */
function suffixStarts(text) {
  const starts = missingBytes(text) ? [] : [text.length];
  for (let i = text.length - 1; i >= 0; i--) if (isLead(text[i])) starts.push(i);
  return starts;
}

/* The offset behind each complete character of `text`, whose first `missing` bytes complete one of the text before;
 * up to the first byte that cannot be UTF-8. */
function characterEnds(text, missing) {
  const ends = [];
  let end = 0;
  for (;;) {
    const first = end === 0 && missing > 0;
    const length = first ? missing : sequenceLength(text[end] ?? 0xff);
    if (length === 0 || end + length > text.length) return ends;
    for (let i = first ? end : end + 1; i < end + length; i++) if (isLead(text[i])) return ends;
    end += length;
    ends.push(end);
  }
}
