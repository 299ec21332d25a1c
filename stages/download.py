"""Stage download: gather the books of a collection."""

from pathlib import Path

import click

from poet.params.file import load_params
from poet.progress import log
from poet.sources.download import download

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.download --collection shakespeare --out data/raw/shakespeare")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True)
@click.option("--out", type=PATH, required=True)
def main(params: Path, collection: str, out: Path) -> None:
    """Fetch the books of a collection as they are served, with a manifest."""
    settings = load_params(params)
    books = download(settings.collection(collection), settings.download, out)
    log(f"{len(books)} books, {sum(book.bytes for book in books):,} bytes in {out}")


if __name__ == "__main__":
    main()
