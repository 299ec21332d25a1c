// A suffix array small enough to be seen: all endings of a line in alphabetical order, and a passage looked up in them.
// The index of the project is the same with millions of endings (poet/attribution/index.py); a test compares the two.

// The order of two endings of `characters`. The end of a line sorts behind every character, as the boundary of a book
// does in the index. Characters are compared by their numbers, which sort as their bytes of UTF-8 do.
function compareEndings(characters, one, other) {
  if (one === other) return 0;
  for (;; one++, other++) {
    const left = codeAt(characters, one), right = codeAt(characters, other);
    if (left !== right) return left - right;
  }
}

function codeAt(characters, place) {
  return place < characters.length ? characters[place].codePointAt(0) : Number.MAX_SAFE_INTEGER;
}

// Where the endings of `characters` begin, in their alphabetical order: the suffix array.
function sortEndings(characters) {
  return Array.from(characters.keys()).sort((one, other) => compareEndings(characters, one, other));
}

// The passage against the beginning of an ending: below 0 where the ending comes first, 0 where it begins with it.
function compareBeginning(characters, start, passage) {
  for (let i = 0; i < passage.length; i++) {
    const difference = codeAt(characters, start + i) - passage[i].codePointAt(0);
    if (difference) return difference;
  }
  return 0;
}

// The binary search for `passage`: {steps, low, high}. Each step is {low, high, middle, after}: the ranks [low, high)
// that are left, the one in their middle that is looked at, and whether the search goes on `after` it. The endings with
// the ranks [low, high) of the result begin with the passage.
function searchEndings(characters, endings, passage) {
  const steps = [];
  let low = 0, high = endings.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const after = compareBeginning(characters, endings[middle], passage) < 0;
    steps.push({ low, high, middle, after });
    if (after) low = middle + 1;
    else high = middle;
  }
  while (high < endings.length && compareBeginning(characters, endings[high], passage) === 0) high++;
  return { steps, low, high };
}

// How many steps the search takes at most in so many endings.
const mostSteps = (endings) => Math.ceil(Math.log2(endings + 1));
