// From overlapping spans to tints that do not overlap: poet/report/highlight.py in JavaScript; a test compares the two.

const LEAST_WORDS = 2; // one word is found in some book whatever it is

// The tints of a text whose characters are `characters`, by start: {span, start, end}, where `span` is a number in
// `spans`. Spans of more words come first; of two with as many, the longer. A span that others cover in part has its
// tint on its longest free stretch. `before` are the characters that the text follows: the two may share a word.
function layOut(characters, spans, before) {
  const words = findWords([...before, ...characters]);
  const shift = before.length;
  // The complete words of [start, end); null if they are too few.
  const shown = (start, end) => {
    const [first, last] = snapToWords(words, start + shift, end + shift);
    return countWords(words, first, last) >= LEAST_WORDS ? [first - shift, last - shift] : null;
  };
  const places = spans.map((span, number) => {
    const [first, behind] = wordsBetween(words, span.start + shift, span.end + shift);
    return { number, length: span.end - span.start, words: Math.max(0, behind - first), place: shown(span.start, span.end) };
  });
  const ranked = places.filter(({ place }) => place);
  ranked.sort((a, b) => b.words - a.words || b.length - a.length || a.number - b.number);
  const tints = [];
  for (const { number, place } of ranked) {
    const [start, end] = place;
    const covering = tints.filter((tint) => tint.end > start && tint.start < end);
    // The stretches before, between and after the tints that are there already.
    const edges = [start, ...covering.flatMap((tint) => [tint.start, tint.end]), end];
    let best = null;
    for (let i = 0; i < edges.length; i += 2) {
      const free = edges[i] < edges[i + 1] ? shown(edges[i], edges[i + 1]) : null;
      if (free && (!best || free[1] - free[0] > best[1] - best[0])) best = free;
    }
    if (!best) continue;
    tints.push({ span: number, start: best[0], end: best[1] });
    tints.sort((a, b) => a.start - b.start);
  }
  return tints;
}

// The text in pieces, by place: {tint, start, parts}. `tint` is null between the tints; `parts` say which characters of
// which token are in it: {token, from, to}. `tokens` have `index`, `start` and `end`.
function cutAtTints(tokens, tints) {
  const pieces = [];
  let next = 0; // the first tint that does not end before the place
  for (const token of tokens) {
    let place = token.start;
    while (place < token.end) {
      while (next < tints.length && tints[next].end <= place) next += 1;
      const tint = next < tints.length && tints[next].start <= place ? tints[next] : null;
      const limit = tint ? tint.end : (tints[next]?.start ?? Infinity);
      const to = Math.min(token.end, limit);
      const last = pieces.at(-1);
      const part = { token: token.index, from: place, to };
      if (last && last.tint === tint) last.parts.push(part);
      else pieces.push({ tint, start: place, parts: [part] });
      place = to;
    }
  }
  return pieces;
}
