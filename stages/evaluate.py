"""Stage evaluate: bits per character of text that the model has not seen, and how much it recites of what it has."""

from pathlib import Path

import click

from poet.books.manifest import MANIFEST, CleanBook, read_manifest
from poet.books.split import split_books, training_characters, unseen_sha256, validation_characters
from poet.costs import records_cost
from poet.device.device import keep_freed_memory, pick_device, pick_precision
from poet.errors import DataError
from poet.files import write_json
from poet.metrics.bits import split_metrics
from poet.metrics.compressors import compared_texts, compressor_bits_per_character
from poet.metrics.memorization import extractable_shares
from poet.model.saving import load_model
from poet.params.file import load_params
from poet.progress import log
from poet.project import project_root
from poet.results.evaluation import CompressedText, Evaluation, to_json, write_result
from poet.tokens.token_files import HELD_OUT, TRAIN, VALIDATION, open_tokens
from poet.tracking.figures import figures
from poet.tracking.run import tracking
from poet.tracking.tracker import UNSEEN_TAG

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.evaluate --collection shakespeare --model models/shakespeare ...")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True)
@click.option("--model", type=PATH, required=True, help="The folder of a trained model.")
@click.option("--tokens", type=PATH, required=True, help="The folder of tokens that it was trained on.")
@click.option("--clean", type=PATH, required=True, help="The folder of cleaned books, for the compressors.")
@click.option("--out", type=PATH, required=True, help="The evaluation, as JSON.")
@click.option("--extractable", type=PATH, required=True, help="The shares of recited passages, as JSON.")
@records_cost
def main(
    params: Path, collection: str, model: Path, tokens: Path, clean: Path, out: Path, extractable: Path
) -> None:  # fmt: skip
    """Score a model on the validation text and the held-out books."""
    params_yaml = load_params(params)
    settings, split = params_yaml.evaluate, params_yaml.split
    # Every batch of windows needs the same large buffers, so freed memory is kept instead of returned to the system.
    keep_freed_memory()
    # As for the training: "auto" is the fastest device and precision that this machine has.
    device = pick_device(params_yaml.train.device)
    dtype = pick_precision(params_yaml.train.precision, device)
    trained, data = load_model(model, device), open_tokens(tokens)

    # The model on text that it has not seen: the ends of the books, and the held-out books.
    validation = split_metrics(trained.model, data, VALIDATION, stride=settings.stride, dtype=dtype)
    held_out = split_metrics(trained.model, data, HELD_OUT, stride=settings.stride, dtype=dtype)
    if validation is None:
        raise DataError(f"{tokens} has no validation text. Raise split.validation in {params} and run `dvc repro`.")

    # Two compressors on the same text, after reading the same training text. They get the text itself: what the tokens
    # give back may lack words.
    books = read_manifest(clean / MANIFEST, CleanBook)
    before, after = compared_texts(
        split_books(clean, split), training_characters(books, split), validation_characters(books, split)
    )
    evaluation = Evaluation(
        **vars(validation),
        held_out_books=held_out,
        compressors=compressor_bits_per_character(before, after),
        compressed=CompressedText(training=len(before), validation=len(after)),
    )

    # The model on text that it has seen: how many passages can it recite?
    write_json(extractable, extractable_shares(trained.model, data.splits[TRAIN], settings.extract_prompts, seed=0))
    write_result(out, evaluation)

    with tracking(project_root(), collection, "evaluate", trained.sha256) as tracker:
        # The run of a model that was trained elsewhere says nothing of its text yet; runs compare by it.
        tracker.learns_from(data.meta["splits"][TRAIN])
        tracker.params(split=split)
        tracker.metrics(0, figures("evaluation", to_json(evaluation)))
        tracker.tags({UNSEEN_TAG: unseen_sha256(split_books(clean, split))})
        tracker.file(out)
    log(f"{evaluation.bits_per_character:.4f} bits per character on {evaluation.characters:,} characters")


if __name__ == "__main__":
    main()
