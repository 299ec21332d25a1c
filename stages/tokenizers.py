"""Stage tokenizers: all kinds of tokenizer on the books of a collection, for the report."""

from pathlib import Path

import click

from poet.books.manifest import PRIVATE
from poet.books.split import split_books
from poet.costs import records_cost
from poet.files import write_json
from poet.params.file import load_params
from poet.progress import log
from poet.tokenizers.comparison import compare_tokenizers, example_line
from poet.tokenizers.training_text import training_sample

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.tokenizers --clean data/clean/shakespeare --out tokenizers.json")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--clean", type=PATH, required=True)
@click.option("--out", type=PATH, required=True)
@records_cost
def main(params: Path, clean: Path, out: Path) -> None:
    """Train every kind of tokenizer on the training text; measure each on the validation text."""
    settings = load_params(params)
    training = "".join(training_sample(clean, settings.split, settings.tokenize.train_characters))
    books = [book for book in split_books(clean, settings.split) if book.validation]
    # The page shows a line of text, and of a private book no line may be read there.
    line = example_line(book.validation for book in books if book.row.source != PRIVATE)
    rows = compare_tokenizers(training, [book.validation for book in books], settings.tokenize, line)
    write_json(out, rows)
    lengths = {row["kind"]: row["characters_per_token"] for row in rows if "skipped" not in row}
    longest = max(lengths, key=lengths.__getitem__)
    log(f"{len(lengths)} kinds of tokenizer; the longest tokens: {longest}, {lengths[longest]:.2f} characters each")


if __name__ == "__main__":
    main()
