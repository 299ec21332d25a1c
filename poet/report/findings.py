"""What the samples of a page have in common: their most surprising passages, the share of each book, their prompts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from poet.report.passages import Passage, ShownBook, ShownSample

# A passage repeats a better finding if more than this share of its words occurs in that finding.
REPEATED = 0.5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A passage, and its place on the page: the number of its `sample`, and its `index` among the sample's passages."""

    sample: int
    index: int
    passage: Passage


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


def top_findings(samples: Sequence[ShownSample], count: int) -> list[Finding]:
    """The `count` most surprising passages of `samples`, the best first, without those that repeat a better one.

    A model often writes the same phrase again and again; without the repetitions, one phrase cannot fill the list.
    """
    findings = [
        Finding(sample=shown.sample.sample, index=index, passage=passage)
        for shown in samples
        for index, passage in enumerate(shown.passages)
    ]
    # Equally surprising passages keep the order of the page, so that the same samples give the same list.
    findings.sort(key=lambda finding: (-finding.passage.surprise, finding.sample, finding.index))

    chosen: list[Finding] = []
    chosen_words: list[set[str]] = []
    for finding in findings:
        if len(chosen) == count:
            break
        words = set(finding.passage.match.casefold().split())
        if not any(repeats(words, better) for better in chosen_words):
            chosen.append(finding)
            chosen_words.append(words)
    return chosen


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


def by_prompt(samples: Sequence[ShownSample]) -> dict[str, dict[float, list[ShownSample]]]:
    """The samples by prompt, in the order of the file, then by rising temperature."""
    # The first loop fixes the order of the prompts, the second that of the temperatures: a dict keeps insertion order.
    prompts: dict[str, dict[float, list[ShownSample]]] = {shown.sample.prompt: {} for shown in samples}
    for shown in sorted(samples, key=lambda shown: shown.sample.temperature):
        prompts[shown.sample.prompt].setdefault(shown.sample.temperature, []).append(shown)
    return prompts
