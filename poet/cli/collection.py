"""`poet collection`: add, show and remove the collections in params.yaml."""

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poet.cli.catalog_options import find_books, load_catalog, print_entries, query_options
from poet.cli.options import PARAMS, complete_collections
from poet.project import enclosing_project
from poet.terminal import printable, printable_json

if TYPE_CHECKING:
    from poet.params.sections import Collection

# The most books that are added without --yes. A search for one common word finds thousands, which is hardly intended.
MAX_WITHOUT_YES = 40


@click.group(epilog="Example: poet collection add bronte --author bronte --language en")
def collection() -> None:
    """Add, show and remove collections in params.yaml; comments and order stay."""


@collection.command(
    short_help="Add Gutenberg books to a collection.", epilog="Example: poet collection add duo --id 1342 --id 158"
)
@click.argument("name", shell_complete=complete_collections)
@query_options
@click.option("--label", default="", help="Title of the collection; by default made from its name.")
@click.option("--yes", is_flag=True, help=f"Add more than {MAX_WITHOUT_YES} books.")
@PARAMS
def add(name: str, label: str, yes: bool, params: Path, **query: Any) -> None:
    """Add Gutenberg books to the collection NAME, by number or by search; a new NAME makes a new collection."""
    from poet.errors import PoetError
    from poet.finding.search import CatalogQuery
    from poet.params.file import add_collection

    wanted = CatalogQuery(**query)
    if wanted.is_empty:
        raise click.UsageError(
            "say which books: words, --id, --author, --title, --subject, --language or --author-lived"
        )
    result, remark = find_books(params, wanted)
    # What was only meant perhaps is not added.
    found = [] if result.instead else sorted(result.entries, key=lambda entry: entry.id)
    # A number that was typed by hand must exist; the other conditions are only a search.
    if unknown := sorted(set(wanted.ids) - {entry.id for entry in found}):
        raise PoetError(f"Gutenberg's catalog has no text {', '.join(map(str, unknown))} that fits")
    if not found:
        raise PoetError(f"{remark}\nLook for them with `poet search`.")
    if len(found) > MAX_WITHOUT_YES and not yes:
        raise PoetError(f"this would add {len(found)} books; narrow the search, or say --yes")
    # `add_collection` returns the ids that the collection did not have yet.
    new = set(add_collection(params, name, label or name.replace("_", " ").capitalize(), [entry.id for entry in found]))
    print_entries(entry for entry in found if entry.id in new)
    click.echo(printable(f"{len(new)} books added to {name}; build it with: dvc exp run -S 'build=[{name}]'"))


@collection.command(
    short_help="Show the sources and books of a collection.", epilog="Example: poet collection show women_writers"
)
@click.argument("name", shell_complete=complete_collections)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: title and sources, as in params.yaml.")
@PARAMS
def show(name: str, as_json: bool, params: Path) -> None:
    """Show the sources of the collection NAME, and what the catalog says of its Gutenberg books."""
    from poet.params.file import load_params

    chosen = load_params(params).collection(name)
    if as_json:
        click.echo(printable_json({"collection": name} | dataclasses.asdict(chosen), indent=2))
        return
    click.echo(printable(chosen.title))
    params = params.absolute()
    # Paths in params.yaml begin at the root of the project.
    with contextlib.chdir(enclosing_project()):
        _print_sources(chosen, params)


def _print_sources(chosen: "Collection", params: Path) -> None:
    """Print what each source of a collection is, and the books that are known without a download."""
    from poet.params.sections import FolderSource, GutenbergSource
    from poet.sources.folder import book_ids

    for source in chosen.sources:
        if isinstance(source, GutenbergSource):
            entries = {entry.id: entry for entry in load_catalog(params).entries}
            print_entries(entries[number] for number in source.ids if number in entries)
            if unknown := [str(number) for number in source.ids if number not in entries]:
                click.echo(printable(f"not in the catalog: {', '.join(unknown)}"))
        else:
            # The place of a folder or a Calibre library, or the name of a package.
            click.echo(
                printable(f"{source.kind}: {getattr(source, 'path', '') or getattr(source, 'distribution', '')}")
            )
        if isinstance(source, FolderSource):
            # Ids are what `held_out_books` and `weights` name; under aliases, nothing else says whose they are.
            for book, file in book_ids(source):
                click.echo(printable(f"  {book}  {file}"))


@collection.command(short_help="Take a collection out of params.yaml.", epilog="Example: poet collection remove bronte")
@click.argument("name", shell_complete=complete_collections)
@PARAMS
def remove(name: str, params: Path) -> None:
    """Take the collection NAME out of params.yaml; what was built from it stays on the disk."""
    from poet.params.file import remove_collection

    remove_collection(params, name)
    click.echo(printable(f"{name} removed from {params}"))
