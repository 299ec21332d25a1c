"""Stage attribute: which passages of the samples are in which book, and how much is copied."""

from pathlib import Path

import click

from poet.attribution.furniture import Furniture, find_furniture
from poet.attribution.index import open_index
from poet.attribution.least_length import BEGINNING, least_length
from poet.attribution.spans import attribute_text
from poet.books.split import split_books
from poet.costs import records_cost
from poet.files import read_json, sha256
from poet.metrics.copying import MeasuredText, copying_metrics, human_passages
from poet.params.file import load_params
from poet.params.sections import SplitSettings
from poet.progress import log, progress_bar
from poet.project import project_root
from poet.results.attribution import AttributedSample, write_attribution
from poet.results.copying import to_json, write_copying
from poet.results.samples import read_samples, sampling_sha256
from poet.tracking.figures import figures
from poet.tracking.run import tracking
from poet.tracking.tracker import SAMPLING_TAG

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.attribute --collection shakespeare --index data/index/shakespeare ...")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True)
@click.option("--model", type=PATH, required=True, help="The weights of the model: its record gets the metrics.")
@click.option("--samples", "samples_file", type=PATH, required=True, help="What the model wrote, as JSON lines.")
@click.option("--index", "index_folder", type=PATH, required=True, help="The index of the training text.")
@click.option("--clean", type=PATH, required=True, help="The folder of cleaned books.")
@click.option("--extractable", type=PATH, required=True, help="How much the model completes from memory, as JSON.")
@click.option("--out", type=PATH, required=True, help="The spans of each sample, as JSON lines.")
@click.option("--metrics", type=PATH, required=True, help="The copying metrics, as JSON.")
@records_cost
def main(
    params: Path,
    collection: str,
    model: Path,
    samples_file: Path,
    index_folder: Path,
    clean: Path,
    extractable: Path,
    out: Path,
    metrics: Path,
) -> None:
    """Trace every sample to its source books, and measure copying."""
    settings = load_params(params)
    index = open_index(index_folder)
    samples = read_samples(samples_file)
    min_length = settings.attribute.min_length or least_length(index.beginnings(BEGINNING))

    # Speaker names, headings and whatever else a book repeats are no running text. A sample is judged together with its
    # prompt, whose last line it may continue.
    furniture = find_furniture(book.text for book in split_books(clean, settings.split))
    written = [MeasuredText(text=one.text, running=furniture.running(one.text, before=one.prompt)) for one in samples]

    attributed: list[AttributedSample] = []
    with progress_bar("attribute", len(samples)) as advance:
        for sample, one in zip(samples, written, strict=True):
            attributed.append(attribute_text(index, sample.sample, one.text, min_length, one.running))
            advance()
    write_attribution(out, attributed)

    # How much do the authors repeat? Measured in passages as long as the samples.
    copying = copying_metrics(
        index,
        written,
        human_passages(unseen_text(clean, settings.split, furniture), [len(sample.text) for sample in samples]),
        attributed=attributed,
        temperatures=[sample.temperature for sample in samples],
        extractable=read_json(extractable),
        min_length=min_length,
        seed=0,
    )
    write_copying(metrics, copying)

    with tracking(project_root(), collection, "attribute", sha256(model)) as tracker:
        tracker.metrics(0, figures("copying", to_json(copying)))
        tracker.tags({SAMPLING_TAG: sampling_sha256(samples)})
        tracker.file(metrics)
    running = copying.running_text
    log(
        f"{running.samples.share_at[30]:.1%} of the running text in copies of 30 or more characters, "
        f"{running.human.share_at[30]:.1%} in unseen pages of the authors"
    )


def unseen_text(clean: Path, split: SplitSettings, furniture: Furniture) -> list[MeasuredText]:
    """The text of each book in the folder `clean` that was not trained on.

    The index holds the training text, in which every passage would be a copy of itself.
    """
    texts = [book.validation + book.held_out for book in split_books(clean, split)]
    return [MeasuredText(text=text, running=furniture.running(text)) for text in texts]


if __name__ == "__main__":
    main()
