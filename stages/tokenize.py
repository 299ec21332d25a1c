"""Stage tokenize: fit a tokenizer and write token files."""

from pathlib import Path

import click

from poet.params.file import load_params
from poet.progress import log
from poet.tokens.token_files import tokenize

PATH = click.Path(path_type=Path)


@click.command(
    epilog="Example: python -m stages.tokenize --collection shakespeare --clean data/clean/shakespeare --out tokens"
)
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True)
@click.option("--clean", type=PATH, required=True)
@click.option("--out", type=PATH, required=True)
def main(params: Path, collection: str, clean: Path, out: Path) -> None:
    """Fit a tokenizer to the training text and encode all splits."""
    settings = load_params(params)
    meta = tokenize(clean, settings.split, settings.tokenize, settings.collection(collection).weights, out)
    train = meta["splits"]["train"]
    log(
        f"{meta['vocab_size']:,} tokens in the vocabulary, {train['tokens']:,} to train on, "
        f"{train['characters'] / train['tokens']:.2f} characters each"
    )
    if train["unknown_tokens"]:
        share = train["unknown_characters"] / train["characters"]
        log(f"{train['unknown_tokens']:,} tokens are unknown words: {share:.1%} of the characters are lost")


if __name__ == "__main__":
    main()
