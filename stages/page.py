"""Stage page: the poet in one file, which writes in a browser and shows where its words stand in the books."""

from pathlib import Path

import click

from poet.books.split import split_books
from poet.device.device import pick_device
from poet.export.html import page_blocks, poet_page
from poet.export.page_template import refusing_page
from poet.export.weights import TooLargeError
from poet.files import write_text
from poet.model.saving import load_model
from poet.params.file import load_params
from poet.progress import log
from poet.results.evaluation import read_evaluation

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.page --collection shakespeare --model models/shakespeare ...")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True)
@click.option("--model", type=PATH, required=True, help="The folder of a trained model.")
@click.option("--clean", type=PATH, required=True, help="The folder of cleaned books.")
@click.option("--evaluation", type=PATH, required=True)
@click.option("--out", type=PATH, required=True)
def main(params: Path, collection: str, model: Path, clean: Path, evaluation: Path, out: Path) -> None:
    """Put a trained model and its books into one page that needs nothing else."""
    settings = load_params(params)
    title, trained = settings.collection(collection).title, load_model(model, pick_device("cpu"))
    try:
        blocks = page_blocks(
            trained,
            # Of each book the part that was trained on; nothing can have been copied from the rest.
            split_books(clean, settings.split),
            settings.page,
            collection=collection,
            title=title,
            min_length=settings.attribute.min_length,
            bits_per_character=read_evaluation(evaluation).bits_per_character,
        )
    except TooLargeError as error:
        # A large model is no mistake, so the build goes on; the report links to this page.
        write_text(out, refusing_page(title, error.format_message()))
        log(f"{out} says why it holds no model: {error.format_message()}")
        return
    write_text(out, poet_page(title, blocks))
    log(f"the model in {settings.page.precision} in {out} ({out.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
