"""The runs of a collection beside each other: which is best, in what two differ, and which one a person means."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from poet.errors import PoetError
from poet.params.decided import preset_values
from poet.tracking.experiment_page import USER_TAG
from poet.tracking.figures import BITS
from poet.tracking.finished_runs import FinishedRun, differing, text_of, value_of

# The digits of a hash that people type; they are those of the start page.
DIGITS = 8

# The tag with the commit of a run.
COMMIT_TAG = "poet.git_commit"

# The figures of the table, with their heads.
COLUMNS = {
    BITS: "bits/char",
    "evaluation/held_out_bits_per_character": "held-out",
    "copying/share_at_30": "copied",
    "copying/human_share_at_30": "authors",
    "copying/longest": "longest",
}


def ranked(runs: Iterable[FinishedRun]) -> list[FinishedRun]:
    """`runs`, the best first; those that were not evaluated stand at the end."""
    return sorted(runs, key=lambda run: run.metrics.get(BITS, float("inf")))


def find_run(runs: Mapping[str, Sequence[FinishedRun]], wanted: str) -> tuple[str, FinishedRun]:
    """The collection and the run that `wanted` names: by its name, or the beginning of its model's hash or of its id.

    PoetError when there is none, which says what is near, or several.
    """
    everything = [(collection, run) for collection, listed in runs.items() for run in listed]
    found = [one for one in everything if one[1].name == wanted]
    found = found or [one for one in everything if wanted and one[1].model_sha256.startswith(wanted)]
    found = found or [one for one in everything if wanted and one[1].run_id.startswith(wanted)]
    found = found or [one for one in everything if wanted and one[1].name.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(f"{run.model_sha256[:DIGITS]} ({run.name})" for _, run in found)
        raise PoetError(f"{wanted!r} names {len(found)} runs: {several}. Use the digits of one of them.")
    if not everything:
        raise PoetError("there is no finished run yet. Build a collection with `dvc repro`.")
    names = {text for _, run in everything for text in (run.name, run.model_sha256[:DIGITS])}
    near = difflib.get_close_matches(wanted, sorted(names), n=3, cutoff=0.5)
    advice = f"Did you mean {' or '.join(near)}?" if near else "`poet runs` lists all."
    raise PoetError(f"no run is called {wanted!r}, and no hash of a model begins with it. {advice}")


def tables(runs: Sequence[FinishedRun]) -> list[str]:
    """The lines of a table for each group of comparable `runs`; above each of several, what sets it apart."""
    groups: dict[tuple[str, ...], list[FinishedRun]] = {}
    for run in ranked(runs):
        groups.setdefault(text_of(run), []).append(run)
    if len(groups) == 1:
        return table(runs)
    lines = ["Runs on other books or another split do not compare, so each group has a table of its own."]
    alike = set.intersection(*map(set, groups))
    # The largest group first; of groups of a size, that with the best run.
    for key, group in sorted(groups.items(), key=lambda item: -len(item[1])):
        own = ", ".join(part.replace("=", ": ", 1) for part in key if part not in alike)
        lines += ["", own or "split: not recorded", *table(group)]
    return lines


def table(runs: Sequence[FinishedRun]) -> list[str]:
    """The lines of a table of `runs`, the best first: who made them if several did, and the parameters in which they
    differ.
    """
    keys = [key for key in differing(runs) if not _follows_from_preset(runs, key)]
    users = ["user"] if len({run.tags.get(USER_TAG) for run in runs}) > 1 else []
    rows = [["model", "name", *users, *COLUMNS.values(), *(key.removeprefix("model.") for key in keys)]]
    for run in ranked(runs):
        who = [run.tags.get(USER_TAG) or "-" for _ in users]
        figures = [_shown(name, run.metrics.get(name)) for name in COLUMNS]
        values = [value_of(run, key) or "-" for key in keys]
        rows.append([run.model_sha256[:DIGITS], run.name, *who, *figures, *values])
    return aligned(rows)


def _follows_from_preset(runs: Sequence[FinishedRun], key: str) -> bool:
    """Whether all `runs` have the value of `key` that their preset decides: then the preset says it all."""
    decides = [preset_values(run.params.get("model.preset", "")) for run in runs]
    return all(
        key in values and value_of(run, key) == str(values[key]) for run, values in zip(runs, decides, strict=True)
    )


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines in which each column is as wide as its widest cell.

    >>> aligned([["a", "b"], ["long", "c"]])
    ['a     b', 'long  c']
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1%}" if "share" in name else f"{value:.0f}" if "longest" in name else f"{value:.3f}"


def as_json(run: FinishedRun) -> dict[str, Any]:
    """A run as `poet runs --json` prints it."""
    return {"name": run.name, "model_sha256": run.model_sha256, "run_id": run.run_id} | {
        "text": run.text,
        "data_sha256": run.data_sha256,
        "params": run.params,
        "metrics": run.metrics,
        "tags": {key: value for key, value in run.tags.items() if key.startswith("poet.")},
    }


def difference(one: FinishedRun, other: FinishedRun) -> list[tuple[str, str, str]]:
    """In what two runs differ: text, commit, parameters and metrics, each with its value in both; "-" where none is."""
    rows = [
        ("text", one.text or "-", other.text or "-"),
        ("data_sha256", one.data_sha256 or "-", other.data_sha256 or "-"),
        (COMMIT_TAG, one.tags.get(COMMIT_TAG) or "-", other.tags.get(COMMIT_TAG) or "-"),
        *((key, value_of(one, key) or "-", value_of(other, key) or "-") for key in differing((one, other))),
    ]
    names = {*one.metrics, *other.metrics}
    # Older runs hold a figure by its old name too, which says the same once more. Today's names have a slash.
    for key in sorted({name for name in names if "/" in name} or names):
        left, right = (f"{run.metrics[key]:.6g}" if key in run.metrics else "-" for run in (one, other))
        rows.append((key, left, right))
    return [row for row in rows if row[1] != row[2]]
