"""`poet tokens`: how a text is cut into tokens."""

from pathlib import Path

import click

from poet.cli.folders import TOKENS
from poet.cli.options import COLLECTION, PARAMS, chosen_collection, unicode_text
from poet.terminal import printable, visible_bytes

# Neighbouring tokens take turns; each style is readable on light and dark terminals.
STYLES = ("black on bright_cyan", "black on bright_yellow", "black on bright_green", "black on bright_magenta")


@click.command(epilog='Example: poet tokens "Absolute truth" --collection shakespeare')
@click.argument("text", callback=unicode_text)
@COLLECTION
@click.option("--tokenizer", "file", type=click.Path(path_type=Path, exists=True), help="A tokenizer.json instead.")
@PARAMS
def tokens(text: str, name: str | None, file: Path | None, params: Path) -> None:
    """Show the tokens of TEXT, each in a colour of its own, with their ids."""
    from rich.console import Console
    from rich.text import Text

    from poet.files import read_json
    from poet.params.file import load_params
    from poet.results.model_folder import TOKENIZER
    from poet.tokenizers.tokenizer import decode, encode, load_tokenizer, token_bytes
    from poet.tokens.token_files import META

    kind = ""
    if file is None:
        folder = TOKENS / chosen_collection(load_params(params), name)
        tokenizer, kind = load_tokenizer(folder / TOKENIZER), f" of kind {read_json(folder / META)['kind']}"
    else:
        tokenizer = load_tokenizer(file)
    ids = encode(tokenizer, text).tolist()
    spelled = token_bytes(tokenizer)
    console = Console(highlight=False)
    cut, numbered = Text(), Text()
    for i, token in enumerate(ids):
        # A token may be a part of a character.
        shown = visible_bytes(spelled[token])
        visible = printable(shown).replace("\n", "⏎\n").replace("\t", "⇥")
        cut.append(visible or "·", style=STYLES[i % len(STYLES)])
        numbered.append(f"{shown!r}", style=STYLES[i % len(STYLES)])
        numbered.append(f" {token}  ")
    console.print(cut)
    console.print(numbered)
    back = "and back exactly" if decode(tokenizer, ids) == text else "but not back: unknown words are lost"
    console.print(printable(f"{len(text)} characters, {len(ids)} tokens{kind}, {back}"), style="dim", markup=False)
