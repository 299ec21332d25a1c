"""Stage report: the page of one collection, from the results of all other stages."""

from pathlib import Path

import click

from poet.attribution.least_length import least_length
from poet.books.manifest import MANIFEST, MISSING, REMOVALS, CleanBook, MissingBook, read_file_counts, read_manifest
from poet.books.split import split_books
from poet.costs import read_costs
from poet.files import read_json, read_text, sha256, write_text
from poet.params.file import load_params
from poet.progress import log
from poet.project import project_root
from poet.report.collection_page import CollectionResults, collection_page, summarize
from poet.report.drawing import read_shapes
from poet.report.passages import Shelf, show_samples
from poet.report.summary import write_summary
from poet.report.tables import read_history, read_removals
from poet.results.attribution import read_attribution
from poet.results.copying import read_copying
from poet.results.evaluation import read_evaluation, read_training
from poet.results.model_folder import CONFIG, WEIGHTS
from poet.results.samples import read_samples, read_training_samples
from poet.tracking.experiment_page import NOTE_TAG
from poet.tracking.finished_runs import comparable_runs, finished_runs
from poet.tracking.run import commit, tracking
from poet.tracking.run_page import run_note, standalone

PATH = click.Path(path_type=Path)


@click.command(
    epilog="Example: python -m stages.report --collection shakespeare ... --out reports/shakespeare/index.html"
)
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--collection", type=str, required=True)
@click.option("--raw", type=PATH, required=True)
@click.option("--clean", type=PATH, required=True)
@click.option("--corpus", type=PATH, required=True)
@click.option("--tokens-meta", type=PATH, required=True)
@click.option("--tokenizers", type=PATH, required=True)
@click.option("--model", type=PATH, required=True)
@click.option("--history", type=PATH, required=True)
@click.option("--training", type=PATH, required=True)
@click.option("--training-samples", type=PATH, required=True)
@click.option("--evaluation", type=PATH, required=True)
@click.option("--samples", type=PATH, required=True)
@click.option("--attribution", type=PATH, required=True)
@click.option("--copying", type=PATH, required=True)
@click.option("--benchmark", type=PATH, required=True)
@click.option("--costs", type=PATH, required=True)
@click.option("--out", type=PATH, required=True)
@click.option("--summary", type=PATH, required=True)
def main(
    params: Path, collection: str, raw: Path, clean: Path, corpus: Path, tokens_meta: Path, tokenizers: Path,
    model: Path, history: Path, training: Path, training_samples: Path, evaluation: Path, samples: Path,
    attribution: Path, copying: Path, benchmark: Path, costs: Path, out: Path, summary: Path,
) -> None:  # fmt: skip
    """Render the page of a collection."""
    settings = load_params(params)

    books = read_manifest(clean / MANIFEST, CleanBook)
    files = {book.id: clean / book.file for book in books}
    shelf = Shelf(books, lambda book: read_text(files[book]))
    shown = show_samples(shelf, read_samples(samples), read_attribution(attribution), settings.report)
    # The least length of a traced passage, by the same rule as in the stage attribute.
    indexed = (book.training for book in split_books(clean, settings.split))
    digest, runs = sha256(model / WEIGHTS), finished_runs(project_root(), collection)
    # The results of all stages, each from the file that the stage wrote.
    results = CollectionResults(
        name=collection,
        title=settings.collection(collection).title,
        shelf=shelf,
        missing=read_manifest(raw / MISSING, MissingBook),
        files=read_file_counts(raw),
        removals=read_removals(clean / REMOVALS),
        corpus=read_json(corpus),
        tokens=read_json(tokens_meta),
        tokenizers=read_json(tokenizers),
        model_config=read_json(model / CONFIG),
        shapes=read_shapes(model / WEIGHTS),
        history=read_history(history),
        training=read_training(training),
        training_samples=read_training_samples(training_samples),
        evaluation=read_evaluation(evaluation),
        samples=shown,
        min_length=settings.attribute.min_length or least_length(indexed),
        copying=read_copying(copying),
        benchmark=read_json(benchmark),
        costs=read_costs(costs),
        other_runs=[run.bits_per_character for run in comparable_runs(runs, digest) if run.bits_per_character],
        commit=commit(project_root()),
    )

    # The page for readers, and the summary for the start page.
    page = collection_page(results, settings)
    write_text(out, page)
    write_summary(summary, summarize(results, digest))

    # The record joins the MLflow run that trained the model; the hash of the weights identifies it.
    with tracking(project_root(), collection, "report", digest) as tracker:
        tracker.text("index.html", standalone(page))
        tracker.tags({NOTE_TAG: note(results, digest)})
    log(f"{len(books):,} books and {len(shown):,} samples in {out} ({out.stat().st_size / 1e6:.1f} MB)")


def note(results: CollectionResults, digest: str) -> str:
    """The note of the run in MLflow; of several samples, the first."""
    first = results.samples[0].sample if results.samples else None
    return run_note(results.verdict, first.prompt + first.text if first else "", digest)


if __name__ == "__main__":
    main()
