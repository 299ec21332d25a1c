"""The finished runs in MLflow, for pages that compare them. Reading them never makes a stage fail."""

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from poet.progress import log
from poet.tracking.address import SQLITE, configured_uri, database_file, tracking_uri
from poet.tracking.faults import explain
from poet.tracking.figures import BITS, with_new_names
from poet.tracking.mlflow_store import MODEL_TAG, mlflow_client

# The newest runs of a collection are read, and no more: a page shows the best of them.
NEWEST = 200

# Older runs record no text. They compare if the texts that they were tested on have the same length.
TESTED_ON = "evaluation.characters"


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """A finished training, with the metrics that later stages recorded of its model."""

    name: str
    model_sha256: str
    params: dict[str, str]
    # The last value of each metric.
    metrics: dict[str, float]
    # The day on which MLflow began to record the run, in UTC: "2026-11-26"; "" where MLflow does not say.
    day: str = ""
    # The text that the run learned from, by its size, which is the same for every tokenizer; "" if it is not recorded.
    text: str = ""
    run_id: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    # The first digits of the hash of the tokens that it learned from; older runs have none.
    data_sha256: str = ""

    @property
    def bits_per_character(self) -> float | None:
        """The bits per character of the validation text, as evaluated; None if the model was not evaluated."""
        return self.metrics.get(BITS)


def differing(runs: Sequence[FinishedRun]) -> list[str]:
    """The keys of the parameters in which `runs` differ. Equal ones explain no difference between runs."""
    keys = sorted({key for run in runs for key in run.params})
    return [key for key in keys if len({value_of(run, key) for run in runs}) > 1]


def value_of(run: FinishedRun, key: str) -> str | None:
    """The parameter `key` of a run. MLflow stores it as text, and in older runs what is not set as "None"."""
    value = run.params.get(key)
    return None if value == "None" else value


def text_of(run: FinishedRun) -> tuple[str, ...]:
    """What a run was trained and tested on: its text, and its split. Runs are comparable if this is equal."""
    tested_on = run.metrics.get(TESTED_ON)
    text = run.text or (f"tested on {tested_on:,.0f} characters" if tested_on else "not recorded")
    split = (f"{key}={run.params[key]}" for key in sorted(run.params) if key.startswith("split."))
    return (f"books={text}", *split)


def comparable_runs(runs: Sequence[FinishedRun], model_sha256: str) -> list[FinishedRun]:
    """The other ones of `runs` with the text and split of this model's run; none where that run is not among them."""
    own = next((run for run in runs if run.model_sha256 == model_sha256), None)
    return [run for run in runs if own and run is not own and text_of(run) == text_of(own)]


def finished_runs(root: Path, collection: str) -> list[FinishedRun]:
    """The finished runs of `collection` in the MLflow of the repository `root`, as `read_runs` gives them.

    When MLflow does not answer, the list is empty, and one line says why.
    """
    try:
        return read_runs(root, collection).get(collection, [])
    except Exception as error:  # no fault of the tracking server, whatever its type, may stop a stage
        problem = explain(error, root).text
        log(f"MLflow at {tracking_uri(root)} did not list its runs, so the page is made without them: {problem}")
        return []


def read_runs(root: Path, collection: str = "") -> dict[str, list[FinishedRun]]:
    """The finished runs of `collection`, or of every collection with one, newest first; raises what MLflow raises.

    A model that was trained twice is one run here. DVC evaluates a model once, so metrics that the newer run lacks are
    taken from the older one.
    """
    uri = configured_uri(root)
    if uri.startswith(SQLITE) and not database_file(uri).exists():
        return {}  # MLflow would create the file
    client = mlflow_client(root)
    found = [client.get_experiment_by_name(collection)] if collection else client.search_experiments()
    runs = {one.name: _runs_of(client, one) for one in found if one}
    return {name: listed for name, listed in runs.items() if listed}


def _runs_of(client: Any, experiment: Any) -> list[FinishedRun]:
    """The finished runs of an experiment, one for each model; a line says so where older ones are left out."""
    found = client.search_runs(
        [experiment.experiment_id],
        f"attributes.status = 'FINISHED' AND tags.`{MODEL_TAG}` != ''",
        max_results=NEWEST + 1,
        order_by=["attributes.start_time DESC"],
    )
    runs: dict[str, FinishedRun] = {}
    if len(found) > NEWEST:
        log(f"Of the runs of {experiment.name}, only the newest {NEWEST} are compared.")
    for run in found[:NEWEST]:
        newest = FinishedRun(
            name=run.info.run_name,
            model_sha256=run.data.tags[MODEL_TAG],
            params=dict(run.data.params),
            metrics={},
            day=_day(run.info.start_time),
            text=_text(run),
            run_id=run.info.run_id,
            tags=dict(run.data.tags),
            data_sha256=next((one.dataset.digest for one in _datasets(run)), ""),
        )
        newest = runs.setdefault(newest.model_sha256, newest)
        for key, value in with_new_names(run.data.metrics).items():
            newest.metrics.setdefault(key, value)
    return list(runs.values())


def _day(milliseconds: int | None) -> str:
    """The day of a time as MLflow counts it, in UTC.

    >>> _day(1795672621297), _day(None)
    ('2026-11-26', '')
    """
    if milliseconds is None:
        return ""
    return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC).date().isoformat()


def _datasets(run: Any) -> Sequence[Any]:
    """The datasets that `run` recorded. An older server sends none at all, not even an empty list."""
    return run.inputs.dataset_inputs if run.inputs else ()


def _text(run: Any) -> str:
    """The text that `run` learned from: books and characters of the dataset that it recorded.

    The hash of the dataset is that of its tokens, which another tokenizer makes another.
    """
    for used in _datasets(run):
        try:
            sizes = json.loads(used.dataset.profile)
            return f"{int(sizes['books']):,} books, {int(sizes['characters']):,} characters"
        except (KeyError, TypeError, ValueError):
            continue  # a dataset that somebody else recorded
    return ""
