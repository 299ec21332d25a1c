"""`poet search`: find books in Gutenberg's catalog."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

PARAMS = click.option("--params", type=click.Path(path_type=Path), default="params.yaml", show_default=True)


def query_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what to look for; each may be given several times, and then any of its values will do."""
    options = [
        click.option("--id", "ids", type=click.IntRange(min=1), multiple=True, help="Number of the book."),
        click.option("--author", "authors", multiple=True, help="Words of the author's name."),
        click.option("--title", "titles", multiple=True, help="Words of the title."),
        click.option("--subject", "subjects", multiple=True, help="Words of a subject or bookshelf."),
        click.option("--language", "languages", multiple=True, help="Two letters, as en or de."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command(epilog="Example: poet search --author kant --title critique --language en")
@query_options
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@PARAMS
def search(limit: int, as_json: bool, params: Path, **query: Any) -> None:
    """Find books in Gutenberg's catalog; case and accents do not matter. The catalog is kept for a week."""
    from poet.params.file import load_params
    from poet.sources.gutenberg import catalog
    from poet.sources.gutenberg.mirrors import Mirrors

    settings = load_params(params).download
    wanted = catalog.Query(**query)
    if wanted.is_empty:
        raise click.UsageError("say what to look for: --author, --title, --subject, --language or --id")
    mirrors = Mirrors(settings.mirrors, max_bytes=settings.max_bytes)
    found = catalog.search(catalog.open_catalog(mirrors), wanted)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(entry) for entry in found[:limit]], ensure_ascii=False, indent=2))
    else:
        print_entries(found[:limit])
        click.echo(f"{min(limit, len(found))} of {len(found)} books" if found else "no book matches")


def print_entries(entries: Any) -> None:
    """A table of catalog entries."""
    from rich.console import Console
    from rich.table import Table

    table = Table("id", "title", "author", "language", "issued")
    for entry in entries:
        table.add_row(str(entry.id), entry.title, entry.author, entry.language, entry.issued)
    Console(markup=False).print(table)
