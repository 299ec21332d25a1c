"""The MLflow store: how runs are found and records get into it. `faults.py` says what its errors mean.

mlflow is imported on use only: that takes seconds.
"""

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poet.tracking.address import client_uri, configured_uri
from poet.tracking.experiment_page import add_missing_tags, experiment_tags
from poet.tracking.faults import ANSWER_SECONDS, FORBIDDEN, TIMEOUT, status_of
from poet.tracking.moved import artifact_folder, mend_addresses

# The tag by which the run of a model is found: the sha256 of its weights.
MODEL_TAG = "poet.model_sha256"

# The tag by which the run of an execution is found, also when MLflow's reply with its id got lost.
SPOOL_TAG = "poet.spool"

# The tag by which MLflow shows a run below another one, and that in which it lists the tables of a run.
PARENT_TAG = "mlflow.parentRunId"
TABLES_TAG = "mlflow.loggedArtifacts"

# Of the hash of a dataset, as much as MLflow keeps for comparison (36 characters) and people can tell apart.
DIGEST_DIGITS = 16

# MLflow takes at most 1,000 metrics or 100 parameters and tags in one request.
METRICS_PER_REQUEST, PARAMS_PER_REQUEST = 1000, 100

# A server that does not answer must not hold a training up: by default MLflow would retry for minutes.
RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
# It also prints the address of the run at its end, which is of no use in the output of a stage.
DEFAULTS = {RETRIES: "1", TIMEOUT: str(ANSWER_SECONDS), "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
# Nothing about private texts leaves the machine unasked: MLflow would report how it is used.
DEFAULTS |= {"MLFLOW_DISABLE_TELEMETRY": "true"}
# Its bars count files, not bytes.
DEFAULTS |= {"MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}


@dataclass(frozen=True, kw_only=True)
class RunIdentity:
    """How to find the run of an execution, or create it.

    `model_sha256` finds the run that trained the model; it is empty for a training, which always creates a run. Name,
    tags and start (milliseconds since 1970) are those of a new run; `experiment` is the collection.
    """

    experiment: str
    name: str
    tags: dict[str, str]
    model_sha256: str
    time: int | None = None


class RunGone(Exception):
    """The MLflow store does not know the run, as after its database was removed."""


def mlflow_client(root: Path, timeout: int = ANSWER_SECONDS) -> Any:
    """A client of the MLflow of `root`, which waits `timeout` seconds for a server that does not answer."""
    for variable, value in (DEFAULTS | {TIMEOUT: str(timeout)}).items():
        os.environ.setdefault(variable, value)
    from mlflow import MlflowClient

    # MLflow reports the creation of every table of a new database; nobody reads that. Its import sets the levels too.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    mend_addresses(root)
    return MlflowClient(tracking_uri=client_uri(root))


def find_or_create_run(client: Any, run: RunIdentity, spool: str, root: Path) -> str:
    """The id of the MLflow run of the spool named `spool`.

    With a model's sha256, the run that trained the model; a new run with that tag where there is none, as for a model
    pulled from a teammate. Without it, a run of its own, which an earlier attempt may have created.
    """
    experiment = _experiment(client, run.experiment, root)
    if run.model_sha256:
        found = search_by_tags(client, experiment, {MODEL_TAG: run.model_sha256})
        if found:
            return str(found[0].info.run_id)
    tags = run.tags | {SPOOL_TAG: spool} | ({MODEL_TAG: run.model_sha256} if run.model_sha256 else {})
    found = search_by_tags(client, experiment, {SPOOL_TAG: spool})
    if not found:
        # A retry would create a second run if the first request was served and only its reply got lost.
        retries = os.environ.get(RETRIES, DEFAULTS[RETRIES])
        os.environ[RETRIES] = "0"
        try:
            client.create_run(experiment, start_time=run.time, run_name=run.name, tags=tags)
        finally:
            os.environ[RETRIES] = retries
        found = search_by_tags(client, experiment, {SPOOL_TAG: spool})
    # If there are twins, the one with records is the run.
    kept = max(found, key=lambda one: (len(one.data.metrics), len(one.data.params)))
    if run.model_sha256:
        # The training of this model ended elsewhere, and nobody else will say so.
        client.set_terminated(kept.info.run_id, "FINISHED")
    return str(kept.info.run_id)


def delete_twins(client: Any, run_id: str, spool: str) -> None:
    """Delete the other runs of the spool named `spool`, which a request made that was served after it was given up.

    On a team's server, only who began an experiment may delete from it. A twin that must stay loses the tags by which
    runs are found, and counts as killed.
    """
    from mlflow.exceptions import MlflowException

    experiment = client.get_run(run_id).info.experiment_id
    for twin in search_by_tags(client, experiment, {SPOOL_TAG: spool}):
        if twin.info.run_id == run_id:
            continue
        try:
            client.delete_run(twin.info.run_id)
        except MlflowException as error:
            if status_of(error) != FORBIDDEN:
                raise
            for tag in {MODEL_TAG, SPOOL_TAG} & twin.data.tags.keys():
                client.delete_tag(twin.info.run_id, tag)
            client.set_terminated(twin.info.run_id, "KILLED")


def _experiment(client: Any, name: str, root: Path) -> str:
    """The id of the experiment called `name`; it is created if there is none."""
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        # With a database file, MLflow would put artifacts below the working directory; a server has a place of its own.
        location = artifact_folder(root, name) if configured_uri(root).startswith("sqlite:") else None
        try:
            return str(client.create_experiment(name, artifact_location=location, tags=experiment_tags(name)))
        except MlflowException as error:
            # Another repository may have created it in this moment, or a reply got lost.
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            experiment = client.get_experiment_by_name(name)
    add_missing_tags(client, experiment)
    return str(experiment.experiment_id)


def search_by_tags(client: Any, experiment: str, tags: Mapping[str, str]) -> list[Any]:
    """The runs with these tags, newest first."""
    quoted = {tag: value.replace("'", "''") for tag, value in tags.items()}
    wanted = " AND ".join(f"tags.`{tag}` = '{value}'" for tag, value in quoted.items())
    order = ["attributes.start_time DESC"]
    return list(client.search_runs([experiment], wanted, max_results=10, order_by=order))


def send_records(client: Any, run_id: str, records: list[dict[str, Any]]) -> None:
    """Send spool records to the run `run_id`: metrics, parameters and tags in batches, then the others."""
    from mlflow.exceptions import MlflowException

    try:
        if any(record.get("if_missing") for record in records):
            records = _without_known(client.get_run(run_id), records)
        _send_values(client, run_id, records)
        for record in records:
            _send_other(client, run_id, record)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            raise RunGone(str(error)) from error
        raise


def _send_values(client: Any, run_id: str, records: list[dict[str, Any]]) -> None:
    """Send the metrics, parameters and tags in `records`, many in one request."""
    from mlflow.entities import Metric, Param, RunTag

    metrics = [
        Metric(key, value, r["time"], r["step"])
        for r in records
        if "metrics" in r
        for key, value in r["metrics"].items()
    ]
    params = {key: value for record in records for key, value in record.get("params", {}).items()}
    tags = {key: value for record in records if "run" not in record for key, value in record.get("tags", {}).items()}
    for i in range(0, len(metrics), METRICS_PER_REQUEST):
        client.log_batch(run_id, metrics=metrics[i : i + METRICS_PER_REQUEST])
    for i in range(0, len(params), PARAMS_PER_REQUEST):
        client.log_batch(run_id, params=[Param(*item) for item in list(params.items())[i : i + PARAMS_PER_REQUEST]])
    for i in range(0, len(tags), PARAMS_PER_REQUEST):
        client.log_batch(run_id, tags=[RunTag(*item) for item in list(tags.items())[i : i + PARAMS_PER_REQUEST]])


def _without_known(run: Any, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`records` without what a later stage says of a training and `run` has already, also if it says otherwise."""
    has_dataset = bool(run.inputs and run.inputs.dataset_inputs)
    kept = []
    for record in records:
        if record.get("if_missing") and "params" in record:
            record = record | {
                "params": {key: record["params"][key] for key in record["params"].keys() - run.data.params}
            }
        if not (record.get("if_missing") and "dataset" in record and has_dataset):
            kept.append(record)
    return kept


def _send_other(client: Any, run_id: str, record: dict[str, Any]) -> None:
    """Send a text, a table, a dataset, a file or a status. To send one again changes nothing."""
    if "text" in record:
        client.log_text(run_id, record["text"], record["path"])
        _check_artifact(client, run_id, record["path"])
        if record.get("table"):
            _list_table(client, run_id, record["path"])
    elif "dataset" in record:
        _send_dataset(client, run_id, record)
    elif "file" in record and Path(record["file"]).exists():
        client.log_artifact(run_id, record["file"])
        _check_artifact(client, run_id, Path(record["file"]).name)
    elif "children" in record:
        _adopt(client, run_id, record["children"])
    elif record.get("status") == "RUNNING":
        client.update_run(run_id, status="RUNNING")
    elif "status" in record:
        client.set_terminated(run_id, record["status"], end_time=record.get("time"))


def _adopt(client: Any, run_id: str, children: list[dict[str, str]]) -> None:
    """Make the run `run_id` the parent of the runs with these tags. The model of a colleague may have no run here."""
    experiment = client.get_run(run_id).info.experiment_id
    for tags in children:
        for run in search_by_tags(client, experiment, tags):
            client.set_tag(run.info.run_id, PARENT_TAG, run_id)


def _list_table(client: Any, run_id: str, path: str) -> None:
    """Add the artifact `path` to the tables that MLflow shows side by side; they are listed in a tag of the run."""
    tables = json.loads(client.get_run(run_id).data.tags.get(TABLES_TAG, "[]"))
    entry = {"path": path, "type": "table"}
    if entry not in tables:
        client.set_tag(run_id, TABLES_TAG, json.dumps([*tables, entry]))


def _send_dataset(client: Any, run_id: str, record: dict[str, Any]) -> None:
    """Name what the run learns from. MLflow keeps a dataset once that has the same name and digest."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    name, sha256 = record["dataset"], record["sha256"]
    dataset = Dataset(
        name=name,
        digest=sha256[:DIGEST_DIGITS],
        source_type="poet",
        source=json.dumps({"collection": name, "sha256": sha256}),
        profile=json.dumps(record["profile"]),
    )
    client.log_inputs(run_id, datasets=[DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])


def _check_artifact(client: Any, run_id: str, path: str) -> None:
    """RuntimeError when the store lacks the artifact `path`.

    MLflow takes any reply of status 200 for success, also the login page of a proxy in between.
    """
    folder = path.rpartition("/")[0] or None
    if path not in {item.path for item in client.list_artifacts(run_id, folder)}:
        raise RuntimeError(f"the server took the artifact {path} and does not have it. Is its address that of MLflow?")
