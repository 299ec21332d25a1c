"""The page of one collection, and its summary: the results of all stages, arranged for the template."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pandas as pd

from poet.books.manifest import PASSED_OVER, PRIVATE, USED, FileCount, MissingBook, describe_files
from poet.costs import Cost
from poet.params.dotted import flatten
from poet.params.model import as_written
from poet.params.sections import CalibreSource, FolderSource, Params
from poet.report.best_line import best_line
from poet.report.charts import Chart
from poet.report.collection_charts import bits_chart, copied_chart, loss_chart, novelty_chart
from poet.report.costs import rank_costs
from poet.report.drawing import draw
from poet.report.findings import by_prompt, contributions, paint, surprise_of_people, top_findings
from poet.report.glance import compare, ruler
from poet.report.languages import shared_language
from poet.report.machine_figures import speeds
from poet.report.machines import NOISY
from poet.report.opening import choose_opening
from poet.report.passages import COLOURS, Shelf, ShownSample
from poet.report.published import MARK
from poet.report.render import render_page
from poet.report.summary import COMPARED_AT, Summary, excerpt
from poet.report.tables import ShownRemoval
from poet.report.verdict import progress, quality, repetition
from poet.results.benchmark import Benchmark
from poet.results.copying import CONTINUATION, EXCESS_AT, LENGTHS, Copying
from poet.results.evaluation import Evaluation, Training
from poet.results.samples import TrainingSample

# The sections of params.yaml that shape a model and its text. The page lists them as the recipe of the collection.
RECIPE = ("clean", "split", "tokenize", "model", "train", "evaluate", "sample", "attribute")

# Removals of one book that the page lists; removals.csv has all.
MAX_REMOVALS = 40

# Samples of a prompt and a temperature that are shown at once; the others are folded.
SHOWN_AT_ONCE = 1

# Columns of the table of books that are left out where all books have the same.
COLUMNS = ("author", "language")

# Pairs of books with common text that the page names; corpus.json and the tokens' meta.json have all.
MAX_PAIRS = 5


@dataclass(frozen=True, kw_only=True)
class CollectionResults:
    """The results of all stages for the collection `name`, as read from their files.

    What has no type of its own yet is JSON: `corpus` of corpus.json, `tokens` of the tokens' meta.json, `tokenizers` of
    tokenizers.json, `model_config` of the model's config.json.
    """

    name: str
    title: str

    # The books, what is missing of them, and what became of the files in folders.
    shelf: Shelf
    missing: list[MissingBook]
    files: list[FileCount]
    removals: dict[str, list[ShownRemoval]]
    corpus: dict[str, Any]

    # The tokens and the training.
    tokens: dict[str, Any]
    tokenizers: list[dict[str, Any]]
    model_config: dict[str, Any]
    shapes: Mapping[str, Sequence[int]]  # of the model's tensors, by their names
    history: pd.DataFrame
    training: Training
    training_samples: list[TrainingSample]

    # The quality of the model, its text, the speed of the machine, and what each stage took, by its name.
    evaluation: Evaluation
    samples: list[ShownSample]
    min_length: int  # of a passage, in characters
    copying: Copying
    benchmark: Mapping[str, Benchmark]  # of the machine of this build, by its name
    machines: Mapping[str, Benchmark]  # the saved machines
    costs: Mapping[str, Cost]
    other_runs: list[float]  # the bits per character of other models of this collection

    # The commit of the code, "" outside git.
    commit: str

    @functools.cached_property
    def verdict(self) -> str:
        """How well the model predicts, and whether it repeats its books, in two sentences."""
        running = self.copying.running_text
        human = running.human if running.human.characters else None
        predicts = quality(self.evaluation.bits_per_character, self.evaluation.compressors)
        return f"{predicts} {repetition(running.samples, human)}"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A sample of the training, where its step is in the chart of bits per character, and how far the model was.

    `at` and `y` are in per cent from the left and from the top; None where the step was not validated.
    """

    sample: TrainingSample
    at: float | None
    y: float | None
    progress: str


