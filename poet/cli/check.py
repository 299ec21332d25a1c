"""`poet check`: is params.yaml right?"""

from pathlib import Path

import click

from poet.cli.options import PARAMS
from poet.terminal import printable


@click.command(epilog="Example: poet check --params params.yaml")
@PARAMS
def check(params: Path) -> None:
    """List everything that is wrong with params.yaml and the folders of its books, before a long build finds out."""
    # Imported here and not above, as in every command: `poet --help` then loads only what it shows.
    from poet.books.manifest import describe_files
    from poet.cli.held_out import unknown_held_out
    from poet.cli.outside_sources import note_outside_sources
    from poet.errors import SourceError
    from poet.params.file import load_params
    from poet.params.sections import FolderSource
    from poet.project import project_root
    from poet.sources.folder import count_files

    # Raises one error with all problems, which click prints; the exit code is then 1.
    settings = load_params(params)
    click.echo(f"{params} is right; it builds {', '.join(settings.build)} of {', '.join(settings.collections)}")

    # A folder of a collection that is not built may well be missing on this machine.
    problems = []
    for name in settings.build:
        for source in settings.collection(name).sources:
            if not isinstance(source, FolderSource):
                continue
            try:
                click.echo(f"{name}: {source.path}: {describe_files(count_files(source))}")
            except SourceError as error:
                problems.append(f"{name}: {error.format_message()}")
    for name, similar in unknown_held_out(settings, project_root()):
        hint = f"; did you mean {similar}?" if similar else ""
        click.echo(f"split.held_out_books: no book that is built has the id {name}; it holds nothing out{hint}")
    for path in note_outside_sources(settings, project_root()):
        click.echo(f"{path} has changed since the last check; the next `dvc repro` downloads its books again")
    if problems:
        raise SourceError("\n".join(problems))
