"""`poet check`: is params.yaml right?"""

from pathlib import Path

import click


@click.command(epilog="Example: poet check --params params.yaml")
@click.option("--params", type=click.Path(path_type=Path), default="params.yaml", show_default=True)
def check(params: Path) -> None:
    """Say everything that is wrong with params.yaml, before a long build finds out."""
    from poet.params.file import load_params

    settings = load_params(params)
    click.echo(f"{params} is right; it builds {', '.join(settings.build)} of {', '.join(settings.collections)}")
