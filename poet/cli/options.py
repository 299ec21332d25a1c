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


def unicode_text(context: click.Context, parameter: click.Parameter, text: str) -> str:
    """`text` as it was typed; click.BadParameter where the terminal sent bytes that are no UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise click.BadParameter(f"it is not UTF-8 (character {error.start})", context, parameter) from None
    return text
