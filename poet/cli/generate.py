"""`poet generate`: let a trained model write, in the terminal."""

import dataclasses
from pathlib import Path

import click

from poet.cli.folders import INDEX, MODELS
from poet.cli.options import COLLECTION, PARAMS, chosen_collection, unicode_text
from poet.cli.sampling_options import sampling_options
from poet.params.sampling import LARGEST_SEED, SamplingParams
from poet.terminal import printable


@click.command(
    epilog='Example: poet generate "Absolute truth " --collection philosophers --temperature 0.8 --samples 3'
)
@click.argument("prompt", callback=unicode_text)
@COLLECTION
@click.option("--model", "folder", type=click.Path(path_type=Path), help="A model's folder, not the collection's.")
@click.option("--index", type=click.Path(path_type=Path), help="An index folder for --max-copy, not the collection's.")
@click.option(
    "--tokens", type=click.IntRange(1, 1_000_000), default=300, show_default=True, help="Length of each sample."
)
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
@PARAMS
def generate(
    prompt: str,
    name: str | None,
    folder: Path | None,
    index: Path | None,
    tokens: int,
    samples: int,
    sampling: SamplingParams,
    max_copy: int,
    device: str,
    params: Path,
) -> None:
    """Continue PROMPT.

    The first sample appears while it is written. The same seed writes the same text again.
    """
    # torch takes a second to import, so it is imported when the command runs and not for `poet --help`.
    from poet.attribution.guard import open_guard
    from poet.device.device import pick_device
    from poet.generation.stream import stream_texts
    from poet.model.saving import load_model
    from poet.params.file import load_params
    from poet.tokenizers.tokenizer import token_bytes

    collection = chosen_collection(load_params(params), name)
    if not prompt:
        raise click.UsageError("the prompt is empty; give it a word to begin with")
    if sampling.seed + samples - 1 > LARGEST_SEED:
        raise click.UsageError(
            f"--seed {sampling.seed} leaves no seeds for {samples} samples; the largest is {LARGEST_SEED}"
        )
    trained = load_model(folder or MODELS / collection, pick_device(device))
    guard = open_guard(index or INDEX / collection, token_bytes(trained.tokenizer), max_copy)
    # One set of parameters for each sample; they differ in the seed.
    each = [dataclasses.replace(sampling, seed=sampling.seed + i) for i in range(samples)]
    for one, pieces in zip(each, stream_texts(trained, prompt, each, tokens, guard), strict=True):
        if samples > 1:
            click.secho(f"--- seed {one.seed}", dim=True)
        click.secho(printable(prompt), bold=True, nl=False)
        for piece in pieces:
            click.echo(printable(piece), nl=False)
        click.echo()
