"""The MLflow store: where it is, and how records get into it. The only module that imports mlflow, and only on use."""

import logging
import os
from pathlib import Path
from typing import Any

# The tag by which a run is found: the sha256 of the weights of its model.
MODEL_TAG = "poet.model_sha256"

# MLflow takes at most 1,000 metrics or 100 parameters and tags in one request.
METRICS_PER_REQUEST, PARAMS_PER_REQUEST = 1000, 100

# A server that does not answer must not hold a training up: by default MLflow would retry for minutes.
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


def tracking_uri(root: Path) -> str:
    """Where records go: MLFLOW_TRACKING_URI, else a database file in the root of the repository."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root.absolute()}/mlflow.db"


def mlflow_client(root: Path) -> Any:
    """A client of the MLflow of `root`, which waits seconds for a server that does not answer, not minutes."""
    for variable, value in PATIENCE.items():
        os.environ.setdefault(variable, value)
    # MLflow reports the creation of every table of a new database; nobody reads that.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri(root))


def find_or_create_run(run: dict[str, Any], root: Path) -> str:
    """The id of the MLflow run for the first record of a spool (a `RunIdentity` as a dict).

    With a model's sha256, the run that trained the model; a new run with that tag where there is none, as for a model
    pulled from a teammate.
    """
    client = mlflow_client(root)
    experiment = client.get_experiment_by_name(run["experiment"])
    if experiment is None:
        # With a database file, MLflow would put artifacts below the working directory; a server has a place of its own.
        location = (
            str(root.absolute() / "mlartifacts" / run["experiment"])
            if tracking_uri(root).startswith("sqlite:")
            else None
        )
        experiment = client.get_experiment(client.create_experiment(run["experiment"], artifact_location=location))
    if run["model_sha256"]:
        found = client.search_runs(
            [experiment.experiment_id],
            f"tags.`{MODEL_TAG}` = '{run['model_sha256']}'",
            max_results=1,
            order_by=["attributes.start_time DESC"],
        )
        if found:
            return str(found[0].info.run_id)
        run["tags"][MODEL_TAG] = run["model_sha256"]
    return str(client.create_run(experiment.experiment_id, run_name=run["name"], tags=run["tags"]).info.run_id)


def send_records(records: list[dict[str, Any]], run_id: str, root: Path) -> None:
    """Send spool records to the run `run_id`: metrics and parameters in batches, then the others in their order."""
    # Imported here: mlflow takes seconds to import, and most processes never send a record.
    from mlflow.entities import Metric, Param, RunTag

    client = mlflow_client(root)
    metrics = [
        Metric(key, value, r["time"], r["step"])
        for r in records
        if "metrics" in r
        for key, value in r["metrics"].items()
    ]
    for i in range(0, len(metrics), METRICS_PER_REQUEST):
        client.log_batch(run_id, metrics=metrics[i : i + METRICS_PER_REQUEST])
    params = [Param(key, value) for record in records if "params" in record for key, value in record["params"].items()]
    for i in range(0, len(params), PARAMS_PER_REQUEST):
        client.log_batch(run_id, params=params[i : i + PARAMS_PER_REQUEST])
    for record in records:
        if "tags" in record:
            client.log_batch(run_id, tags=[RunTag(key, value) for key, value in record["tags"].items()])
        elif "text" in record:
            client.log_text(run_id, record["text"], record["path"])
        elif "file" in record and Path(record["file"]).exists():
            client.log_artifact(run_id, record["file"])
        elif record.get("status") == "RUNNING":
            client.update_run(run_id, status="RUNNING")
        elif "status" in record:
            client.set_terminated(run_id, record["status"])
