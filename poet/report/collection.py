"""The page of one collection, and the summary of it that the start page shows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from poet.books.manifest import MANIFEST, MISSING, REMOVALS, CleanBook, MissingBook, read_manifest
from poet.files import read_json, read_json_lines, sha256, write_json
from poet.params.sections import Params, ReportSettings
from poet.report.collection_charts import bits_chart, length_chart, loss_chart, novelty_chart
from poet.report.findings import by_prompt, gifts, top_findings
from poet.report.passages import Shelf, ShownSample
from poet.report.render import render_page
from poet.report.summary import summarize
from poet.tracking.tracker import flatten

# The sections of params.yaml that shape a model and its text.
RECIPE = ("clean", "split", "tokenize", "model", "train", "evaluate", "sample", "attribute")


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The files that the report of one collection is made from."""

    raw: Path
    clean: Path
    corpus: Path
    tokens_meta: Path
    tokenizers: Path
    model: Path
    history: Path
    training: Path
    training_samples: Path
    evaluation: Path
    samples: Path
    attribution: Path
    copying: Path
    benchmark: Path


def report_collection(name: str, params: Params, inputs: Inputs, *, page: Path, summary: Path) -> str:
    """Render the page of the collection `name`, and write what the start page needs of it; returns the sha256 of the
    model.
    """
    shelf = Shelf(inputs.clean, read_manifest(inputs.clean / MANIFEST, CleanBook))
    samples = shown_samples(shelf, inputs, params.report)
    history, evaluation, copying = pd.read_csv(inputs.history), read_json(inputs.evaluation), read_json(inputs.copying)
    training, longest = read_json(inputs.training), copying["longest_match"]
    render_page(
        "collection.html",
        page,
        name=name,
        title=params.collection(name).title,
        prompts=by_prompt(samples),
        findings=top_findings(samples, params.report.findings),
        gifts=gifts(samples),
        longest=longest and longest | {"place": shelf.place(longest["book"], longest["start"])},
        passages=[passage for sample in samples for passage in sample.passages],
        books=list(shelf.books.values()),
        missing=read_manifest(inputs.raw / MISSING, MissingBook),
        corpus=read_json(inputs.corpus),
        removals=_removals(inputs.clean / REMOVALS),
        training=training,
        training_samples=read_json_lines(inputs.training_samples),
        evaluation=evaluation,
        copying=copying,
        min_length=params.attribute.min_length,
        tokens=read_json(inputs.tokens_meta),
        tokenizers=read_json(inputs.tokenizers),
        model=read_json(inputs.model / "config.json"),
        benchmark=read_json(inputs.benchmark),
        drawn={
            "loss": loss_chart(history),
            "bits": bits_chart(history, evaluation),
            "length": length_chart(copying),
            "novelty": novelty_chart(copying),
        },
        recipe=flatten(
            **{f"collections.{name}": params.collection(name)} | {key: getattr(params, key) for key in RECIPE}
        ),
    )
    books = [book.row for book in shelf.books.values()]
    digest, title = sha256(inputs.model / "model.safetensors"), params.collection(name).title
    write_json(summary, summarize(name, title, books, training, evaluation, copying, samples, digest))
    return digest


def shown_samples(shelf: Shelf, inputs: Inputs, settings: ReportSettings) -> list[ShownSample]:
    """All samples with their passages, of which the `quotes` most surprising are shown in context."""
    rows = {row["sample"]: row for row in read_json_lines(inputs.attribution)}
    surprises = sorted((span["surprise"] for row in rows.values() for span in row["spans"] + row["near"]), reverse=True)
    quoted = surprises[settings.quotes - 1] if len(surprises) > settings.quotes else 0
    samples = read_json_lines(inputs.samples)
    return [shelf.show(sample, rows[sample["sample"]], settings.source_context, quoted) for sample in samples]


def _removals(path: Path) -> dict[str, list[Any]]:
    """What cleaning took out of each book, in the order of the text."""
    table = pd.read_csv(path, dtype={"book": str}, keep_default_na=False)
    return {str(book): list(rows.to_dict("index").values()) for book, rows in table.groupby("book", sort=False)}
