"""Stage index: a suffix array over the training text."""

from pathlib import Path

import click

from poet.attribution.build_index import index_books
from poet.books.split import split_books
from poet.costs import records_cost
from poet.params.file import load_params
from poet.progress import log

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.index --clean data/clean/shakespeare --out data/index/shakespeare")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--clean", type=PATH, required=True, help="The folder of cleaned books.")
@click.option("--out", type=PATH, required=True, help="The folder of the index; it is replaced.")
@records_cost
def main(params: Path, clean: Path, out: Path) -> None:
    """Index the training text, so that every passage of it can be found."""
    # Training text only: the model cannot have copied a passage from text that it never saw.
    split = load_params(params).split
    meta = index_books(((book.id, book.training) for book in split_books(clean, split)), out)
    log(f"{meta.bytes:,} bytes of {len(meta.books)} books in {out}")


if __name__ == "__main__":
    main()
