"""Stage sample: every prompt, continued at every temperature."""

from pathlib import Path

import click

from poet.attribution.guard import open_guard
from poet.costs import records_cost
from poet.device.device import pick_device
from poet.generation.grid import sample_prompt
from poet.model.saving import load_model
from poet.params.file import load_params
from poet.progress import log, progress_bar
from poet.project import project_root
from poet.results.samples import Sample, write_samples
from poet.tokenizers.tokenizer import token_bytes
from poet.tracking.run import tracking

PATH = click.Path(path_type=Path)

# What a sample says of each of its tokens: hundreds of numbers, which a table that people read has no use for.
OF_TOKENS = ("ends", "ranks", "probabilities")


@click.command(epilog="Example: python -m stages.sample --collection shakespeare --model models/shakespeare ...")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True)
@click.option("--model", type=PATH, required=True, help="The folder of a trained model.")
@click.option("--index", type=PATH, required=True, help="The index folder, read for sample.max_copy only.")
@click.option("--out", type=PATH, required=True, help="The samples, as JSON lines.")
@records_cost
def main(params: Path, collection: str, model: Path, index: Path, out: Path) -> None:
    """Let a trained model continue every prompt at every temperature."""
    params_yaml = load_params(params)
    settings = params_yaml.sample
    # A collection may have prompts that suit its books.
    prompts = params_yaml.collection(collection).prompts or settings.prompts

    # Always on the CPU: every machine then writes the same samples with the same model, up to rounding.
    trained = load_model(model, pick_device("cpu"))
    # The guard keeps copies of more than max_copy characters out; None for 0, no limit.
    guard = open_guard(index, token_bytes(trained.tokenizer), settings.max_copy)

    # All samples of a prompt are generated side by side. They are numbered through the file.
    samples: list[Sample] = []
    with progress_bar("sample", len(prompts) * settings.tokens) as advance:
        for prompt in prompts:
            samples += sample_prompt(trained, prompt, settings, len(samples), guard, advance)
    write_samples(out, samples)

    with tracking(project_root(), collection, "sample", trained.sha256) as tracker:
        # MLflow groups by the first column and compares runs by the second.
        rows = [{"sample": sample.sample, "text": sample.text} | vars(sample) for sample in samples]
        rows = [{key: value for key, value in row.items() if key not in OF_TOKENS} for row in rows]
        tracker.table("samples/final.json", rows)
    characters = sum(len(sample.text) for sample in samples)
    log(f"{len(samples)} samples of {characters:,} characters, from {len(prompts)} prompts")


if __name__ == "__main__":
    main()
