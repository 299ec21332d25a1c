"""Where MLflow is: its address, quoted as MLflow needs it, and shown without the password that it may hold."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from poet.addresses import hide_credentials

# What a person reads instead of a password or a token.
HIDDEN = "***"

SQLITE = "sqlite:///"

# What has a meaning in an address and may be in the name of a folder.
SPECIAL = frozenset("?%#")

# User and password of an address, whatever its scheme: all before the last @ of the host part.
_USER = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*://)(?P<user>[^/\s?#]*)@")


def configured_uri(root: Path) -> str:
    """Where records go, as it was set: MLFLOW_TRACKING_URI, else a database file in the root of the repository.

    It may hold a password, so it is for MLflow alone; `tracking_uri` is for people.
    """
    return os.environ.get("MLFLOW_TRACKING_URI") or SQLITE + _as_uri(root.absolute() / "mlflow.db")


def _as_uri(path: Path) -> str:
    """`path` for the address of a database: relative to the working directory if there are special characters in it.

    SQLAlchemy reads ? as the beginning of options and % as that of a quoted byte; MLflow reads # as a fragment. Quoted,
    they are understood; but MLflow then also makes an empty folder with the quoted name, so that is the second choice.
    """
    near = os.path.relpath(path) if SPECIAL & {*str(path)} else str(path)
    return quote(str(path)) if SPECIAL & {*near} else near


def tracking_uri(root: Path) -> str:
    """The address of MLflow for a person: no user, no password, no options; a database file is shown as its path."""
    uri = configured_uri(root)
    if uri.startswith(SQLITE):
        return f"{SQLITE}{database_file(uri)}"
    return hide_credentials(uri.split("?")[0])


def database_file(uri: str) -> Path:
    """The file of the SQLite database at `uri`."""
    return Path(unquote(uri.removeprefix(SQLITE).split("?")[0])).resolve()


def client_uri(root: Path) -> str:
    """The address for MLflow's client, with user and password of a server moved to MLflow's own variables.

    requests would take them from the address too, but then the address stands in every error and in the address of
    every artifact.
    """
    uri = configured_uri(root)
    found = _USER.match(uri)
    if not found or not uri.startswith("http"):
        return uri
    user, _, password = found["user"].partition(":")
    os.environ["MLFLOW_TRACKING_USERNAME"] = unquote(user)
    os.environ["MLFLOW_TRACKING_PASSWORD"] = unquote(password)
    return found["scheme"] + uri[found.end() :]


@contextlib.contextmanager
def unchanged_variable() -> Iterator[None]:
    """Give MLFLOW_TRACKING_URI back its value: MLflow's `set_tracking_uri` changes it for the whole process."""
    before = os.environ.get("MLFLOW_TRACKING_URI")
    try:
        yield
    finally:
        os.environ.pop("MLFLOW_TRACKING_URI", None)
        if before is not None:
            os.environ["MLFLOW_TRACKING_URI"] = before


def server_variables(root: Path) -> dict[str, str]:
    """The environment of an MLflow server of this project's runs.

    The address is in a variable, not an option: other users of the machine see options, and it may hold a password.
    """
    return os.environ | {"MLFLOW_BACKEND_STORE_URI": configured_uri(root)}


def without_secrets(text: str, root: Path) -> str:
    """`text` on one line, without users and passwords of addresses in it, nor those of the MLflow of `root`."""
    uri = configured_uri(root)
    found = _USER.match(uri)
    words = found["user"].partition(":")[2] if found else ""
    secrets = {words, *(value for key, value in parse_qsl(urlsplit(uri).query) if "pass" in key or "token" in key)}
    secrets |= {os.environ.get(f"MLFLOW_TRACKING_{name}", "") for name in ("PASSWORD", "TOKEN")}
    text = hide_credentials(text)
    for secret in filter(None, secrets):
        for spelled in (secret, unquote(secret), quote(secret)):
            text = text.replace(spelled, HIDDEN)
    return " ".join(text.split())
