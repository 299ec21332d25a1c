"""What each stage took, as rows of bars."""

from collections.abc import Mapping
from dataclasses import dataclass

from poet.costs import Cost

# The fewest seconds that a bar of full length stands for: what takes nearly no time should not look like much.
LEAST_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class StageBar:
    """A stage with what it took, and its wall time as the length of a bar, in per cent of the longest."""

    name: str
    cost: Cost
    share: float


def rank_costs(costs: Mapping[str, Cost]) -> list[StageBar]:
    """The stages of `costs`, the one that took longest first.

    >>> quick, slow = (Cost(wall_seconds=seconds, cpu_seconds=1, memory_bytes=1) for seconds in (2, 8))
    >>> [(row.name, row.share) for row in rank_costs({"a": quick, "b": slow})]
    [('b', 100.0), ('a', 25.0)]
    """
    longest = max([LEAST_SECONDS, *(cost.wall_seconds for cost in costs.values())])
    # sorted keeps the order of equals: by name, so that the same costs give the same page.
    ranked = sorted(sorted(costs.items()), key=lambda item: -item[1].wall_seconds)
    return [StageBar(name=name, cost=cost, share=round(100 * cost.wall_seconds / longest, 2)) for name, cost in ranked]
