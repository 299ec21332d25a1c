"""`poet tokenizers`: all kinds of tokenizer on one collection."""

import json
from pathlib import Path
from typing import Any

import click

from poet.cli.folders import CLEAN
from poet.cli.options import COLLECTION, PARAMS, built, chosen_collection


@click.command(epilog="Example: poet tokenizers --collection shakespeare --vocab-size 8000")
@COLLECTION
@click.option("--vocab-size", type=click.IntRange(min=2), help="Instead of tokenize.vocab_size.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@PARAMS
def tokenizers(name: str | None, vocab_size: int | None, as_json: bool, params: Path) -> None:
    """Train every kind of tokenizer on the training text of a collection; measure each on its validation text."""
    import dataclasses

    from poet.books.split import split_books
    from poet.params.file import load_params
    from poet.tokenizers.comparison import compare_tokenizers
    from poet.tokenizers.training_text import training_sample

    settings = load_params(params)
    clean = built(settings, chosen_collection(settings, name), CLEAN)
    sizes = dataclasses.replace(settings.tokenize, vocab_size=vocab_size or settings.tokenize.vocab_size)
    training = "".join(training_sample(clean, settings.split, sizes.train_characters))
    validation = [book.validation for book in split_books(clean, settings.split) if book.validation]
    rows = compare_tokenizers(training, validation, sizes)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        _print(rows)


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from poet.tokenizers.kinds import KINDS

    table = Table(
        "kind",
        caption="on the validation text; lost: characters in unknown words; MB/s: encoding; bold: in params.yaml",
    )
    for column in ("vocabulary", "chars/token", "bytes/token", "lost", "training", "MB/s"):
        table.add_column(column, justify="right")
    for row in rows:
        style = "bold" if row["chosen"] else None
        if "skipped" in row:
            table.add_row(row["kind"], "no room", "-", "-", "-", "-", "-", style="dim")
            continue
        table.add_row(
            row["kind"],
            f"{row['vocab_size']:,}",
            f"{row['characters_per_token']:.3f}",
            f"{row['bytes_per_token']:.3f}",
            f"{row['unknown']:.1%}",
            f"{row['train_seconds']:.2f} s",
            f"{row['encode_bytes_per_second'] / 1e6:.1f}",
            style=style,
        )
    console = Console(markup=False)
    console.print(table)
    for row in rows:
        if "skipped" in row:
            console.print(row["skipped"])
    for kind, about in KINDS.items():
        console.print(f"{kind:<9} {about.summary}", style="dim")
