"""The MLflow store: how runs are found and records get into it, and what its faults mean.

With `finished_runs.py` the only module that imports mlflow, and only on use: that takes seconds.
"""

import json
import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poet.tracking.address import SQLITE, client_uri, configured_uri, database_file, tracking_uri, without_secrets
from poet.tracking.experiment_page import add_missing_tags, experiment_tags
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
TIMEOUT = "MLFLOW_HTTP_REQUEST_TIMEOUT"
# It also prints the address of the run at its end, which is of no use in the output of a stage.
DEFAULTS = {RETRIES: "1", TIMEOUT: "10", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
# Nothing about private texts leaves the machine unasked: MLflow would report how it is used.
DEFAULTS |= {"MLFLOW_DISABLE_TELEMETRY": "true"}

# What MLflow says of an experiment or a run that somebody deleted.
_DELETED = {
    "experiment": r"xperiment (\S+) must be in the 'active' state",
    "run": r"[Rr]un '?(\w+)'? must be in the 'active' state",
}

# What is shown of an error of MLflow, which may be a whole web page.
SHOWN = 300


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


@dataclass(frozen=True)
class Problem:
    """Why records were not sent: one line, which ends with what to do. `is_servers` if all others would fail alike."""

    text: str
    is_servers: bool


def mlflow_client(root: Path) -> Any:
    """A client of the MLflow of `root`, which waits seconds for a server that does not answer, not minutes."""
    for variable, value in DEFAULTS.items():
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
        found = _search(client, experiment, **{MODEL_TAG: run.model_sha256})
        if found:
            return str(found[0].info.run_id)
    tags = run.tags | {SPOOL_TAG: spool} | ({MODEL_TAG: run.model_sha256} if run.model_sha256 else {})
    found = _search(client, experiment, **{SPOOL_TAG: spool})
    if not found:
        # A retry would create a second run if the first request was served and only its reply got lost.
        retries = os.environ.get(RETRIES, DEFAULTS[RETRIES])
        os.environ[RETRIES] = "0"
        try:
            client.create_run(experiment, start_time=run.time, run_name=run.name, tags=tags)
        finally:
            os.environ[RETRIES] = retries
        found = _search(client, experiment, **{SPOOL_TAG: spool})
    # If there are twins, the one with records is the run.
    kept = max(found, key=lambda one: (len(one.data.metrics), len(one.data.params)))
    if run.model_sha256:
        # The training of this model ended elsewhere, and nobody else will say so.
        client.set_terminated(kept.info.run_id, "FINISHED")
    return str(kept.info.run_id)


def delete_twins(client: Any, run_id: str, spool: str) -> None:
    """Delete the other runs of the spool named `spool`, which a request made that was served after it was given up."""
    experiment = client.get_run(run_id).info.experiment_id
    for twin in _search(client, experiment, **{SPOOL_TAG: spool}):
        if twin.info.run_id != run_id:
            client.delete_run(twin.info.run_id)


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


def _search(client: Any, experiment: str, **tags: str) -> list[Any]:
    """The runs with these tags, newest first."""
    wanted = " AND ".join("tags.`{}` = '{}'".format(tag, value.replace("'", "''")) for tag, value in tags.items())
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
        for run in _search(client, experiment, **tags):
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


def explain(error: Exception, root: Path) -> Problem:
    """What an error of the MLflow of `root` means, and what helps; without secrets."""
    message = str(error) or type(error).__name__
    uri = tracking_uri(root)
    if "database schema" in message or "locate revision" in message:
        return Problem(_schema_advice(message, root), is_servers=True)
    if "file is not a database" in message or "disk image is malformed" in message:
        return Problem(f"{uri} is damaged or no database. Move the file away; a new one is made.", is_servers=True)
    if "readonly database" in message or "unable to open database" in message:
        return Problem(f"{uri} cannot be written. Make the file and its folder writable.", is_servers=True)
    for kind, pattern in _DELETED.items():
        if deleted := re.search(pattern, message):
            which = next(filter(None, deleted.groups()))
            return Problem(
                f"Its {kind} {which} was deleted in MLflow. Set MLFLOW_TRACKING_URI and restore it with "
                f"`mlflow {kind}s restore --{kind}-id {which}`, or remove it for good with `mlflow gc`.",
                is_servers=False,
            )
    get_status = getattr(error, "get_http_status_code", lambda: 500)
    status = get_status()
    if status in {401, 403}:
        return Problem(
            "The server wants another user or password. Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.",
            is_servers=True,
        )
    if "timed out" in message:
        advice = f"The server did not answer within {os.environ.get(TIMEOUT, DEFAULTS[TIMEOUT])} s."
        return Problem(advice, is_servers=True)
    if "refused" in message or "NameResolution" in message:
        return Problem("The server cannot be reached.", is_servers=True)
    short = without_secrets(f"{type(error).__name__}: {message}", root)
    short = f"{short.rstrip('.')}." if len(short) <= SHOWN else f"{short[:SHOWN]} ..."
    return Problem(short, is_servers=not 400 <= status < 500)


def _schema_advice(message: str, root: Path) -> str:
    """What to do about a database whose tables are those of another version of MLflow."""
    import mlflow
    from alembic.script import ScriptDirectory

    found = re.search(r"(?:found version|identified by) '?(\w+)", message)
    scripts = ScriptDirectory(str(Path(mlflow.__file__).parent / "store" / "db_migrations"))
    known = {script.revision for script in scripts.walk_revisions()}
    uri = tracking_uri(root)
    if found and found[1] not in known:
        return (
            f"{uri} was written by a newer MLflow than the installed {mlflow.__version__}. Install that version "
            "(`pip install --upgrade mlflow`), or set MLFLOW_TRACKING_URI to another database."
        )
    is_file = configured_uri(root).startswith(SQLITE)
    copy = f"Copy {database_file(configured_uri(root))}" if is_file else "Make a backup"
    command = f"mlflow db upgrade '{configured_uri(root)}'" if is_file else "mlflow db upgrade <its address>"
    return f"{uri} is from an older MLflow than the installed {mlflow.__version__}. {copy}, then run `{command}`."
