"use strict";
/* Tracing: which passages of a text stand in the books, and where? While the text is being written, and exactly.
 *
 * The project itself answers that with a suffix array (poet/attribution), which takes seconds to build. A page opens in
 * one second. So it has a table of all passages of exactly n characters, n being the least length that counts, by a
 * hash of their bytes. Every longer passage begins with one of them; whether it goes on in the book as in the text is
 * then compared byte by byte.
 *
 * The books are one array of UTF-8 with the byte 0xFF, which no text has, behind each. So no passage runs from one book
 * into the next.
 */

const BOUNDARY = 0xff;
// Bytes between two places whose number of characters is known.
const MARK_EVERY = 1024;
// Characters of a book that are shown on either side of a passage, at most.
const SURROUNDINGS = 600;

/* A polynomial hash of bytes, modulo 2^32: one more byte takes one step, and the first byte can be taken out again. */
const HASH_FACTOR = 0x01000193;

function extendHash(hash, bytes, start, end) {
  for (let i = start; i < end; i++) hash = (Math.imul(hash, HASH_FACTOR) + bytes[i] + 1) | 0;
  return hash;
}

/* The books: where each begins, and bytes to characters and back. `list` has {id, characters} of each, in order. */
class Books {
  constructor(list, bytes) {
    this.list = list;
    this.bytes = bytes;
    this.starts = []; // the first byte of each book, and at the end the length of all
    for (let start = 0; start < bytes.length; start = bytes.indexOf(BOUNDARY, start) + 1) this.starts.push(start);
    this.starts.push(bytes.length);
    this.marks = list.map((_, book) => this._mark(book));
  }

  /* Characters of the book before every MARK_EVERY-th of its bytes. */
  _mark(book) {
    const [start, end] = this.range(book);
    const marks = [];
    for (let i = start, characters = 0; i <= end; i++) {
      if ((i - start) % MARK_EVERY === 0) marks.push(characters);
      if (i < end && isLead(this.bytes[i])) characters++;
    }
    return marks;
  }

  /* The bytes [start, end) of a book, without the boundary. */
  range(book) {
    return [this.starts[book], this.starts[book + 1] - 1];
  }

  /* The number of the book to which a byte belongs. */
  at(place) {
    return lastNotAbove(this.starts, place);
  }

  /* Characters of the book before the byte `place`. */
  charactersBefore(book, place) {
    const start = this.starts[book], mark = Math.floor((place - start) / MARK_EVERY);
    let characters = this.marks[book][mark];
    for (let i = start + mark * MARK_EVERY; i < place; i++) if (isLead(this.bytes[i])) characters++;
    return characters;
  }

  /* The byte where character number `character` of a book begins; its end where it has fewer. */
  placeOf(book, character) {
    const [start, end] = this.range(book);
    const mark = lastNotAbove(this.marks[book], character);
    let place = start + mark * MARK_EVERY, before = this.marks[book][mark];
    for (; place < end; place++) {
      if (isLead(this.bytes[place]) && before++ === character) break;
    }
    return place;
  }

  text(book, from, to) {
    return WHOLE.decode(this.bytes.subarray(this.placeOf(book, Math.max(0, from)), this.placeOf(book, to)));
  }

  /* A passage with its surroundings; `share` is how far into the whole book it stands, from 0 to 1. */
  passage(id, start, end) {
    const book = this.list.findIndex((each) => each.id === id);
    if (book < 0) throw new EngineError("This poet has no such book.");
    return {
      book: id,
      before: this.text(book, start - SURROUNDINGS, start),
      text: this.text(book, start, end),
      after: this.text(book, end, end + SURROUNDINGS),
      start,
      share: start / this.list[book].characters,
    };
  }

  /* A line of a book that may begin a text: of 20 to 80 characters, with a letter. Null where none is found. */
  line() {
    for (let attempt = 0; attempt < 200; attempt++) {
      const place = Math.floor(Math.random() * this.bytes.length);
      const book = this.at(place), [first, last] = this.range(book);
      const start = Math.max(first, this.bytes.lastIndexOf(0x0a, place) + 1);
      const found = this.bytes.indexOf(0x0a, start);
      const end = found < 0 ? last : Math.min(found, last);
      const text = WHOLE.decode(this.bytes.subarray(start, Math.max(start, end)));
      const length = [...text].length;
      if (length >= 20 && length <= 80 && /\p{L}/u.test(text)) {
        return { book: this.list[book].id, text, start: this.charactersBefore(book, start) };
      }
    }
    return null;
  }
}

