"""`poet promote`: make a model the champion of its collection, if it is no worse than the champion so far."""

from pathlib import Path

import click

from poet.cli.options import PARAMS, chosen_collection
from poet.cli.register import NAME, WITHOUT_INDEX, register_model


@click.command(epilog="Example: poet promote shakespeare; poet promote shakespeare --version 3")
@NAME
@click.option("--version", "number", type=click.IntRange(min=1), help="A registered version, not the trained model.")
@WITHOUT_INDEX
@PARAMS
def promote(name: str | None, number: int | None, without_index: bool, params: Path) -> None:
    """Make the trained model of COLLECTION its champion; by default of the first in `build`.

    It is registered if it is not yet. It must need no more bits per character than the champion so far, and not copy
    more, both measured on the same text.
    """
    from poet.errors import PoetError
    from poet.params.file import load_params
    from poet.project import require_project
    from poet.terminal import printable
    from poet.tracking.promotion import promote as promote_version
    from poet.tracking.registry import registry, versions

    settings = load_params(params)
    name, root = chosen_collection(settings, name), require_project()
    with registry(root) as client:
        if number is None:
            version, _ = register_model(client, settings, name, root, with_index=not without_index)
        else:
            known = {one.number: one for one in versions(client, name)}
            if number not in known:
                there = f"there are {', '.join(map(str, sorted(known)))}" if known else "none is registered"
                raise PoetError(f"{name} has no version {number}: {there}. `poet register {name}` makes one.")
            version = known[number]
        click.echo(printable("\n".join(promote_version(client, name, version))))
