"""The line that a collection's poet says on the start page, chosen among its samples by one rule.

The rule: a whole sentence, of running text only (nothing that the books repeat, no line in capitals, no word in
capitals, no bracket: those are speakers, headings and directions), of 6 to 30 words that all stand in the books, and with nothing copied in it. Of
several, whole lines come before parts of lines, then the lowest temperature, then the length nearest to 12 words, then
the first.
"""

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from poet.attribution.furniture import find_furniture
from poet.attribution.words import UNSPACED_LETTER, Words
from poet.report.passages import Shelf, ShownSample
from poet.report.summary import Line

# The number of words of a line, and the one that is preferred: two lines of verse.
FEWEST, PREFERRED, MOST = 6, 12, 30

# A first line of at most this many words, without a mark at its end, is the name of a speaker.
NAME = 3

# Characters of the books in which the words of a line are looked up: enough for any vocabulary, and read in seconds.
LOOKED_UP = 20_000_000

# A sentence ends with one of these marks and what closes it, before white space. Chinese and Japanese put no space.
# A run of marks is not matched as a whole: from each of its marks, that would be read to its end.
END = re.compile(r"[.!?…؟։।။។][\"'”’»)]*(?=\s|\Z)|[。！？]+[」』”’]*")

# "Mr." and other short words with a capital are no ends of a sentence.
ABBREVIATION = re.compile(r"(?:^|\s)([^\W\d_]{1,3})\.\Z")
LONGEST_ABBREVIATION = len(" Mrs.")

# What running text does not have: brackets, marks of italics, numbers of pages, characters that were lost.
FURNITURE = re.compile(r"[][(){}<>_*|#=\\^~\ufffd]|[0-9]{3}")

# Marks of quotations that come in pairs; a sentence with one of a pair was cut out of a speech.
PAIRS = ("“”", "«»", "「」", "『』")


@dataclass(frozen=True)
class Sentence:
    """A sentence of a sample; `start` and `end` are its place in prompt and text together.

    `whole_lines` says whether it begins where a line begins, and ends where one ends.
    """

    text: str
    start: int
    end: int
    whole_lines: bool


def best_line(shelf: Shelf, samples: Sequence[ShownSample], least_copy: int) -> Line | None:
    """The line of `samples` by the rule above, None if there is none.

    A passage that is found in a book counts as copied if the line holds `least_copy` characters of it.
    """
    found = []
    furniture = find_furniture(_texts(shelf))
    for shown in samples:
        longest_copy = copies(shown)
        running = furniture.running(shown.sample.prompt + shown.sample.text)
        found += [
            (shown, sentence)
            for sentence in sentences(shown.sample.prompt, shown.sample.text)
            if is_running_text(sentence.text)
            and running[sentence.start : sentence.end].all()
            and longest_copy(sentence) < least_copy
        ]
    known = known_words({word for _, sentence in found for word in words(sentence.text)}, _texts(shelf))
    found = [one for one in found if known.issuperset(words(one[1].text))]
    if not found:
        return None
    # `min` keeps the first of equals.
    shown, sentence = min(
        found,
        key=lambda one: (
            not one[1].whole_lines,
            one[0].sample.temperature,
            abs(_length(one[1].text) - PREFERRED),
        ),
    )
    sample = shown.sample
    return Line(
        text=as_shown(sentence.text), prompt=sample.prompt, temperature=sample.temperature, sample=sample.sample
    )