/* The index of the last of some ascending numbers that is not above `value`. */
function lastNotAbove(numbers, value) {
  let low = 0, high = numbers.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (numbers[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/* All passages of exactly n = `characters` characters, in a table of chains: `heads` has the last passage of each hash,
 * `before` for each passage the one before it with an equal hash. Both count from 1, and 0 is the end of a chain. */
class Passages {
  constructor(books, characters) {
    this.books = books;
    this.characters = characters;
    const bits = Math.min(24, Math.max(10, Math.floor(Math.log2(books.bytes.length + 1))));
    this.shift = 32 - bits;
    this.heads = new Int32Array(2 ** bits);
    this.before = new Int32Array(books.bytes.length);
  }

  /* Fill the table; yields after each part, so that the caller can do something else in between. */
  *fill() {
    // Of a passage of so many bytes, the first byte counts this much in the hash.
    const powers = new Int32Array(4 * this.characters + 1).fill(1);
    for (let i = 1; i < powers.length; i++) powers[i] = Math.imul(powers[i - 1], HASH_FACTOR);
    for (let book = 0; book < this.books.list.length; book++) {
      yield* this._fillBook(...this.books.range(book), powers);
    }
  }

  *_fillBook(start, end, powers) {
    const { bytes } = this.books;
    // A window [left, right) of `count` characters slides over the book, and its hash with it.
    let left = start, count = 0, hash = 0;
    for (let right = start; right <= end; right++) {
      if (right === end || isLead(bytes[right])) {
        if (count === this.characters) {
          this._add(left, hash);
          do {
            hash = (hash - Math.imul(bytes[left] + 1, powers[right - left - 1])) | 0;
            left++;
          } while (left < right && !isLead(bytes[left]));
          count--;
        }
        count++;
      }
      hash = (Math.imul(hash, HASH_FACTOR) + bytes[right] + 1) | 0;
      if ((right & 0xffff) === 0xffff) yield;
    }
    yield;
  }

  /* The low bits of a polynomial hash know little of the passage, the high ones all of it. */
  _bucket(hash) {
    return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> this.shift;
  }

  _add(place, hash) {
    const bucket = this._bucket(hash);
    this.before[place] = this.heads[bucket];
    this.heads[bucket] = place + 1;
  }

  /* Whether bytes [start, end) of `text` also stand at `place` in the books. */
  _stands(place, text, start, end) {
    const { bytes } = this.books;
    for (let i = start; i < end; i++) if (bytes[place++] !== text[i]) return false;
    return true;
  }

  /* Whether bytes [start, end) of `text`, exactly so many characters with that hash, stand in a book. */
  has(hash, text, start, end) {
    for (let next = this.heads[this._bucket(hash)]; next !== 0; next = this.before[next - 1]) {
      if (this._stands(next - 1, text, start, end)) return true;
    }
    return false;
  }

  /* All places, ascending, where bytes [start, end) of `text` stand. Their first `head` bytes are n characters. */
  places(text, start, head, end) {
    const found = [];
    const hash = extendHash(0, text, start, start + head);
    for (let next = this.heads[this._bucket(hash)]; next !== 0; next = this.before[next - 1]) {
      if (this._stands(next - 1, text, start, end)) found.push(next - 1);
    }
    return found.reverse();
  }
}

/* The spans of a text that grows: the maximal passages that stand in some book, as find_spans gives them.
 *
 * At most one passage is open, the longest that ends where the text does. As long as some of its places in the books go
 * on as the text does, it grows. When none does, it is a span, and the next one begins at the first character from
 * which the text up to here stands in a book. */
class Tracer {
  constructor(passages) {
    this.passages = passages;
    this.bytes = new Uint8Array(1024);
    this.ends = [0]; // the byte behind the first 0, 1, 2, ... characters of the text
    this.closed = [];
    this.open = null; // {first, places}: the number of its first character, and where it stands in the books
  }

  /* More of the text, in whole characters. */
  add(text) {
    for (const character of text) this._extend(encoder.encode(character));
  }

  /* All spans so far: {start, end, sources} with characters of the text, by start. */
  spans() {
    return this.open === null ? this.closed.slice() : [...this.closed, this._span()];
  }

  _extend(character) {
    const start = this.ends.at(-1), end = start + character.length;
    if (end > this.bytes.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes.set(character, start);
    if (this.open !== null) {
      const behind = start - this.ends[this.open.first];
      const places = this.open.places.filter((place) => this.passages._stands(place + behind, this.bytes, start, end));
      if (!places.length) this.closed.push(this._span());
      this.ends.push(end);
      if (places.length) this.open.places = places;
      else this.open = this._begin(this.open.first + 1);
    } else {
      this.ends.push(end);
      this.open = this._begin(this.ends.length - 1 - this.passages.characters);
    }
  }

  /* The longest passage from character `first` or later up to the end of the text; null if none is long enough. */
  _begin(first) {
    let low = Math.max(0, first), high = this.ends.length - 1 - this.passages.characters;
    if (high < low) return null;
    let places = this._placesFrom(high);
    if (!places.length) return null;
    // If the text stands in a book from one character on, so it does from every later one.
    while (low < high) {
      const middle = (low + high) >> 1, found = this._placesFrom(middle);
      if (found.length) [high, places] = [middle, found];
      else low = middle + 1;
    }
    return { first: high, places };
  }

  _placesFrom(first) {
    const start = this.ends[first], head = this.ends[first + this.passages.characters] - start;
    return this.passages.places(this.bytes, start, head, this.ends.at(-1));
  }

  /* The open passage as a span. */
  _span() {
    const start = this.open.first, end = this.ends.length - 1;
    const bytes = this.ends[end] - this.ends[start];
    const sources = this._sources(this.open.places, bytes);
    // Neighbouring passages that one book contains are shown as from that book.
    const before = this.closed.at(-1)?.sources[0].book;
    const same = sources.filter((source) => source.book === before);
    return { start, end, sources: [...same, ...sources.filter((source) => source.book !== before)] };
  }

  /* For each book with some of the places: the characters of the first one, and how many there are. */
  _sources(places, length) {
    const { books } = this.passages;
    const sources = [];
    let last = -1;
    for (const place of places) {
      const book = books.at(place);
      if (book === last) {
        sources.at(-1).count++;
        continue;
      }
      last = book;
      const start = books.charactersBefore(book, place);
      sources.push({ book: books.list[book].id, start, end: books.charactersBefore(book, place + length), count: 1 });
    }
    return sources;
  }
}
