"""Stage clean: the words of each book, without licence and small print."""

from pathlib import Path

import click

from poet.cleaning.records import clean
from poet.params.file import load_params
from poet.progress import log

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.clean --raw data/raw/shakespeare ...")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--raw", type=PATH, required=True)
@click.option("--out", type=PATH, required=True)
@click.option("--quality", type=PATH, required=True)
def main(params: Path, raw: Path, out: Path, quality: Path) -> None:
    """Clean every downloaded book into one UTF-8 text."""
    books = clean(raw, load_params(params).clean, out=out, quality=quality)
    log(f"{len(books)} books, {sum(book.characters for book in books):,} characters in {out}")


if __name__ == "__main__":
    main()
