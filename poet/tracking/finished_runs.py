"""The finished runs in MLflow, for pages that compare them. Reading them never makes a stage fail."""

import datetime
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poet.progress import log
from poet.tracking.address import SQLITE, configured_uri, database_file, tracking_uri
from poet.tracking.mlflow_store import MODEL_TAG, explain, mlflow_client

# The newest runs of a collection are read, and no more: a page shows the best of them.
NEWEST = 200


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

    @property
    def bits_per_character(self) -> float | None:
        """The bits per character of the validation text, as evaluated; None if the model was not evaluated."""
        return self.metrics.get("evaluation.bits_per_character")


def finished_runs(root: Path, collection: str) -> list[FinishedRun]:
    """The finished runs of `collection` in the MLflow of the repository `root`, newest first, one for each model.

    A model that was trained twice is one run here. DVC evaluates a model once, so metrics that the newer run lacks are
    taken from the older one. When MLflow does not answer, the list is empty, and one line says why.
    """
    uri = configured_uri(root)
    if uri.startswith(SQLITE) and not database_file(uri).exists():
        return []  # MLflow would create the file
    try:
        client = mlflow_client(root)
        experiment = client.get_experiment_by_name(collection)
        found = client.search_runs(
            [experiment.experiment_id] if experiment else [],
            f"attributes.status = 'FINISHED' AND tags.`{MODEL_TAG}` != ''",
            max_results=NEWEST,
            order_by=["attributes.start_time DESC"],
        )
    except Exception as error:  # no fault of the tracking server, whatever its type, may stop a stage
        problem = explain(error, root).text
        log(f"MLflow at {tracking_uri(root)} did not list its runs, so the page is made without them: {problem}")
        return []
    runs: dict[str, FinishedRun] = {}
    for run in found:
        digest = run.data.tags[MODEL_TAG]
        newest = runs.setdefault(
            digest,
            FinishedRun(
                name=run.info.run_name,
                model_sha256=digest,
                params=dict(run.data.params),
                metrics={},
                day=_day(run.info.start_time),
                text=_text(run),
            ),
        )
        for key, value in run.data.metrics.items():
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


def _text(run: Any) -> str:
    """The text that `run` learned from: books and characters of the dataset that it recorded.

    The hash of the dataset is that of its tokens, which another tokenizer makes another.
    """
    for used in run.inputs.dataset_inputs if run.inputs else ():
        try:
            sizes = json.loads(used.dataset.profile)
            return f"{int(sizes['books']):,} books, {int(sizes['characters']):,} characters"
        except (KeyError, TypeError, ValueError):
            continue  # a dataset that somebody else recorded
    return ""