def sentences(prompt: str, text: str) -> Iterator[Sentence]:
    """The sentences of a sample that end in `text`, whole: neither cut off by the end nor by a line of furniture."""
    both = prompt + text
    for start, end in _blocks(both):
        for first, last in _sentences(both, start, end):
            if last > len(prompt):
                yield Sentence(both[first:last], first, last, _is_whole_lines(both, first, last))


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """The parts of `text` between blank lines, and between lines that name speakers or head a chapter."""
    begin = at = 0
    for line in text.split("\n"):
        end = min(at + len(line) + 1, len(text))  # with the line end
        bare = line.strip()
        is_name = at == begin and bare[-1:].isalnum() and _length(bare) <= NAME
        if not bare or is_name or bare == bare.upper() != bare.lower():
            if begin < at:
                yield begin, at
            begin = end
        at = end
    if begin < at:
        yield begin, at


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where each sentence of the block [start, end) begins and ends."""
    begin = at = start
    while found := END.search(text, at + 1, end):
        at = found.end()
        short = ABBREVIATION.search(text[max(begin, at - LONGEST_ABBREVIATION) : at])
        if short and short[1][0].isupper():
            continue
        while text[begin].isspace():
            begin += 1
        yield begin, at
        begin = at


def _is_whole_lines(text: str, start: int, end: int) -> bool:
    """Whether the characters [start, end) begin where a line begins, and end where one ends, but for blanks."""
    while start > 0 and text[start - 1] != "\n" and text[start - 1].isspace():
        start -= 1
    while end < len(text) and text[end] != "\n" and text[end].isspace():
        end += 1
    return (start == 0 or text[start - 1] == "\n") and (end == len(text) or text[end] == "\n")


def _length(text: str) -> float:
    """The number of words of `text`."""
    return Words(text).count(0, len(text))


def is_running_text(sentence: str) -> bool:
    """Whether `sentence` has the length and the look of a sentence of running text.

    >>> is_running_text("What is the matter with the king, my lord?"), is_running_text("[Enter the king and his men.")
    (True, False)
    """
    if FURNITURE.search(sentence) or not FEWEST <= _length(sentence) <= MOST:
        return False
    # A sentence that goes on from somewhere begins with a small letter or a mark.
    first = sentence.lstrip("¿¡")[:1]
    if not first.isalpha() or first.islower():
        return False
    if any(sentence.count(pair[0]) != sentence.count(pair[1]) for pair in PAIRS) or sentence.count('"') % 2:
        return False
    # Names in capitals speak or enter.
    in_capitals = any(word.isupper() for word in re.findall(r"[^\W\d_]{2,}", sentence))
    # A model that repeats itself says little.
    each = words(sentence)
    return not in_capitals and 4 * len(set(each)) >= 3 * len(each)


def copies(shown: ShownSample) -> Callable[[Sentence], int]:
    """Says the largest number of characters of a sentence of the sample that belong to one of its passages."""
    # A passage has its place in the text, a sentence in prompt and text together.
    shift = len(shown.sample.prompt)
    places = sorted((passage.start + shift, passage.end + shift) for passage in shown.passages)
    starts = [start for start, _ in places]
    # Where all passages up to each one have ended: in ascending order, even if one lies inside another.
    ends = list(itertools.accumulate((end for _, end in places), max))

    def longest(sentence: Sentence) -> int:
        near = places[bisect_right(ends, sentence.start) : bisect_left(starts, sentence.end)]
        return max((min(end, sentence.end) - max(start, sentence.start) for start, end in near), default=0)

    return longest


def known_words(wanted: set[str], texts: Iterable[str]) -> set[str]:
    """Those of the words `wanted` that `texts` have."""
    found: set[str] = set()
    for text in texts:
        # Most words of a book are repetitions, so each is looked at once.
        found |= wanted & set(words(" ".join(set(text.split()))))
        if found == wanted:
            break
    return found


def words(text: str) -> list[str]:
    """The words of `text` between blanks, without their case and the marks around them.

    Scripts without blanks show no words, so their letters give none.

    >>> words("Well, to-morrow I'll go!")
    ['well', 'to', 'morrow', "i'll", 'go']
    """
    # Between blanks and dashes, not by letters: vowels of Hindi and Arabic are marks, and no pattern takes marks for
    # letters.
    each = re.split(r"[\s\-–—]+", UNSPACED_LETTER.sub(" ", text.casefold().replace("’", "'")))
    return [word for raw in each if (word := re.sub(r"^\W+|[^\w\u0300-\u036f]+$", "", raw))]


def as_shown(sentence: str) -> str:
    """`sentence` in lines if it is verse, whose lines all begin with a capital; else in one line.

    >>> as_shown("Come, let us go\\nTo the king."), as_shown("Come, let us go\\nto the king.")
    ('Come, let us go\\nTo the king.', 'Come, let us go to the king.')
    """
    lines = [" ".join(line.split()) for line in sentence.splitlines()]
    firsts = [next((letter for letter in line if letter.isalpha()), "a") for line in lines]
    return ("\n" if all(first.isupper() for first in firsts) else " ").join(lines)


def _texts(shelf: Shelf) -> Iterator[str]:
    """The texts of the books, up to LOOKED_UP characters."""
    left = LOOKED_UP
    for book in shelf.books:
        if left <= 0:
            return
        yield (text := shelf.text(book)[:left])
        left -= len(text)
