"""The finished runs in MLflow, for pages that compare them. Reading them never makes a stage fail."""

from dataclasses import dataclass
from pathlib import Path

from poet.progress import log
from poet.tracking.address import SQLITE, configured_uri, database_file, tracking_uri
from poet.tracking.figures import with_new_names
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
            digest, FinishedRun(name=run.info.run_name, model_sha256=digest, params=dict(run.data.params), metrics={})
        )
        for key, value in with_new_names(run.data.metrics).items():
            newest.metrics.setdefault(key, value)
    return list(runs.values())
