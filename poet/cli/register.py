"""`poet register`: put the trained model of a collection into MLflow's registry, ready to be served."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poet.cli.folders import INDEX, MODELS
from poet.cli.options import PARAMS, built, chosen_collection, complete_collections

if TYPE_CHECKING:
    from poet.params.sections import Params
    from poet.tracking.registry import Version

# The versions of all packages that the project was tested with, in its root.
CONSTRAINTS = Path("constraints.txt")

# Passes the collection as `name`, None where none was given.
NAME = click.argument("name", metavar="[COLLECTION]", required=False, shell_complete=complete_collections)

WITHOUT_INDEX = click.option(
    "--without-index",
    is_flag=True,
    help="Leave the index out, which holds the whole training text; served texts then name no sources.",
)


@click.command(epilog="Example: poet register shakespeare")
@NAME
@WITHOUT_INDEX
@PARAMS
def register(name: str | None, without_index: bool, params: Path) -> None:
    """Register the trained model of COLLECTION in MLflow, as its candidate; by default the first in `build`.

    The model goes there with its tokenizer, the index of its books and the code that serves it:
    `mlflow models serve -m models:/shakespeare@candidate`.
    """
    from poet.params.file import load_params
    from poet.project import require_project
    from poet.terminal import printable
    from poet.tracking.registry import registry

    settings = load_params(params)
    name, root = chosen_collection(settings, name), require_project()
    with registry(root) as client:
        version, is_new = register_model(client, settings, name, root, with_index=not without_index)
    state = "is the candidate now" if is_new else "has this model already"
    click.echo(printable(f"version {version.number} of {name} {state}: models:/{name}/{version.number}"))


def register_model(
    client: Any, settings: "Params", name: str, root: Path, *, with_index: bool
) -> "tuple[Version, bool]":
    """The version of the trained model of the collection `name`, and whether it is new. Its records are sent first."""
    from poet.errors import PoetError
    from poet.files import sha256
    from poet.results.model_folder import WEIGHTS
    from poet.tracking import registry
    from poet.tracking.publishing import publish_all

    model = built(settings, name, MODELS)
    index = built(settings, name, INDEX) if with_index else None
    # The run of the model may still wait in the spool.
    _, failed, problem = publish_all(root)
    # A record that fails for a reason of its own, such as a deleted run, was reported; it keeps no other model out.
    if problem:
        raise PoetError(f"{failed} records could not be sent to MLflow, where models are registered. {problem.text}")

    def write(out: Path) -> None:
        """Write the MLflow model to `out`, once it is known that it is needed."""
        from poet.attribution.index import open_index
        from poet.attribution.least_length import BEGINNING, least_length
        from poet.serve.package import write_mlflow_model

        length = settings.attribute.min_length
        if index and not length:
            length = least_length(open_index(index).beginnings(BEGINNING))
        write_mlflow_model(out, model, index, length or 0, root / CONSTRAINTS)

    return registry.register(client, name, sha256(model / WEIGHTS), write, has_index=with_index)
