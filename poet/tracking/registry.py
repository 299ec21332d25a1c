"""MLflow's registry of models: a registered model for each collection, with its versions and the aliases on them.

A version appears when all its files are in the store, and the alias moves after that. So a failure halfway leaves no
version without files, and no alias on one. MLflow counts the versions of a model in a transaction: two people who
register at once get two numbers.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poet.errors import PoetError
from poet.tracking.address import SQLITE, client_uri, configured_uri, database_file, tracking_uri, unchanged_variable
from poet.tracking.faults import explain
from poet.tracking.mlflow_store import MODEL_TAG, mlflow_client, search_by_tags

# The aliases: the version that was registered last, and the one that is served.
CANDIDATE, CHAMPION = "candidate", "champion"

# The tag of a version that says whether its passages can be looked up.
INDEX_TAG = "poet.index"

# The tag of a version that was promoted, or is being promoted (`poet.tracking.promotion`).
PROMOTION_TAG = "poet.promotion"

# Seconds that a server may take for a file. The index of a large collection has hundreds of megabytes.
UPLOAD_SECONDS = 300

# Writes an MLflow model to the new folder that it is given.
Writer = Callable[[Path], None]


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version of a registered model. `promotion` is "" for one that nobody has promoted."""

    number: int
    model_sha256: str
    has_index: bool
    run_id: str
    promotion: str = ""


@contextlib.contextmanager
def registry(root: Path) -> Iterator[Any]:
    """A client of the registry of the MLflow of `root`; whatever MLflow raises becomes a PoetError of one line."""
    uri = configured_uri(root)
    if uri.startswith(SQLITE) and not database_file(uri).exists():
        raise PoetError(f"{tracking_uri(root)} does not exist: nothing was recorded yet. Build it with `dvc repro`.")
    try:
        client = mlflow_client(root, timeout=UPLOAD_SECONDS)
        import mlflow

        with unchanged_variable():
            # MLflow itself asks this address for the files of a version, whatever the client's is.
            mlflow.set_tracking_uri(client_uri(root))
            yield client
    except PoetError:
        raise
    except Exception as error:  # whatever MLflow raises, with the cure in one line
        raise PoetError(f"MLflow at {tracking_uri(root)}: {explain(error, root).text}") from None


def register(
    client: Any, collection: str, model_sha256: str, write: Writer, *, has_index: bool
) -> tuple[Version, bool]:
    """The version of the model in the registry, and whether it is new. A new one becomes the candidate.

    `write` makes its files. PoetError when no run of the collection has trained or evaluated the model.
    """
    known = [one for one in versions(client, collection) if one.model_sha256 == model_sha256]
    if found := [one for one in known if one.has_index or not has_index]:
        return max(found, key=lambda one: one.number), False
    run = run_of(client, collection, model_sha256)
    with _logged_model(client, run, collection, write) as model_id:
        if not client.search_registered_models(f"name = '{collection}'"):
            _create(client, collection)
        made = client.create_model_version(
            collection,
            f"models:/{model_id}",
            run_id=run.info.run_id,
            model_id=model_id,
            tags={MODEL_TAG: model_sha256, INDEX_TAG: str(has_index).lower()},
        )
    client.set_registered_model_alias(collection, CANDIDATE, made.version)
    return _version(made), True


def run_of(client: Any, collection: str, model_sha256: str) -> Any:
    """The newest run of the model; PoetError when there is none."""
    experiment = client.get_experiment_by_name(collection)
    found = search_by_tags(client, experiment.experiment_id, {MODEL_TAG: model_sha256}) if experiment else []
    if not found:
        raise PoetError(
            f"MLflow has no run of the model {model_sha256[:8]} of {collection}. A model that was trained elsewhere "
            "gets one when it is evaluated here:\n"
            f"  dvc repro --force --single-item evaluate@{collection} attribute@{collection}"
        )
    return found[0]


