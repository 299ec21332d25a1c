"""`poet generate`: let a trained model write, in the terminal."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poet.cli.folders import INDEX, MODELS
from poet.cli.options import COLLECTION, PARAMS, built, chosen_collection, escaped_text, unicode_text
from poet.cli.sampling_options import sampling_options
from poet.params.sampling import LARGEST_SEED, SamplingParams
from poet.terminal import printable, printable_json

if TYPE_CHECKING:
    from collections.abc import Iterator

# The length of a sample, where nothing else ends it, and the most that an end is waited for: by line, and for words.
TOKENS, LINE_TOKENS, UNTIL_TOKENS = 300, 100, 2000


@click.command(
    epilog='Example: poet generate "Absolute truth " --collection philosophers --temperature 0.8 --samples 3'
)
@click.argument("prompt", callback=unicode_text)
@COLLECTION
@click.option("--model", "folder", type=click.Path(path_type=Path), help="A model's folder, not the collection's.")
@click.option("--index", type=click.Path(path_type=Path), help="An index folder for --max-copy, not the collection's.")
@click.option(
    "--tokens",
    type=click.IntRange(1, 1_000_000),
    help=f"Length of each sample, to the end of its line; by default {TOKENS}. With --lines or --until, the most.",
)
@click.option(
    "--lines", type=click.IntRange(1, 10_000), help="Stop after this many lines that have text, for example 14."
)
@click.option("--until", callback=escaped_text, help=r'End before these words; "\n\n" is a blank line.')
@click.option(
    "--samples", type=click.IntRange(1, 10_000), default=1, show_default=True, help="How many texts to write."
)
@sampling_options
@click.option(
    "--max-copy",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="The longest passage, in characters, that may be copied verbatim from the training text; 0: no limit.",
)
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, mps, or auto for the fastest.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one sample a line, as in samples.jsonl.")
@PARAMS
def generate(
    prompt: str,
    name: str | None,
    folder: Path | None,
    index: Path | None,
    tokens: int | None,
    lines: int | None,
    until: str | None,
    samples: int,
    sampling: SamplingParams,
    max_copy: int,
    device: str,
    as_json: bool,
    params: Path,
) -> None:
    """Continue PROMPT.

    The first sample appears while it is written. The same seed writes the same text again.
    """
    if not prompt:
        raise click.UsageError("the prompt is empty; give it a word to begin with")
    if sampling.seed + samples - 1 > LARGEST_SEED:
        raise click.UsageError(
            f"--seed {sampling.seed} leaves no seeds for {samples} samples; the largest is {LARGEST_SEED}"
        )
    folder, index = _find(params, name, folder, index, max_copy)

    # torch takes a second to import, so it is imported when the command runs and not for `poet --help`.
    from poet.attribution.guard import open_guard
    from poet.device.device import pick_device
    from poet.generation.ending import Ending
    from poet.generation.stream import stream_texts
    from poet.model.saving import load_model
    from poet.results.samples import Sample
    from poet.tokenizers.tokenizer import token_bytes

    trained = load_model(folder, pick_device(device))
    guard = open_guard(index, token_bytes(trained.tokenizer), max_copy)
    # One set of parameters for each sample; they differ in the seed.
    each = [dataclasses.replace(sampling, seed=sampling.seed + i) for i in range(samples)]
    ending = Ending(lines=lines or 0, until=until or "") if lines or until else None
    tokens = tokens or max(TOKENS, LINE_TOKENS * (lines or 0), UNTIL_TOKENS if until else 0)
    texts = stream_texts(trained, prompt, each, tokens, guard, ending)
    for number, (one, pieces) in enumerate(zip(each, texts, strict=True)):
        if as_json:
            text = "".join(pieces)
            sample = Sample(
                sample=number, prompt=prompt, text=text, max_copy=max_copy, tokens=tokens, **dataclasses.asdict(one)
            )
            # The ranks of the tokens are those of the stage sample only.
            row = {key: value for key, value in dataclasses.asdict(sample).items() if value != ()}
            click.echo(printable_json(row))
            continue
        if samples > 1:
            click.secho(f"--- seed {one.seed}", dim=True)
        _print(prompt, pieces)


def _find(params: Path, name: str | None, folder: Path | None, index: Path | None, max_copy: int) -> tuple[Path, Path]:
    """The folders of the model and of the index; params.yaml is read only if an option leaves one of them open."""
    from poet.params.file import load_params

    # Without a limit on copying, no index is opened.
    if folder is not None and (index is not None or not max_copy):
        return folder, index or INDEX
    settings = load_params(params)
    name = chosen_collection(settings, name)
    return (
        folder or built(settings, name, MODELS),
        index or (built(settings, name, INDEX) if max_copy else INDEX),
    )


def _print(prompt: str, pieces: "Iterator[str]") -> None:
    """Print the prompt, and each piece of the text behind it as soon as it is written."""
    click.secho(printable(prompt), bold=True, nl=False)
    for piece in pieces:
        click.echo(printable(piece), nl=False)
    click.echo()
