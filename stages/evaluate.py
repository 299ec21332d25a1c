"""Stage evaluate: bits per character of text that the model has not seen, and how much it recites of what it has."""

from pathlib import Path

import click

from poet.device.device import keep_freed_memory, pick_device, pick_precision
from poet.errors import DataError
from poet.files import write_json
from poet.metrics.bits import split_metrics
from poet.metrics.compressors import compressor_bits_per_character
from poet.metrics.memorization import extractable_shares
from poet.model.saving import load_model
from poet.params.file import load_params
from poet.progress import log
from poet.project import project_root
from poet.results.evaluation import Evaluation, to_json, write_result
from poet.tokenizers.tokenizer import decode
from poet.tokens.token_files import HELD_OUT, TRAIN, VALIDATION, open_tokens
from poet.tracking.run import tracking
from poet.tracking.tracker import numbers

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.evaluate --collection shakespeare --model models/shakespeare ...")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True)
@click.option("--model", type=PATH, required=True, help="The folder of a trained model.")
@click.option("--tokens", type=PATH, required=True, help="The folder of tokens that it was trained on.")
@click.option("--out", type=PATH, required=True, help="The evaluation, as JSON.")
@click.option("--extractable", type=PATH, required=True, help="The shares of recited passages, as JSON.")
def main(params: Path, collection: str, model: Path, tokens: Path, out: Path, extractable: Path) -> None:
    """Score a model on the validation text and the held-out books."""
    settings = load_params(params).evaluate
    # Every batch of windows needs the same large buffers, so freed memory is kept instead of returned to the system.
    keep_freed_memory()
    # The fastest device and precision that this machine has.
    device = pick_device("auto")
    dtype = pick_precision("auto", device)
    trained, data = load_model(model, device), open_tokens(tokens)

    # The model on text that it has not seen: the ends of the books, and the held-out books.
    validation = split_metrics(trained.model, data, VALIDATION, stride=settings.stride, dtype=dtype)
    held_out = split_metrics(trained.model, data, HELD_OUT, stride=settings.stride, dtype=dtype)
    if validation is None:
        raise DataError(f"{tokens} has no validation text. Raise split.validation in {params} and run `dvc repro`.")

    # Two compressors on the same text, after reading the same training text.
    training_text, validation_text = (decode(trained.tokenizer, data.splits[split]) for split in (TRAIN, VALIDATION))
    compressors = compressor_bits_per_character(training_text, validation_text)
    evaluation = Evaluation(**vars(validation), held_out_books=held_out, compressors=compressors)

    # The model on text that it has seen: how many passages can it recite?
    write_json(extractable, extractable_shares(trained.model, data.splits[TRAIN], settings.extract_prompts, seed=0))
    write_result(out, evaluation)

    with tracking(project_root(), collection, "evaluate", trained.sha256) as tracker:
        tracker.metrics(0, numbers("evaluation", to_json(evaluation)))
    log(f"{evaluation.bits_per_character:.4f} bits per character on {evaluation.characters:,} characters")


if __name__ == "__main__":
    main()
