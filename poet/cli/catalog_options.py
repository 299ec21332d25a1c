"""What `poet search` and `poet collection` share: the options of a query, the search itself, and the table of books."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poet.terminal import printable

if TYPE_CHECKING:
    from poet.finding.search import CatalogQuery, Found
    from poet.finding.years import Years
    from poet.sources.gutenberg.catalog import Catalog, CatalogEntry

# Longer titles and authors are cut in the table, to about three lines at 80 columns.
MAX_TITLE = 110
MAX_AUTHOR = 70

# Columns of the terminal from which the table has room for Gutenberg's date of release.
WIDE = 100


class YearsType(click.ParamType["Years"]):
    """A range of years, as 1800-1850."""

    name = "years"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Years":
        """The range; click shows the message of the error with the name of the option."""
        from poet.finding.years import Years, parse_years

        if isinstance(value, Years):
            return value
        try:
            return parse_years(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


OPTIONS = (
    click.option("--id", "ids", type=click.IntRange(min=1), multiple=True, help="Number of the book."),
    click.option("--author", "authors", multiple=True, help="Words of the author's name."),
    click.option("--title", "titles", multiple=True, help="Words of the title."),
    click.option("--subject", "subjects", multiple=True, help="Words of a subject or bookshelf."),
    click.option("--language", "languages", multiple=True, help="Name or code, as german, Deutsch or de."),
    click.option(
        "--author-lived",
        "--published",
        "lived",
        type=YearsType(),
        help="Years as 1800-1850: an author lived in one of them. The catalog has no years of publication, only life "
        "dates of authors, so --published means the same.",
    ),
)


def query_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the words and options of a query to `command`; it gets the fields of a CatalogQuery as arguments.

    Each option but the years may be given several times; a book then has to match only one of its values.
    """
    # In reverse, because click shows the options in the reverse of the order in which they are added.
    for option in reversed(OPTIONS):
        command = option(command)
    return click.argument("words", nargs=-1)(command)


def load_catalog(params: Path) -> "Catalog":
    """The catalog that params.yaml leads to; what is amiss with it goes to standard error."""
    from poet.params.file import load_params
    from poet.sources.gutenberg.catalog import open_catalog
    from poet.sources.gutenberg.mirrors import Mirrors

    settings = load_params(params).download
    catalog = open_catalog(Mirrors(settings.mirrors, max_bytes=settings.max_bytes))
    for remark in catalog.remarks:
        click.echo(printable(remark), err=True)
    return catalog


def find_books(params: Path, query: "CatalogQuery") -> "tuple[Found, str]":
    """The books that match `query`, and one line that says why if it had to be changed or none does; else ""."""
    from poet.finding.catalog_index import CatalogIndex
    from poet.finding.languages import language_code, similar_language
    from poet.finding.search import search

    entries = load_catalog(params).entries
    # To fold the whole catalog for one number would take two seconds.
    wanted = [entry for entry in entries if entry.id in query.ids] if query.ids else entries
    found = search(CatalogIndex(wanted), query)
    if found.instead:
        pairs = found.instead.items()
        wrong, right = " ".join(word for word, _ in pairs), " ".join(word for _, word in pairs)
        return found, printable(f"no book matches {wrong!r}; did you mean {right!r}?")
    if found.entries:
        return found, ""
    codes = {code for entry in entries for code in entry.language.split("; ")}
    for language in query.languages:
        if language_code(language) not in codes:
            hint = f"; did you mean {similar!r}?" if (similar := similar_language(language)) else ""
            return found, printable(f"no book matches: the catalog has none in the language {language!r}{hint}")
    return found, "no book matches; try fewer words"


def print_entries(entries: "Iterable[CatalogEntry]") -> None:
    """Print `entries` as a table."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table()
    # Title and author share what the numbers and codes leave, and wrap.
    table.add_column("id", no_wrap=True, justify="right")
    table.add_column("title", ratio=3)
    table.add_column("author", ratio=2)
    table.add_column("language", no_wrap=True, max_width=8)
    if console.width >= WIDE:
        table.add_column("released", no_wrap=True)
    for entry in entries:
        cells = [str(entry.id), _cut(entry.title, MAX_TITLE), _cut(_authors(entry), MAX_AUTHOR), entry.language]
        cells += [entry.issued] if console.width >= WIDE else []
        # Text, or rich would take the brackets of "Songs [with music]" for a style, and drop them.
        table.add_row(*(Text(printable(cell)) for cell in cells))
    console.print(table)


def _authors(entry: "CatalogEntry") -> str:
    """The authors without translators, editors and others, who have their role in brackets; all if there are no others.

    >>> from poet.sources.gutenberg.catalog import CatalogEntry
    >>> authors = "Kafka, Franz, 1883-1924; Wyllie, David [Translator]"
    >>> _authors(CatalogEntry(id=5200, title="Metamorphosis", author=authors, language="en", issued="", subjects=""))
    'Kafka, Franz, 1883-1924'
    """
    names = entry.author.split("; ")
    return "; ".join([name for name in names if not name.endswith("]")] or names)


def _cut(text: str, length: int) -> str:
    """`text`, with a sign for its end where it has more than `length` characters.

    >>> _cut("The Wonderful Wizard of Oz", 14)
    'The Wonderful…'
    """
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
