"""What became of each trial of a sweep: its figures, or why there are none; and which trials no other one beats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from poet.experiments.grid import Trial


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a trial reached on one collection, and what that took.

    `flops` are the floating-point operations of the whole training, by formula: the same on every machine, however
    many workers share it. `seconds` is what the clock of the machine said where the model was trained, beside whatever
    else ran there. `characters` is the length of the text of the test: figures of different texts do not compare.
    """

    bits_per_character: float
    characters: int
    parameters: int
    flops: float
    seconds: float
    model_sha256: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A trial that has ended: its figures by collection; or `problem`, in words, and the log that tells more."""

    trial: Trial
    figures: Mapping[str, Figures] = field(default_factory=dict)
    problem: str = ""
    log: Path | None = None


def are_comparable(figures: Sequence[Figures]) -> bool:
    """Whether all were tested on a text of the same length, and so on the same text as far as the record tells."""
    return len({each.characters for each in figures}) <= 1


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """The positions of the points (cost, loss) that no other one beats, by rising cost.

    One point beats another if it is better in one of the two and not worse in the other. Of equal points, all stay.

    >>> pareto_front([(1, 3.0), (2, 2.0), (3, 2.5), (4, 1.5)])
    [0, 1, 3]
    """
    front = list[int]()
    for i in sorted(range(len(points)), key=lambda i: points[i]):
        if not front or points[i][1] < points[front[-1]][1] or points[i] == points[front[-1]]:
            front.append(i)
    return front
