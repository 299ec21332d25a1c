// Where the words of a text begin and end, so that no tint cuts a word: poet/attribution/words.py in JavaScript. A test
// compares the two. Texts are arrays of characters (code points): the engine counts places in these.

const UNSPACED_LETTER =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}\u3041-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff\uff66-\uff9f々〇\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]/u;
const LETTER = /[\p{L}\p{N}]/u;
// Marks belong to the letter before them; so do joiners of zero width and the soft hyphen.
const MARK = /[\p{M}\u200c\u200d\u00ad]/u;
const OPENING = /[\p{Ps}\p{Pi}]/u;
const BLANK = /[\p{White_Space}\u001c-\u001f]/u;
const JOINERS = new Set(["'", "-", "\u2019", "\u02bc", "\u2010", "\u2011"]);

// The words of `characters`: word i has the characters [starts[i], ends[i]); weights[i] are the words before it, as
// people count them: two letters of a script without blanks are one.
function findWords(characters) {
  const starts = [];
  const ends = [];
  const weights = [0];
  const goesOn = (place, unspaced) => {
    const character = characters[place];
    if (MARK.test(character)) return true;
    if (unspaced || UNSPACED_LETTER.test(character)) return false;
    const after = characters[place + 1] ?? "";
    return LETTER.test(character) || (JOINERS.has(character) && LETTER.test(after) && !UNSPACED_LETTER.test(after));
  };
  for (let place = 0; place < characters.length; ) {
    if (!LETTER.test(characters[place])) {
      place += 1;
      continue;
    }
    const unspaced = UNSPACED_LETTER.test(characters[place]);
    starts.push(place);
    place += 1;
    while (place < characters.length && goesOn(place, unspaced)) place += 1;
    ends.push(place);
    weights.push(weights.at(-1) + (unspaced ? 0.5 : 1));
  }
  return { characters, starts, ends, weights };
}

// The first index of the increasing `values` whose value is at least `least`.
function firstAtLeast(values, least) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The words that lie completely within the characters [start, end): the numbers [first, behind).
function wordsBetween(words, start, end) {
  return [firstAtLeast(words.starts, start), firstAtLeast(words.ends, end + 1)];
}

function countWords(words, start, end) {
  const [first, behind] = wordsBetween(words, start, end);
  return first < behind ? words.weights[behind] - words.weights[first] : 0;
}

// The characters [start, end) without the parts of words and the blanks at either end. What opens before the first word
// and what ends the last one stay: quotes and brackets, full stops and commas.
function snapToWords(words, start, end) {
  const [from, behind] = wordsBetween(words, start, end);
  if (from >= behind) return [start, start];
  const opens = (character) => character === '"' || character === "'" || OPENING.test(character);
  const closes = (character) => !LETTER.test(character) && !BLANK.test(character) && !OPENING.test(character);
  let first = words.starts[from];
  let last = words.ends[behind - 1];
  while (first > start && opens(words.characters[first - 1])) first -= 1;
  while (last < end && closes(words.characters[last])) last += 1;
  return [first, last];
}
