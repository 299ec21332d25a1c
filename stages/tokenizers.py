"""Stage tokenizers: all kinds of tokenizer on the books of a collection, for the report."""

from pathlib import Path

import click

from poet.files import write_json
from poet.params.file import load_params
from poet.tokenizers.comparison import compare_tokenizers

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.tokenizers --clean data/clean/shakespeare --out tokenizers.json")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--clean", type=PATH, required=True)
@click.option("--out", type=PATH, required=True)
def main(params: Path, clean: Path, out: Path) -> None:
    """Train and measure every kind of tokenizer."""
    settings = load_params(params)
    write_json(out, compare_tokenizers(clean, settings.split, settings.tokenize))


if __name__ == "__main__":
    main()
