"""Stage index: a suffix array over the training text."""

from pathlib import Path

import click

from poet.attribution.build_index import build_index
from poet.params.file import load_params
from poet.progress import log

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.index --clean data/clean/shakespeare --out data/index/shakespeare")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--clean", type=PATH, required=True)
@click.option("--out", type=PATH, required=True)
def main(params: Path, clean: Path, out: Path) -> None:
    """Index the training text, so that every passage can be found."""
    meta = build_index(clean, load_params(params).split, out)
    log(f"{meta['bytes']:,} bytes of {len(meta['books'])} books in {out}")


if __name__ == "__main__":
    main()
