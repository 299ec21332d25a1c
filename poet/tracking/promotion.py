"""Which version of a model is served: the champion, unless another one is no worse on the same text.

MLflow moves an alias in one transaction, and the last one who moves it wins: it has no "move it if it is still where I
saw it". So whoever promotes says so in a tag of the version first, and moves the alias then, and at last looks who else
has such a tag. If two promote at once, each moves the alias after its tag is there; whoever moves it last therefore
sees the other's tag, and leaves the alias with the better of the two.
"""

import contextlib
import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from poet.errors import PoetError
from poet.tracking.compare import aligned
from poet.tracking.figures import BITS, with_new_names
from poet.tracking.mlflow_store import MODEL_TAG, search_by_tags
from poet.tracking.registry import CHAMPION, PROMOTION_TAG, Version, alias, versions
from poet.tracking.tracker import SAMPLING_TAG, UNSEEN_TAG

EXCESS = "copying/excess_at_30"

# How the tag begins while its version is being promoted, and afterwards.
UNDER_WAY, DONE = "under way", "champion"

# The digits of bits per character that are shown and compared: further ones depend on the machine.
DIGITS = 3


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is compared of a version: bits per character, and the excess of its copying with its 95 % interval.

    `text` and `sampling` are the hashes of the text that it was evaluated on, and of how its samples were written; ""
    where its record does not say.
    """

    version: Version
    bits: float
    excess: float
    interval: tuple[float, float] | None
    text: str
    sampling: str

    @property
    def rank(self) -> tuple[float, int]:
        """Orders versions that may both be the champion: fewer bits, then the newer one."""
        return round(self.bits, DIGITS), -self.version.number


def standing(client: Any, collection: str, version: Version) -> Standing:
    """What MLflow has of a version: what the stages recorded of its model last. PoetError when a figure is missing."""
    experiment = client.get_experiment_by_name(collection)
    runs = search_by_tags(client, experiment.experiment_id, {MODEL_TAG: version.model_sha256}) if experiment else []
    metrics: dict[str, float] = {}
    tags: dict[str, str] = {}
    for run in reversed(runs):  # the oldest first
        metrics |= with_new_names(run.data.metrics)
        tags |= run.data.tags
    if missing := [name for name in (BITS, EXCESS) if name not in metrics]:
        raise PoetError(
            f"MLflow has no {' and no '.join(missing)} of version {version.number} of {collection}. Where its model "
            "is, `dvc repro` evaluates it and traces its samples, and `poet publish` sends the figures."
        )
    low, high = (metrics.get(f"{EXCESS}_{end}") for end in ("low", "high"))
    return Standing(
        version=version,
        bits=metrics[BITS],
        excess=metrics[EXCESS],
        interval=None if low is None or high is None else (low, high),
        text=tags.get(UNSEEN_TAG, ""),
        sampling=tags.get(SAMPLING_TAG, ""),
    )


def why_not_comparable(one: Standing, champion: Standing) -> str:
    """Why the figures of two versions do not compare; "" if they do."""
    for kind, left, right in (
        ("evaluated on another text", one.text, champion.text),
        ("sampled in another way (prompts, temperatures or limits)", one.sampling, champion.sampling),
    ):
        if not left or not right:
            number = (one if not left else champion).version.number
            return f"the record of version {number} does not say how it was measured: an older program made it"
        if left != right:
            return f"it was {kind} than the champion, version {champion.version.number}"
    return ""


def why_worse(one: Standing, champion: Standing) -> str:
    """In what a version is worse than the champion; "" if in nothing.

    Few samples measure copying, so its figure is uncertain. It is worse if it is above the champion's, and above that
    of people, beyond doubt: with all of its interval.
    """
    reasons = []
    if round(one.bits, DIGITS) > round(champion.bits, DIGITS):
        reasons.append("it needs more bits per character")
    least = one.interval[0] if one.interval else one.excess
    if least > max(champion.excess, 0.0):
        reasons.append("it copies more")
    return " and ".join(reasons)


def figures_table(standings: Sequence[Standing]) -> list[str]:
    """The figures of versions, a line for each."""
    rows = [["version", "model", "bits/char", "excess copying (95 % interval)"]]
    for one in standings:
        interval = f" ({one.interval[0]:+.2%} to {one.interval[1]:+.2%})" if one.interval else ""
        excess = f"{one.excess:+.2%}{interval}"
        rows.append([str(one.version.number), one.version.model_sha256[:8], f"{one.bits:.{DIGITS}f}", excess])
    return aligned(rows)


def promote(client: Any, collection: str, version: Version) -> list[str]:
    """Make a version the champion of its collection if it is no worse than the champion; returns what was compared.

    PoetError with the figures when it is worse, or when they do not compare.
    """
    before = {one.number: one for one in versions(client, collection)}
    mine, number = standing(client, collection, version), alias(client, collection, CHAMPION)
    if number == version.number:
        if (promotion := before[number].promotion).startswith(UNDER_WAY):
            # It failed when the alias had moved. Left so, the version would be a rival of all that come after it.
            done = f"{DONE}{promotion.removeprefix(UNDER_WAY)}, after an interrupted promotion"
            client.set_model_version_tag(collection, str(number), PROMOTION_TAG, done)
        return [f"Version {number} is the champion of {collection} already.", *figures_table([mine])]
    lines = [f"There was no champion of {collection} to compare with."]
    shown = [mine]
    if number is not None:
        champion = standing(client, collection, before[number])
        shown = [mine, champion]
        _require_better(mine, champion, collection)
        lines = [f"Version {version.number} is no worse than the champion of {collection} so far, version {number}."]
    winner = _move(client, collection, mine, before, number)
    if winner.version.number != version.number:
        lines += [
            f"Version {winner.version.number} was promoted in the same moment, is better, and stays the champion."
        ]
        shown.append(winner)
    else:
        lines += [f"Version {version.number} is the champion now: models:/{collection}@{CHAMPION}"]
    return [*lines, *figures_table(shown)]


def _require_better(one: Standing, champion: Standing, collection: str) -> None:
    table = "\n".join(figures_table([one, champion]))
    number = one.version.number
    if reason := why_not_comparable(one, champion):
        raise PoetError(
            f"version {number} of {collection} is not promoted: {reason}, so the figures do not compare.\n{table}\n"
            "Measure both alike. If the books have changed for good, move the alias on the page of the model in MLflow "
            "(`poet ui`)."
        )
    if reason := why_worse(one, champion):
        raise PoetError(
            f"version {number} of {collection} is not promoted: {reason} than the champion, version "
            f"{champion.version.number}.\n{table}"
        )


def _move(client: Any, collection: str, mine: Standing, before: Mapping[int, Version], over: int | None) -> Standing:
    """Move the alias to `mine`, or to a better version that is promoted at the same time; returns the one that has it.

    `before` is what the registry had before the champion was looked up.
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
    key = (collection, str(mine.version.number), PROMOTION_TAG)
    client.set_model_version_tag(*key, f"{UNDER_WAY} since {now}")
    while True:
        best = min([mine, *_rivals(client, collection, mine, before)], key=lambda one: one.rank)
        if alias(client, collection, CHAMPION) == best.version.number:
            break
        client.set_registered_model_alias(collection, CHAMPION, str(best.version.number))
    if best is mine:
        client.set_model_version_tag(*key, f"{DONE} since {now}, after {over or 'none'}")
    else:
        # Emptied and not deleted: on a team's server, only who began the model may delete from it.
        client.set_model_version_tag(*key, "")
    return best


def _rivals(client: Any, collection: str, mine: Standing, before: Mapping[int, Version]) -> list[Standing]:
    """The versions that others promote at the same time, as far as they compare with `mine`.

    A tag that was there before, of a promotion that was over, is history: its version may have been taken back. So is
    one that was interrupted long ago, if the figures of its version have gone since.
    """
    found = []
    for one in versions(client, collection):
        known = before[one.number].promotion if one.number in before else ""
        is_rival = one.promotion and (one.promotion != known or known.startswith(UNDER_WAY))
        if one.number != mine.version.number and is_rival:
            with contextlib.suppress(PoetError):
                other = standing(client, collection, one)
                found += [] if why_not_comparable(other, mine) else [other]
    return found
