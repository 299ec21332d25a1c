"""Options that several commands share."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from poet.params.sections import Params

PARAMS = click.option("--params", type=click.Path(path_type=Path), default="params.yaml", show_default=True)

# Passes the collection as `name`: a str, or None where none was given.
COLLECTION = click.option("--collection", "name", help="A collection that is built; by default the first in `build`.")


def chosen_collection(settings: "Params", name: str | None) -> str:
    """The collection called `name`, or the first in `build` for None; ConfigError when params.yaml does not know it."""
    name = name or settings.build[0]
    settings.collection(name)
    return name
