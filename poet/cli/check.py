"""`poet check`: is params.yaml right?"""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poet.cli.folders import MODELS
from poet.cli.options import PARAMS
from poet.project import enclosing_project
from poet.terminal import printable

if TYPE_CHECKING:
    from poet.params.sections import DownloadSettings, Params, Source

# What to do about a model that DVC would take away before the training starts from it.
KEEP = (
    "{folder} is written by a stage, and `dvc exp run` takes away what it does not build; let DVC keep a copy: "
    "`cp -r {folder} models/first`, `dvc add models/first`, and train.init_from: models/first"
)


@click.command(epilog="Example: poet check --params params.yaml")
@PARAMS
def check(params: Path) -> None:
    """List everything that is wrong with params.yaml and the folders of its books, before a long build finds out."""
    # Imported here and not above, as in every command: `poet --help` then loads only what it shows.
    from poet.cli.held_out import unknown_held_out
    from poet.cli.outside_sources import note_outside_sources
    from poet.errors import SourceError
    from poet.params.file import load_params
    from poet.project import project_root
    from poet.projects.lock import other_code

    # Raises one error with all problems, which click prints; the exit code is then 1.
    settings = load_params(params)
    builds, known = ", ".join(settings.build), ", ".join(settings.collections)
    click.echo(printable(f"{params} is right; it builds {builds} of {known}"))

    # Paths in params.yaml begin at the root of the project.
    with contextlib.chdir(enclosing_project()):
        problems = [*_look_into_all(settings), *_look_at_start(settings)]
        for line in [*unknown_held_out(settings, project_root()), *other_code(project_root())]:
            click.echo(printable(line))
        for path in note_outside_sources(settings, project_root()):
            click.echo(
                printable(f"{path} has changed since the last check; the next `dvc repro` downloads its books again")
            )
    if problems:
        raise SourceError("\n".join(problems))


def _look_into_all(settings: "Params") -> list[str]:
    """Say what the sources of all collections of `build` have; returns what is wrong with them."""
    from poet.errors import SourceError

    # A folder of a collection that is not built may well be missing on this machine.
    problems = []
    for name in settings.build:
        for source in settings.collection(name).sources:
            try:
                if found := look_into(source, settings.download):
                    click.echo(printable(f"{name}: {found}"))
            except SourceError as error:
                problems.append(f"{name}: {error.format_message()}")
    return problems


def _look_at_start(settings: "Params") -> list[str]:
    """Say from which model a training starts; returns what is wrong with it."""
    from poet.errors import PoetError
    from poet.training.start import read_start

    try:
        if start := read_start(settings.model, settings.train):
            size = f"{start.model.n_layer} x {start.model.n_embd} (layers x width), {start.vocab_size:,} tokens"
            click.echo(printable(f"training starts from {settings.train.init_from}: {size}"))
            if _is_made_here(settings):
                click.echo(printable(KEEP.format(folder=settings.train.init_from)))
    except PoetError as error:
        return [error.format_message()]
    return []


def _is_made_here(settings: "Params") -> bool:
    """Whether the model that a training starts from is what the training of a known collection writes."""
    start = settings.train.start
    return start is not None and any((MODELS / name).resolve() == start.resolve() for name in settings.collections)


def look_into(source: "Source", settings: "DownloadSettings") -> str:
    """What a source on this machine has, in words; "" where nothing is to be said. SourceError if it has no book."""
    from poet.books.manifest import describe_files
    from poet.params.sections import FolderSource, GutenbergSource
    from poet.sources.folder import count_files
    from poet.sources.kinds import SOURCES, charset_setting

    charset_setting(source)
    if isinstance(source, FolderSource):
        return f"{source.path}: {describe_files(count_files(source))}"
    # The first book of a package or a Calibre library is enough. Gutenberg's books are found by the download itself.
    if not isinstance(source, GutenbergSource):
        next(iter(SOURCES[type(source)](source, settings)), None)
    return ""
