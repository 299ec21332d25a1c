"""`poet tokens`: how a text is cut into tokens."""

from pathlib import Path

import click

from poet.cli.folders import TOKENS
from poet.cli.search import PARAMS

# Neighbouring tokens take turns; each is readable on light and dark terminals.
STYLES = ("black on bright_cyan", "black on bright_yellow", "black on bright_green", "black on bright_magenta")


@click.command(epilog='Example: poet tokens "Absolute truth" --collection shakespeare')
@click.argument("text")
@click.option("--collection", "name", help="A collection that is built; by default the first in `build`.")
@click.option("--tokenizer", "file", type=click.Path(path_type=Path), help="A tokenizer.json instead.")
@PARAMS
def tokens(text: str, name: str | None, file: Path | None, params: Path) -> None:
    """Show the tokens of TEXT, each in a colour of its own, with their ids."""
    from rich.console import Console
    from rich.text import Text

    from poet.params.file import load_params
    from poet.tokenizers.tokenizer import decode, encode, kind_of, load_tokenizer

    if file is None:
        settings = load_params(params)
        name = name or settings.build[0]
        settings.collection(name)
        file = TOKENS / name / "tokenizer.json"
    tokenizer = load_tokenizer(file)
    ids = encode(tokenizer, text).tolist()
    console = Console(highlight=False)
    cut, numbered = Text(), Text()
    for i, token in enumerate(ids):
        shown = decode(tokenizer, [token])
        visible = shown.replace("\n", "⏎\n").replace("\t", "⇥")
        cut.append(visible or "·", style=STYLES[i % len(STYLES)])
        numbered.append(f"{shown!r}", style=STYLES[i % len(STYLES)])
        numbered.append(f" {token}  ")
    console.print(cut)
    console.print(numbered)
    back = "and back exactly" if decode(tokenizer, ids) == text else "but not back: unknown words are lost"
    console.print(f"{len(text)} characters, {len(ids)} tokens of kind {kind_of(tokenizer)}, {back}", style="dim")
