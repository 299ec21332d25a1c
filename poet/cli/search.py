"""`poet search`: find books in Gutenberg's catalog."""

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poet.cli.catalog_options import find_books, print_entries, query_options
from poet.project import PIPELINE, enclosing_project, in_project
from poet.projects.template import template_path
from poet.terminal import printable, printable_json

if TYPE_CHECKING:
    from poet.sources.gutenberg.catalog import CatalogEntry

RECIPE = "params.yaml"


def _recipe() -> Path:
    """params.yaml of the project; outside of projects the package's own, so that books are found before `poet init`."""
    return in_project(Path(RECIPE)) if _is_in_project() else template_path(RECIPE)


def _is_in_project() -> bool:
    return (enclosing_project() / PIPELINE).is_file() or Path(RECIPE).is_file()


@click.command(epilog="Example: poet search pride prejudice")
@query_options
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Most books to show.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--params", type=click.Path(path_type=Path), default=_recipe, show_default=RECIPE, help="The settings.")
def search(limit: int, as_json: bool, params: Path, **query: Any) -> None:
    """Find books in Gutenberg's catalog by WORDS of title, author and subject, or by the options.

    Case, accents, punctuation and usual other spellings do not matter: Mueller finds Müller, dostoevsky Dostoyevsky.
    Words that no book has are replaced by similar ones. The catalog is kept for a week.
    """
    from poet.finding.search import CatalogQuery

    wanted = CatalogQuery(**query)
    # Without a condition, every book of the catalog would match.
    if wanted.is_empty:
        raise click.UsageError("name some words, or --author, --title, --subject, --language, --author-lived or --id")
    found, remark = find_books(params, wanted)
    shown = found.entries[:limit]
    if as_json:
        if remark:
            click.echo(printable(remark), err=True)
        click.echo(printable_json([dataclasses.asdict(entry) for entry in shown], indent=2))
        return
    if remark:
        click.echo(printable(remark))
    if shown:
        print_entries(shown)
        more = f"; all with --limit {len(found.entries)}" if len(found.entries) > limit else ""
        books = "book" if len(found.entries) == 1 else "books"
        click.echo(printable(f"{len(shown)} of {len(found.entries)} {books}{more}"))
        option, command = ("--id", "collection add") if _is_in_project() else ("--books", "init")
        click.echo(printable(f"Next: poet {command} {_collection_name(shown[0])} {option} {shown[0].id}"))


def _collection_name(entry: "CatalogEntry") -> str:
    """A name for a collection that begins with this book: its author's surname, if that makes one.

    >>> from poet.sources.gutenberg.catalog import CatalogEntry
    >>> book = CatalogEntry(id=768, title="", author="Brontë, Emily, 1818-1848", language="en", issued="", subjects="")
    >>> _collection_name(book)
    'bronte'
    """
    from poet.finding.folding import fold

    name = fold(entry.author.split(",")[0]).replace(" ", "_")
    return name if re.fullmatch(r"[a-z][a-z0-9_]{0,30}", name) else "my_shelf"