def collection_page(results: CollectionResults, params: Params) -> str:
    """The HTML of the page of a collection."""
    shelf, samples, copying = results.shelf, results.samples, results.copying
    # The figures of running text: names, headings and what else a book repeats are nobody's phrases.
    running = copying.running_text
    human = running.human if running.human.characters else None
    match, books, given = running.samples.longest_match, list(shelf.books.values()), contributions(samples)
    bits = bits_chart(results.history, results.evaluation)
    return render_page(
        "collection.html",
        results=results,
        language=shared_language(book.row.language for book in books),
        tints=paint(shelf, given),
        # The first screen.
        opening=choose_opening(samples),
        comparison=compare(running.samples, human),
        ruler=ruler(results.evaluation, results.other_runs),
        # The samples and their passages.
        prompts=by_prompt(samples),
        shown_at_once=SHOWN_AT_ONCE,
        passages=[passage for shown in samples for passage in shown.passages],
        findings=top_findings(samples, params.report.findings, shelf, surprise_of_people(running)),
        contributions=given,
        coloured=COLOURS,
        min_length=results.min_length,
        # Copying.
        copying=copying,
        running=running,
        figures=running.samples,
        human=human,
        lengths=LENGTHS,
        excess_at=EXCESS_AT,
        continuation=CONTINUATION,
        longest_match=match,
        longest_place=shelf.place(match.book, match.start) if match else None,
        # Learning, the model, books and settings.
        plots={
            "bits": bits,
            "loss": loss_chart(results.history),
            "copied": copied_chart(running.samples, human),
            "novelty": novelty_chart(running),
        },
        steps=steps(results, bits),
        stages=rank_costs(results.costs),
        drawing=draw(results.shapes, results.model_config["model"]),
        books=books,
        held_out=set(params.split.held_out_books),
        shown_columns=[name for name in COLUMNS if len({getattr(book.row, name) for book in books}) > 1],
        files=describe_files(results.files) if any(_is_unread(count) for count in results.files) else "",
        unread=[count for count in results.files if _is_unread(count)],
        max_removals=MAX_REMOVALS,
        max_pairs=MAX_PAIRS,
        start=params.train.start,
        recipe=recipe(params, results.name) | in_effect(results, params),
        speeds=speeds(results.benchmark, results.machines),
        published_mark=MARK,
        noisy_means=NOISY,
        version=version("torch-transformer-poet"),
        commit=results.commit,
    )


def steps(results: CollectionResults, chart: Chart) -> list[Step]:
    """The samples of the training with their places in `chart`, the first curve of which is that of the model."""
    curve = [pair.split(",") for pair in chart.paths[0].split()] if chart.paths else []
    places = {row.x: (row.at, float(y), row.values[0]) for row, (_, y) in zip(chart.rows, curve, strict=True)}
    found = []
    for sample in results.training_samples:
        at, y, bits = places.get(float(sample.step), (None, None, None))
        found.append(Step(sample=sample, at=at, y=y, progress=progress(bits, results.evaluation.compressors)))
    return found


def _is_unread(count: FileCount) -> bool:
    return count.outcome not in (USED, PASSED_OVER)


def recipe(params: Params, collection: str) -> dict[str, Any]:
    """The parameters that shape the model of `collection` and its text, by dotted key."""
    sections = {key: getattr(params, key) for key in RECIPE} | {"model": as_written(params.model)}
    # The folder of a private source can have a name that says as much as those of its books.
    chosen = params.collection(collection)
    sources = [
        dataclasses.replace(source, path=PRIVATE)
        if isinstance(source, FolderSource | CalibreSource) and source.aliases
        else source
        for source in chosen.sources
    ]
    return flatten(**{f"collections.{collection}": dataclasses.replace(chosen, sources=sources)}, **sections)


def in_effect(results: CollectionResults, params: Params) -> dict[str, Any]:
    """What was decided in place of what `params` says, by dotted key: by the minutes of the training, and by the model
    that it started from, whose tokenizer it took.
    """
    picked = dict(results.training.picked)
    if params.train.start is None:
        return picked
    return {f"tokenize.{key}": results.tokens[key] for key in ("kind", "vocab_size")} | picked


def summarize(results: CollectionResults, model_sha256: str) -> Summary:
    """The summary of a collection; `model_sha256` is the hash of the model's weights."""
    books = results.shelf.books.values()
    evaluation, held_out = results.evaluation, results.evaluation.held_out_books
    copying, human = results.copying.running_text.samples, results.copying.running_text.human
    first = results.samples[0].sample if results.samples else None
    return Summary(
        collection=results.name,
        title=results.title,
        books=len(books),
        characters=sum(book.row.characters for book in books),
        parameters=results.training.parameters,
        steps=results.training.steps,
        epochs=results.training.epochs,
        bits_per_character=evaluation.bits_per_character,
        held_out_bits_per_character=held_out.bits_per_character if held_out else None,
        best_compressor=min(evaluation.compressors.values(), default=None),
        share_at={length: copying.share_at[length] for length in COMPARED_AT},
        # Without human text to measure, its shares are zeros that mean nothing.
        human_share_at={length: human.share_at[length] if human.characters else None for length in COMPARED_AT},
        excess=copying.excess,
        excess_interval=copying.excess_interval,
        longest=copying.longest,
        model_sha256=model_sha256,
        language=shared_language(book.row.language for book in books),
        sample=excerpt(first.prompt + first.text) if first else "",
        compressors=evaluation.compressors,
        line=best_line(results.shelf, results.samples, results.min_length),
    )
