"""`poet tokens`: how a text is cut into tokens."""

from collections.abc import Sequence
from pathlib import Path

import click

from poet.cli.folders import TOKENS
from poet.cli.options import COLLECTION, PARAMS, built, chosen_collection, unicode_text
from poet.terminal import printable, printable_json, visible_bytes

# Neighbouring tokens take turns; each style is readable on light and dark terminals.
STYLES = ("black on bright_cyan", "black on bright_yellow", "black on bright_green", "black on bright_magenta")


@click.command(epilog='Example: poet tokens "Absolute truth" --collection shakespeare')
@click.argument("text", callback=unicode_text)
@COLLECTION
@click.option("--tokenizer", "file", type=click.Path(path_type=Path, exists=True), help="A tokenizer.json instead.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: the id and the text of each token.")
@PARAMS
def tokens(text: str, name: str | None, file: Path | None, as_json: bool, params: Path) -> None:
    """Show the tokens of TEXT, each in a colour of its own, with their ids."""
    from poet.files import read_json
    from poet.params.file import load_params
    from poet.results.model_folder import TOKENIZER
    from poet.tokenizers.tokenizer import decode, encode, load_tokenizer, token_bytes
    from poet.tokens.token_files import META

    kind = ""
    if file is None:
        settings = load_params(params)
        folder = built(settings, chosen_collection(settings, name), TOKENS)
        tokenizer, kind = load_tokenizer(folder / TOKENIZER), f" of kind {read_json(folder / META)['kind']}"
    else:
        tokenizer = load_tokenizer(file)
    ids = encode(tokenizer, text).tolist()
    spelled = token_bytes(tokenizer)
    if as_json:
        click.echo(printable_json([{"id": token, "text": visible_bytes(spelled[token])} for token in ids], indent=2))
        return
    is_exact = decode(tokenizer, ids) == text
    _print(ids, [visible_bytes(spelled[token]) for token in ids])
    back = "and back exactly" if is_exact else "but not back: unknown words are lost"
    click.secho(printable(f"{len(text)} characters, {len(ids)} tokens{kind}, {back}"), dim=True)


def _print(ids: Sequence[int], shown: Sequence[str]) -> None:
    """Print the text cut into its tokens, and below it each token with its id; `shown` is how each is spelled."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    cut, numbered = Text(), Text()
    for i, (token, spelled) in enumerate(zip(ids, shown, strict=True)):
        # A token may be a part of a character.
        visible = printable(spelled).replace("\n", "⏎\n").replace("\t", "⇥")
        cut.append(visible or "·", style=STYLES[i % len(STYLES)])
        numbered.append(f"{spelled!r}", style=STYLES[i % len(STYLES)])
        numbered.append(f" {token}  ")
    console.print(cut)
    console.print(numbered)
