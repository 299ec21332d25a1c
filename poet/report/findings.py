"""What the samples of a page have in common: their most surprising passages, the share of each book, their prompts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from poet.attribution.least_length import WORDS_OF_A_PASSAGE
from poet.report.comparison import Comparison, PassageAt, compare
from poet.report.passages import COLOURS, Passage, Shelf, ShownBook, ShownSample
from poet.results.copying import RunningText

# The least words of running text in a finding: fewer are a common phrase.
LEAST_WORDS = WORDS_OF_A_PASSAGE

# A passage repeats a better finding if more than this share of its words occurs in that finding.
REPEATED = 0.5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A passage, and its place on the page: the number of its `sample`, and its `index` among the sample's passages.

    `lines` has the line of the sample over that of the book.
    """

    sample: int
    index: int
    passage: Passage
    lines: Comparison


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """The number of characters of the samples that are found in `book`, verbatim or in near copies.

    `scale` is the contribution as a share of the largest one. Characters count once, for the book whose tint they have.
    """

    book: ShownBook
    verbatim: int
    near: int
    scale: float

    @property
    def width(self) -> float:
        """The width of the contribution's bar, in per cent of the widest bar."""
        return round(100 * self.scale, 2)

    @property
    def verbatim_width(self) -> float:
        """The width of the verbatim part of the bar, in per cent of the widest bar."""
        return round(100 * self.scale * self.verbatim / (self.verbatim + self.near), 2)


def top_findings(
    samples: Sequence[ShownSample], count: int, shelf: Shelf, least_surprise: float = 0.0
) -> list[Finding]:
    """The `count` most surprising passages of `samples`, the best first, without those that repeat a better one.

    Only running text counts (`poet.attribution.furniture`): a finding has at least LEAST_WORDS words of it, and their
    surprise is above `least_surprise` (`surprise_of_people`). A model often writes the same phrase again and again;
    without the repetitions, one phrase cannot fill the list.
    """
    found = [
        (shown.sample.sample, index, passage, shown.sample.text)
        for shown in samples
        for index, passage in enumerate(shown.passages)
        if passage.running_words >= LEAST_WORDS and passage.running_surprise > least_surprise
    ]
    # Equally surprising passages keep the order of the page, so that the same samples give the same list.
    found.sort(key=lambda one: (-one[2].running_surprise, one[0], one[1]))

    chosen: list[Finding] = []
    chosen_words: list[set[str]] = []
    for sample, index, passage, text in found:
        if len(chosen) == count:
            break
        words = set(passage.match.casefold().split())
        if not any(repeats(words, better) for better in chosen_words):
            chosen.append(Finding(sample=sample, index=index, passage=passage, lines=_lines(text, passage, shelf)))
            chosen_words.append(words)
    return chosen


def surprise_of_people(running_text: RunningText) -> float:
    """The surprise, in bits, that a finding has to exceed: that of the best passage of human text.

    0 where the samples copy more than people beyond doubt: then every passage may be what was copied.
    """
    return 0.0 if running_text.exceeds_people else running_text.human_surprise


def _lines(text: str, passage: Passage, shelf: Shelf) -> Comparison:
    book = shelf.text(passage.place.book.row.id)
    return compare(
        PassageAt(text=text, start=passage.start, end=passage.end),
        PassageAt(text=book, start=passage.match_start, end=passage.match_end),
    )


def repeats(words: set[str], better: set[str]) -> bool:
    """Whether more than `REPEATED` of `words` occur in `better`, too.

    >>> repeats({"to", "be"}, {"to", "die"}), repeats({"to", "be"}, {"to", "be", "or", "not"})
    (False, True)
    """
    return len(words & better) > REPEATED * len(words)


def contributions(samples: Sequence[ShownSample]) -> list[Contribution]:
    """The contribution of each book, the largest first; equal ones by the number of the book.

    Books without a passage in any sample are left out.
    """
    # The pieces do not overlap, so every character counts once: for the passage that the page shows at that character.
    verbatim: Counter[ShownBook] = Counter()
    near: Counter[ShownBook] = Counter()
    for shown in samples:
        for piece in shown.pieces:
            if piece.span is not None:
                passage = shown.passages[piece.span]
                counter = verbatim if passage.exact else near
                counter[passage.place.book] += len(piece.text)

    totals = verbatim + near
    # Without any passage there is no largest contribution, and the list below is empty.
    largest = max(totals.values(), default=1)
    ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0].number))
    return [
        Contribution(book=book, verbatim=verbatim[book], near=near[book], scale=total / largest)
        for book, total in ranked
    ]


def paint(shelf: Shelf, given: Sequence[Contribution]) -> dict[int, str]:
    """The CSS class of each book, by its number: a colour for each of those that gave most, grey for the others."""
    coloured = {contribution.book.number: f"c{rank}" for rank, contribution in enumerate(given[:COLOURS])}
    return {book.number: coloured.get(book.number, "grey") for book in shelf.books.values()}


def by_prompt(samples: Sequence[ShownSample]) -> dict[str, dict[float, list[ShownSample]]]:
    """The samples by prompt, in the order of the file, then by rising temperature."""
    # The first loop fixes the order of the prompts, the second that of the temperatures: a dict keeps insertion order.
    prompts: dict[str, dict[float, list[ShownSample]]] = {shown.sample.prompt: {} for shown in samples}
    for shown in sorted(samples, key=lambda shown: shown.sample.temperature):
        prompts[shown.sample.prompt].setdefault(shown.sample.temperature, []).append(shown)
    return prompts
