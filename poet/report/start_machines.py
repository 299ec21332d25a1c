"""The machines on the start page: a bar for each device, for the default model and for the 71M one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from poet.report.machines import BEATS, Place, model_tables
from poet.report.published import PublishedSpeed
from poet.report.words import factor, significant
from poet.results.benchmark import Benchmark

# Bars of a model that the page shows at once; the others, which are slower, are folded.
MOST_BARS = 8


@dataclass(frozen=True, kw_only=True)
class TimeBar:
    """A device: whose it is, its seconds per iteration in words and as a bar, and how it compares; why, if it is noisy.

    `width` and `whisker` (5th to 95th percentile) are in per cent of the longest bar of the model.
    """

    who: str
    device: str
    setting: str
    day: str
    value: str
    compared: str
    remarks: str
    width: float
    whisker: tuple[float, float]
    kind: str


@dataclass(frozen=True, kw_only=True)
class ShownModel:
    """A model with the bars of all devices, the fastest first; those in `folded` are slower."""

    model: str
    what: str
    shape: str
    bars: list[TimeBar]
    folded: list[TimeBar]
    published: Sequence[PublishedSpeed]


def shown_models(machines: Mapping[str, Benchmark]) -> list[ShownModel]:
    """The models of the start page with the figures of all `machines`; nothing where there is no figure."""
    tables = [table for table in model_tables(machines) if table.at_once]
    if not any(table.places for table in tables):
        return []
    found = []
    for table in tables:
        beaten = any(BEATS in place.remarks for place in table.places)
        bars = [_bar(place, "the fastest without noise" if beaten else "the fastest") for place in table.places]
        # To unfold one or two is no gain.
        most = MOST_BARS if len(bars) > MOST_BARS + 2 else len(bars)
        found.append(
            ShownModel(
                model=table.model,
                what=table.what,
                shape=table.shape,
                bars=bars[:most],
                folded=bars[most:],
                published=table.published,
            )
        )
    return [one for one in found if one.bars or one.published]


def _bar(place: Place, first: str) -> TimeBar:
    """The bar of `place`; `first` is said of the one with which all others are compared."""
    compared = "noisy" if place.factor is None else first if place.factor == 1 else f"{factor(place.factor)} ×"
    return TimeBar(
        who=place.who,
        device=place.device,
        setting=place.setting,
        day=place.day,
        value=f"{significant(place.seconds)} s",
        compared=compared,
        remarks="; ".join(place.remarks),
        width=place.width,
        whisker=place.whisker,
        kind="noisy" if place.noisy else "model",
    )