@contextlib.contextmanager
def _logged_model(client: Any, run: Any, name: str, write: Writer) -> Iterator[str]:
    """The id of a new model of `run` in the store, with all its files; it is deleted again when anything fails."""
    with tempfile.TemporaryDirectory() as temporary, contextlib.ExitStack() as undo:
        folder = Path(temporary) / "model"
        write(folder)
        info = run.info
        model = client.create_logged_model(info.experiment_id, name=name, source_run_id=info.run_id)
        undo.callback(_forget, client, model.model_id)
        client.log_model_artifacts(model.model_id, str(folder))
        _check_files(client, model.model_id, folder)
        client.finalize_logged_model(model.model_id, "READY")
        _link(client, info.run_id, model.model_id)
        yield model.model_id
        undo.pop_all()


def _forget(client: Any, model_id: str) -> None:
    """Delete a model that is not complete. A server that has failed may fail once more; then `mlflow gc` is left."""
    from mlflow.exceptions import MlflowException

    with contextlib.suppress(MlflowException):
        client.finalize_logged_model(model_id, "FAILED")
        client.delete_logged_model(model_id)


def _link(client: Any, run_id: str, model_id: str) -> None:
    """Let MLflow show the model on the page of its run."""
    from mlflow.entities import LoggedModelOutput

    client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])


def _check_files(client: Any, model_id: str, folder: Path) -> None:
    """PoetError when the store lacks a file of `folder`, or has another size for it.

    MLflow takes any reply of status 200 for success, also the login page of a proxy in between.
    """
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    for inside in sorted({str(Path(name).parent) for name in sizes}):
        for item in client.list_logged_model_artifacts(model_id, None if inside == "." else inside):
            # A server leaves the size of an empty file out.
            if not item.is_dir and sizes.get(item.path) == (item.file_size or 0):
                del sizes[item.path]
    if sizes:
        raise PoetError(
            f"the store took the model and lacks {len(sizes)} of its files, first {min(sizes)}. Nothing was "
            "registered. Is its address that of MLflow, and is there room on its disk?"
        )


def _create(client: Any, collection: str) -> None:
    """Make the registered model of a collection; somebody else may make it in this moment."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(collection, description=f"Models that write like the collection {collection}.")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def versions(client: Any, collection: str) -> list[Version]:
    """All versions of the registered model of `collection`; none where there is no such model."""
    found: list[Any] = []
    page = client.search_model_versions(f"name = '{collection}'")
    while True:
        found += page
        if not page.token:
            return [_version(one) for one in found]
        page = client.search_model_versions(f"name = '{collection}'", page_token=page.token)


def _version(found: Any) -> Version:
    return Version(
        number=int(found.version),
        model_sha256=found.tags.get(MODEL_TAG, ""),
        has_index=found.tags.get(INDEX_TAG) == "true",
        run_id=found.run_id or "",
        promotion=found.tags.get(PROMOTION_TAG, ""),
    )


def alias(client: Any, collection: str, name: str) -> int | None:
    """The number of the version that has the alias `name`; None if none has."""
    found = client.get_registered_model(collection).aliases.get(name)
    return None if found is None else int(found)


@dataclass(frozen=True, kw_only=True)
class FetchedModel:
    """The folders of a registered model and of its index, None if it has none, and the least length of a passage."""

    model: Path
    index: Path | None
    min_length: int


def fetch(root: Path, uri: str, folder: Path) -> FetchedModel:
    """Copy the registered model at `uri`, such as models:/shakespeare@champion, to `folder`.

    Only its weights, its tokenizer and its index are used: no code of the store runs. PoetError where there is none.
    """
    with registry(root):
        import mlflow.artifacts
        from mlflow.models import Model

        place = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder)))
        settings = Model.load(str(place)).flavors.get("python_function", {}).get("config") or {}
    # The folders are those of poet.serve.package.
    model, index = place / "artifacts" / "model", place / "artifacts" / "index"
    if not model.is_dir():
        raise PoetError(f"{uri} is no model of this program: it has no artifacts/model. `poet register` makes one.")
    return FetchedModel(
        model=model, index=index if index.is_dir() else None, min_length=int(settings.get("min_length", 0))
    )
