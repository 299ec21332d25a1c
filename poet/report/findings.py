"""What the samples of a page have in common: their most surprising passages, what each book gave, prompts in order."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from poet.report.passages import Passage, ShownBook, ShownSample

# The share of its words that a finding may have in common with a better one.
REPEATED = 0.5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A passage, and where on the page it is."""

    sample: int
    number: int
    passage: Passage


@dataclass(frozen=True, kw_only=True)
class Gift:
    """What a book gave to the samples, in characters as they are tinted; `scale` is the share of the largest gift."""

    book: ShownBook
    verbatim: int
    near: int
    scale: float

    @property
    def verbatim_width(self) -> float:
        """The part of its bar that is verbatim, in per cent of the widest bar."""
        return round(100 * self.scale * self.verbatim / (self.verbatim + self.near), 2)

    @property
    def width(self) -> float:
        """Its whole bar, in per cent of the widest."""
        return round(100 * self.scale, 2)


def top_findings(samples: Sequence[ShownSample], count: int) -> list[Finding]:
    """The `count` most surprising passages, but for those that mostly repeat words of a better one: a poet that says
    the same thing again and again fills no list.
    """
    found = [
        Finding(sample=sample.row["sample"], number=number, passage=passage)
        for sample in samples
        for number, passage in enumerate(sample.passages)
    ]
    found.sort(key=lambda finding: (-finding.passage.surprise, finding.sample, finding.number))
    chosen: list[Finding] = []
    told: list[set[str]] = []
    for finding in found:
        words = set(finding.passage.match.casefold().split())
        if len(chosen) < count and all(len(words & others) <= REPEATED * len(words) for others in told):
            chosen.append(finding)
            told.append(words)
    return chosen


def gifts(samples: Sequence[ShownSample]) -> list[Gift]:
    """What each book gave, most first, by number among equals; books that gave nothing are left out."""
    verbatim: Counter[ShownBook] = Counter()
    near: Counter[ShownBook] = Counter()
    for sample in samples:
        for piece in sample.pieces:
            if piece.span is not None:
                passage = sample.passages[piece.span]
                (verbatim if passage.exact else near)[passage.place.book] += len(piece.text)
    totals = verbatim + near
    most = max(totals.values(), default=1)
    ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0].number))
    return [Gift(book=book, verbatim=verbatim[book], near=near[book], scale=total / most) for book, total in ranked]


def by_prompt(samples: Sequence[ShownSample]) -> dict[str, dict[float, list[ShownSample]]]:
    """The samples by prompt in the order of the file, then by rising temperature."""
    prompts: dict[str, dict[float, list[ShownSample]]] = {}
    for sample in sorted(samples, key=lambda sample: sample.row["temperature"]):
        prompts.setdefault(sample.row["prompt"], {}).setdefault(sample.row["temperature"], []).append(sample)
    order = dict.fromkeys(sample.row["prompt"] for sample in samples)
    return {prompt: prompts[prompt] for prompt in order}
