"""`poet check`: is params.yaml right?"""

from pathlib import Path

import click

from poet.cli.options import PARAMS


@click.command(epilog="Example: poet check --params params.yaml")
@PARAMS
def check(params: Path) -> None:
    """List everything that is wrong with params.yaml, before a long build finds out."""
    # Imported here and not above, as in every command: `poet --help` then loads only what it shows.
    from poet.params.file import load_params

    # Raises one error with all problems, which click prints; the exit code is then 1.
    settings = load_params(params)
    click.echo(f"{params} is right; it builds {', '.join(settings.build)} of {', '.join(settings.collections)}")
