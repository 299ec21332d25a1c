"""The runs that MLflow knows of, for whoever compares them: read only, and never a reason to fail."""

from dataclasses import dataclass
from pathlib import Path

from poet.progress import log
from poet.tracking.mlflow_store import MODEL_TAG, mlflow_client, tracking_uri

# Of each collection, the runs that are looked through, newest first.
NEWEST = 200


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished training with what later stages found out about its model."""

    name: str
    model_sha256: str
    params: dict[str, str]
    metrics: dict[str, float]  # the last value of each


def finished_runs(root: Path, collection: str) -> list[Run]:
    """The finished runs of `collection` in the MLflow of the repository `root`, newest first, one for each model; none,
    and a line that says why, when MLflow does not answer.

    A model that was trained twice is one run: DVC evaluates it once, so what the newer run lacks, an older one has.
    """
    uri = tracking_uri(root)
    if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).exists():
        return []  # to ask would make one
    try:
        client = mlflow_client(root)
        experiment = client.get_experiment_by_name(collection)
        found = client.search_runs(
            [experiment.experiment_id] if experiment else [],
            f"attributes.status = 'FINISHED' AND tags.`{MODEL_TAG}` != ''",
            max_results=NEWEST,
            order_by=["attributes.start_time DESC"],
        )
    except Exception as error:  # whatever happens to a record keeper, the work goes on
        log(f"MLflow at {uri} tells of no runs ({type(error).__name__}: {error})")
        return []
    runs: dict[str, Run] = {}
    for run in found:
        digest = run.data.tags[MODEL_TAG]
        newest = runs.setdefault(
            digest, Run(name=run.info.run_name, model_sha256=digest, params=dict(run.data.params), metrics={})
        )
        for key, value in run.data.metrics.items():
            newest.metrics.setdefault(key, value)
    return list(runs.values())
