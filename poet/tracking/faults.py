"""What a fault of MLflow or of its server means, in one line that says what helps."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from poet.tracking.address import SQLITE, configured_uri, database_file, tracking_uri, without_secrets

# How long MLflow waits for a reply, unless this variable says otherwise: no training may wait minutes for a server.
TIMEOUT, ANSWER_SECONDS = "MLFLOW_HTTP_REQUEST_TIMEOUT", 10

# What MLflow says of an experiment or a run that somebody deleted.
_DELETED = {
    "experiment": r"xperiment (\S+) must be in the 'active' state",
    "run": r"[Rr]un '?(\w+)'? must be in the 'active' state",
}

# The status of a reply to a wrong password, and of one to a user who may not do that.
UNAUTHORIZED, FORBIDDEN = 401, 403
REFUSED = (UNAUTHORIZED, FORBIDDEN)

# What is shown of an error of MLflow, which may be a whole web page.
SHOWN = 300


@dataclass(frozen=True)
class Problem:
    """Why records were not sent: one line, which ends with what to do. `is_servers` if all others would fail alike."""

    text: str
    is_servers: bool


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
    status = status_of(error)
    if status in REFUSED:
        return Problem(_refusal(status, message, uri), is_servers=True)
    if "timed out" in message:
        advice = f"The server did not answer within {os.environ.get(TIMEOUT, ANSWER_SECONDS)} s."
        return Problem(advice, is_servers=True)
    if "refused" in message or "NameResolution" in message:
        return Problem("The server cannot be reached.", is_servers=True)
    short = without_secrets(f"{type(error).__name__}: {message}", root)
    short = f"{short.rstrip('.')}." if len(short) <= SHOWN else f"{short[:SHOWN]} ..."
    return Problem(short, is_servers=not 400 <= status < 500)


def status_of(error: Exception) -> int:
    """The HTTP status that an error of MLflow stands for; 500 for any other."""
    return int(getattr(error, "get_http_status_code", lambda: 500)())


def _refusal(status: int, message: str, uri: str) -> str:
    """Why a server at `uri` refuses this client, and what helps."""
    if "Invalid Host header" in message:
        name = urlsplit(uri).netloc
        return (
            f"The server does not answer to the name {name}. Use the name that it has in the team, or let who runs it "
            f"add {name} to MLFLOW_SERVER_ALLOWED_HOSTS."
        )
    if status == UNAUTHORIZED:
        return "The server wants another user or password. Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
    return (
        "The server does not let this user do that. Let who runs it give the user the permission EDIT, or set another "
        "user by MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
    )


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
