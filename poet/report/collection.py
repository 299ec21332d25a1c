"""The page of one collection, and the summary of it that the start page shows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from poet.config import Params
from poet.corpus.manifest import MANIFEST, MISSING, REMOVALS, CleanBook, MissingBook, read_manifest
from poet.files import read_json, read_json_lines, sha256, write_json
from poet.report.charts import Chart, Level, Line, line_chart, thin
from poet.report.pages import render_page
from poet.report.sources import Shelf, characters_by_book
from poet.tracking import flatten

# Points per curve: as many as a screen can tell apart.
CURVE_POINTS = 300

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
    spans = {row["sample"]: row["spans"] for row in read_json_lines(inputs.attribution)}
    samples = [
        shelf.show(row, spans[row["sample"]], params.report.source_context) for row in read_json_lines(inputs.samples)
    ]
    history, evaluation, copying = pd.read_csv(inputs.history), read_json(inputs.evaluation), read_json(inputs.copying)
    training, benchmark = read_json(inputs.training), read_json(inputs.benchmark)
    render_page(
        "collection.html",
        page,
        name=name,
        title=params.collection(name).title,
        samples=samples,
        by_book=characters_by_book(samples),
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
        benchmark=benchmark,
        loss_chart=_loss_chart(history),
        bits_chart=_bits_chart(history, evaluation),
        recipe=flatten(**{section: getattr(params, section) for section in RECIPE}),
    )
    figures: dict[str, Any] = {
        "collection": name,
        "title": params.collection(name).title,
        "books": len(shelf.books),
        "characters": sum(book.row.characters for book in shelf.books.values()),
        "parameters": training["parameters"],
        "bits_per_character": evaluation["bits_per_character"],
        "share_at_30": copying["share_at_30"],
        "excess_at_30": copying["excess_at_30"],
        "longest": copying["longest"],
        "sample": samples[0].row["prompt"] + samples[0].row["text"] if samples else "",
    }
    write_json(summary, figures)
    return sha256(inputs.model / "model.safetensors")


def _removals(path: Path) -> dict[str, list[Any]]:
    """What cleaning took out of each book, in the order of the text."""
    table = pd.read_csv(path, dtype={"book": str}, keep_default_na=False)
    return {str(book): list(rows.to_dict("index").values()) for book, rows in table.groupby("book", sort=False)}


def _loss_chart(history: pd.DataFrame) -> Chart:
    validated = history.dropna(subset=["validation_loss"])
    return line_chart(
        "Loss by step",
        "step",
        "nats per token",
        [
            Line(name="training", points=thin(_points(history, "train_loss"), CURVE_POINTS)),
            Line(name="validation", points=_points(validated, "validation_loss")),
        ],
    )


def _bits_chart(history: pd.DataFrame, evaluation: dict[str, Any]) -> Chart:
    validated = history.dropna(subset=["bits_per_character"])
    levels = [Level(name=name, y=bits) for name, bits in evaluation["compressors"].items()]
    return line_chart(
        "Bits per character of the validation text",
        "step",
        "bits per character",
        [Line(name="model", points=_points(validated, "bits_per_character"))],
        levels,
    )


def _points(table: pd.DataFrame, column: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in zip(table["step"], table[column], strict=True)]
