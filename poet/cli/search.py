"""`poet search`: find books in Gutenberg's catalog."""

import dataclasses
from pathlib import Path
from typing import Any

import click

from poet.cli.catalog_options import print_entries, query_options
from poet.cli.options import PARAMS
from poet.cli.terminal import printable_json


@click.command(epilog="Example: poet search --author kant --title critique --language en")
@query_options
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Most books to show.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@PARAMS
def search(limit: int, as_json: bool, params: Path, **query: Any) -> None:
    """Find books in Gutenberg's catalog; case and accents do not matter. The catalog is kept for a week."""
    from poet.params.file import load_params
    from poet.sources.gutenberg import catalog
    from poet.sources.gutenberg.mirrors import Mirrors

    settings = load_params(params).download
    wanted = catalog.CatalogQuery(**query)
    # Without a condition, every book of the catalog would match.
    if wanted.is_empty:
        raise click.UsageError("name at least one condition: --author, --title, --subject, --language or --id")
    mirrors = Mirrors(settings.mirrors, max_bytes=settings.max_bytes)
    found = catalog.search(catalog.open_catalog(mirrors), wanted)
    if as_json:
        click.echo(printable_json([dataclasses.asdict(entry) for entry in found[:limit]], indent=2))
        return
    print_entries(found[:limit])
    click.echo(f"{min(limit, len(found))} of {len(found)} books" if found else "no book matches")
