"""What `poet search` and `poet collection` share: the options of a query, and the table that they print."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from poet.cli.terminal import printable

if TYPE_CHECKING:
    from poet.sources.gutenberg.catalog import CatalogEntry

OPTIONS = (
    click.option("--id", "ids", type=click.IntRange(min=1), multiple=True, help="Number of the book."),
    click.option("--author", "authors", multiple=True, help="Words of the author's name."),
    click.option("--title", "titles", multiple=True, help="Words of the title."),
    click.option("--subject", "subjects", multiple=True, help="Words of a subject or bookshelf."),
    click.option("--language", "languages", multiple=True, help="Two letters, as en or de."),
)


def query_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a query to `command`; it gets the fields of a CatalogQuery as arguments.

    Each option may be given several times; a book then has to match only one of its values.
    """
    # In reverse, because click shows the options in the reverse of the order in which they are added.
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def print_entries(entries: "Iterable[CatalogEntry]") -> None:
    """Print `entries` as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table("id", "title", "author", "language", "issued")
    for entry in entries:
        table.add_row(*map(printable, (str(entry.id), entry.title, entry.author, entry.language, entry.issued)))
    # Without markup, or rich would take the brackets of "Songs [with music]" for a style, and drop them.
    Console(markup=False).print(table)
