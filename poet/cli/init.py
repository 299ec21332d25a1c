"""`poet init`: a new project, in a folder of its own, from the installed package."""

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poet.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from poet.params.sections import Params
    from poet.projects.recipe import Shelf

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def _numbers(context: click.Context, parameter: click.Parameter, text: str | None) -> list[int]:
    """The numbers in `text`, between commas; click.BadParameter where there is anything else. Without the option, none.

    >>> _numbers(None, None, "1342, 158")
    [1342, 158]
    """
    words = [] if text is None else [word.strip() for word in text.split(",")]
    # As many digits as params.yaml takes.
    if wrong := [word for word in words if not re.fullmatch(r"[1-9][0-9]{0,5}", word)]:
        raise click.BadParameter(f"{wrong[0]!r} is not the number of a book; say 1342,158", context, parameter)
    return list(dict.fromkeys(map(int, words)))


@click.command(short_help="Start a project in a new folder.", epilog="Example: poet init austen --books 1342,158")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--books", callback=_numbers, help="Numbers of Gutenberg books (`poet search`).")
@click.option("--folder", "folders", type=FOLDER, multiple=True, help="A folder with texts of your own.")
@click.option("--calibre", type=FOLDER, multiple=True, help="A Calibre library.")
@click.option("--name", help="Name of the collection; by default that of DIR.")
@click.option("--title", help="Its title; by default made from its name.")
@click.option("--mirror", "mirrors", multiple=True, help="Folder or address that is asked for books first.")
def init(folder: Path, mirrors: tuple[str, ...], **chosen: Any) -> None:
    """Start a project in DIR, a new or an empty folder: recipe, pipeline, and a git repository with a first commit.

    `dvc repro` builds it: without books, Shakespeare's plays. Texts and libraries stay where they are; git notes their
    paths.
    """
    from poet.installation import IS_WHEEL
    from poet.params.file import load_params
    from poet.projects.create import commit_project, new_project
    from poet.projects.recipe import make_recipe
    from poet.projects.template import template_path

    shelf = _shelf(folder, **chosen)
    # A mirror on this machine is found from the new folder too.
    places = [str(Path(mirror).absolute()) if Path(mirror).is_dir() else mirror for mirror in mirrors]
    with new_project(folder, make_recipe(shelf, places)):
        if shelf:
            _look_at_books(folder, shelf, load_params(folder / "params.yaml"))
        problem = commit_project(folder)
    if problem:
        click.echo(printable(f"nothing is committed yet, for git says:\n{problem}"))
        click.echo(printable("once that is mended, run there: git commit --message 'A new poet'"))
    if not IS_WHEEL:
        click.echo(printable(f"its recipe is made from {template_path('params.yaml')}, with what was changed there"))
    click.echo(printable(f"{folder} is ready; build it with:\n  cd {shlex.quote(str(folder))}\n  dvc repro"))


def _shelf(
    folder: Path,
    books: list[int],
    folders: tuple[Path, ...],
    calibre: tuple[Path, ...],
    name: str | None,
    title: str | None,
) -> "Shelf | None":
    """The collection that was chosen, or None for none; click.UsageError where it has no name, PoetError where the new
    project would be among its texts.
    """
    from poet.finding.folding import fold
    from poet.params.values import NAME, RESERVED_NAMES
    from poet.projects.recipe import Shelf

    if not (books or folders or calibre):
        if name or title:
            raise click.UsageError("say which books: --books, --folder or --calibre")
        return None
    _require_outside(folder, (*folders, *calibre))
    wanted = name or folder.absolute().name
    name = name or "_".join(re.findall("[a-z0-9-]+", fold(wanted)))
    if not re.fullmatch(NAME, name) or name in RESERVED_NAMES:
        raise click.UsageError(
            f"{wanted!r} is no name for a collection: that is up to 64 of a-z, 0-9, _ and -, and no reserved word; "
            "choose one with --name"
        )
    return Shelf(
        name=name,
        title=title or name.replace("_", " ").capitalize(),
        books=books,
        # Paths in params.yaml begin at the root of the project.
        folders=[str(path.absolute()) for path in folders],
        calibre=[str(path.absolute()) for path in calibre],
    )


def _require_outside(folder: Path, sources: "Sequence[Path]") -> None:
    """PoetError if the new project `folder` would be in a folder of `sources`."""
    from poet.errors import PoetError

    for source in sources:
        if folder.resolve().is_relative_to(source.resolve()):
            raise PoetError(
                f"{folder} would be in {source}, and the project would read its own files as texts of that folder; "
                "name a folder outside of it"
            )


def _look_at_books(root: Path, shelf: "Shelf", settings: "Params") -> None:
    """Say which books the new project `root` has; PoetError if one is unknown, or a folder has none."""
    from poet.cli.check import look_into
    from poet.cli.outside_sources import note_outside_sources

    if shelf.books:
        _look_up(root / "params.yaml", shelf.books)
    for source in settings.collection(shelf.name).sources:
        if found := look_into(source, settings.download):
            click.echo(printable(found))
    note_outside_sources(settings, root)


def _look_up(params: Path, books: "Sequence[int]") -> None:
    """Show what the catalog says of `books`; PoetError if it lacks one."""
    from poet.cli.catalog_options import load_catalog, print_entries
    from poet.errors import PoetError, SourceError

    try:
        entries = {entry.id: entry for entry in load_catalog(params).entries}
    except SourceError as error:
        # Without a network, a project can be started too; the download names a book that no mirror has.
        click.echo(printable(f"the numbers of the books could not be looked up: {error.format_message()}"), err=True)
        return
    if unknown := [str(number) for number in books if number not in entries]:
        raise PoetError(f"Gutenberg's catalog has no text {', '.join(unknown)}; look for books with `poet search`")
    print_entries(entries[number] for number in books)
