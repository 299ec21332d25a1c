"""`poet generate`: let a trained poet write, in the terminal."""

from pathlib import Path

import click

from poet.cli.folders import INDEX, MODELS
from poet.cli.search import PARAMS


@click.command(
    epilog='Example: poet generate "Absolute truth " --collection philosophers --temperature 0.8 --samples 3'
)
@click.argument("prompt")
@click.option("--collection", "name", help="A collection that is built; by default the first in `build`.")
@click.option("--model", "folder", type=click.Path(path_type=Path), help="A model's folder instead.")
@click.option("--index", type=click.Path(path_type=Path), help="For --max-copy, an index folder instead.")
@click.option("--tokens", type=click.IntRange(min=1), default=300, show_default=True, help="Length of the text.")
@click.option("--samples", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--temperature", type=click.FloatRange(min=0), default=0.8, show_default=True, help="0: the likeliest.")
@click.option("--top-k", type=click.IntRange(min=0), default=0, help="Only the likeliest K tokens; 0: all.")
@click.option(
    "--top-p", type=click.FloatRange(0, 1, min_open=True), default=1.0, help="Only the likeliest with P in all."
)
@click.option("--min-p", type=click.FloatRange(0, 1, max_open=True), default=0.0, help="Times the likeliest's chance.")
@click.option("--repetition-penalty", type=click.FloatRange(min=1), default=1.0, help="Above 1: no echoes.")
@click.option("--max-copy", type=click.IntRange(min=0), default=0, help="Longest verbatim copy in characters; 0: any.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the first sample.")
@click.option("--device", default="cpu", show_default=True)
@PARAMS
def generate(
    prompt: str,
    name: str | None,
    folder: Path | None,
    index: Path | None,
    tokens: int,
    samples: int,
    max_copy: int,
    seed: int,
    device: str,
    params: Path,
    **rules: float,
) -> None:
    """Continue PROMPT. The first sample appears as it is written; the same seed writes the same text again."""
    from poet.attribution.guard import guard_maker
    from poet.device.device import pick_device
    from poet.generation.stream import stream
    from poet.model.saving import load_model
    from poet.params.file import load_params
    from poet.params.sampling import SamplingParams
    from poet.tokenizers.tokenizer import token_bytes

    settings = load_params(params)
    name = name or settings.build[0]
    settings.collection(name)
    folder = folder or MODELS / name
    if not prompt:
        raise click.UsageError("the prompt is empty; give it a word to begin with")
    poet = load_model(folder, pick_device(device))
    draws = [SamplingParams(seed=seed + i, **rules) for i in range(samples)]  # type: ignore[arg-type]
    make_guard = guard_maker(index or INDEX / name, max_copy)
    guard = make_guard(token_bytes(poet.tokenizer)) if make_guard else None
    for i, pieces in enumerate(stream(poet, prompt, draws, tokens, guard)):
        if samples > 1:
            click.secho(f"--- seed {draws[i].seed}", dim=True)
        click.secho(prompt, bold=True, nl=False)
        for piece in pieces:
            click.echo(piece, nl=False)
        click.echo()
