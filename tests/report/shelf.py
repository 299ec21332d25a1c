"""The results of a collection, made up in memory, so that tests of the report need no build."""

import io
from pathlib import Path
from typing import Any

import pandas as pd

from poet.books.manifest import CleanBook, FileCount, MissingBook
from poet.costs import Cost
from poet.files import write_text
from poet.params.file import load_params
from poet.params.sections import Params
from poet.report.collection_page import CollectionResults, collection_page, summarize
from poet.report.passages import Shelf, show_samples
from poet.report.summary import write_summary
from poet.report.tables import ShownRemoval
from poet.results.attribution import AttributedSample, Source, Span
from poet.results.copying import LENGTHS, NOVELTY, Copying, CopyingMetrics, LongestMatch, RunningText
from poet.results.evaluation import CompressedText, Evaluation, TextMetrics, Training
from poet.results.samples import Sample, TrainingSample
from poet.tracking.finished_runs import FinishedRun
from tests.clone import ROOT

# Everything that could leave its place in a page: tags, quotes, references, marks of direction, syntax of Jinja2, line
# ends, and characters that HTML or UTF-8 cannot hold.
HOSTILE = (
    "<script>alert(1)</script> \"'&amp; \u202e right-to-left \u2066 \u0301\u0308 lone </p><img src=x onerror=alert(2)>"
    "<!-- ]]> --> {{ 7*7 }} {% raw %} \0 \x01 \x85 \r bare\r\nend &#0; </a></title><style>*{display:none}</style>"
)
TITLES = ["Emma", "Persuasion", "Middlemarch", "Silas Marner"]
HISTORY = "step,train_loss,validation_loss,bits_per_character\n1,5.0,,\n2,4.0,4.1,2.9\n3,3.0,,\n4,2.5,2.8,2.2\n"

# Of the made-up model. It reads too few tokens at once to measure one of the two lengths of `extractable`.
SIZES = {"n_layer": 3, "n_head": 2, "n_embd": 8, "sequence_len": 100, "norm": "rms", "positions": "rotary"}
SIZES |= {"activation": "relu2", "compression": 1.0}
SIZES |= {"yoke": {"layer": 1, "width": 4, "residual": False, "state": True}}

# Of the stages in the order of the pipeline: wall seconds, CPU seconds and bytes of memory.
COSTS = {
    stage: Cost(wall_seconds=wall, cpu_seconds=cpu, memory_bytes=memory)
    for stage, wall, cpu, memory in (
        ("download", 31.2, 2.1, 94_000_000),
        ("clean", 4.9, 4.6, 143_000_000),
        ("tokenize", 6.4, 9.8, 412_000_000),
        ("tokenizers", 12.7, 19.3, 655_000_000),
        ("train", 184.2, 351.9, 1_240_000_000),
        ("evaluate", 38.5, 61.0, 890_000_000),
        ("index", 1.8, 1.7, 210_000_000),
        ("sample", 15.3, 27.4, 540_000_000),
        ("attribute", 4.1, 3.9, 236_000_000),
    )
}


def shipped_params() -> Params:
    """The shipped params.yaml."""
    return load_params(ROOT / "params.yaml")


def write_report(folder: Path, *, samples: int = 6, hostile: bool = False, near: bool = True) -> Path:
    """Write the page of a made-up collection and its summary into `folder`; returns the page."""
    results = made_up_results(samples=samples, hostile=hostile, near=near)
    page = folder / "reports" / "shelf" / "index.html"
    write_text(page, collection_page(results, shipped_params()))
    write_summary(folder / "summaries" / "shelf.json", summarize(results, "abc"))
    return page


def made_up_results(*, samples: int = 6, hostile: bool = False, near: bool = True) -> CollectionResults:
    """The results of a collection with four books; with `hostile`, every string in them is HOSTILE."""
    books, texts = made_up_books(hostile=hostile)
    written, attribution = made_up_samples(books, texts, samples, hostile=hostile, near=near)
    shelf = Shelf(books, texts.__getitem__)
    shown = show_samples(shelf, written, attribution, shipped_params().report)
    note = HOSTILE if hostile else "note"
    return CollectionResults(
        name="shakespeare",
        title="The plays of William Shakespeare",
        shelf=shelf,
        samples=shown,
        min_length=20,
        missing=[MissingBook(id="9", title=note, author=note, tried="")],
        files=[FileCount(outcome=note, files=2, names=note)],
        removals={"own": [ShownRemoval(rule="licence", bytes=10, first_words="Begin", last_words="End")]},
        corpus={
            "books": {
                book.id: {"words": 1, "distinct_words": 1, "odd": {note: 1}, "removed": {note: 0.5}} for book in books
            },
            "overlaps": [{"book": note, "other": note, "share": 0.5}],
        },
        history=pd.read_csv(io.StringIO(HISTORY)),
        training_samples=[TrainingSample(step=step, prompt=note, text=note * 3) for step in (2, 4, 6, 8)],
        **_figures(note, len(books)),
    )


def made_up_books(*, hostile: bool = False) -> tuple[list[CleanBook], dict[str, str]]:
    """Four books of the same chapters, and their texts by id. The first is from a folder, the others from Gutenberg."""
    books = [
        a_book(
            str(100 + i) if i else "own",
            title=title,
            author=HOSTILE if hostile else "A. Writer",
            source=f"gutenberg:{100 + i}" if i else "folder:own.txt",
            file=f"{i}.txt",
            characters=20_000,
        )
        for i, title in enumerate([HOSTILE] * 4 if hostile else TITLES)
    ]
    return books, {book.id: _text(i, HOSTILE if hostile else "") for i, book in enumerate(books)}


def made_up_samples(
    books: list[CleanBook], texts: dict[str, str], count: int, *, hostile: bool = False, near: bool = True
) -> tuple[list[Sample], list[AttributedSample]]:
    """Samples that quote every book, each at greater length than the book before it.

    With `near`, every sample ends with a passage that differs from its book in case.
    """
    samples, attribution = [], []
    for number in range(count):
        text, spans, near_copies = HOSTILE if hostile else "", [], []
        for i, book in enumerate(books):
            begin = 400 + 37 * number
            passage = texts[book.id][begin : begin + 25 + 15 * i]
            text += " and so it came that "
            spans.append(_span(len(text), passage, [book, *books[i + 1 :]], texts, exact=True))
            text += passage
        if near:
            passage = texts[books[1].id][900:960]
            text += " as they say "
            near_copies.append(_span(len(text), passage, [books[1]], texts, exact=False))
            text += passage.upper()
        samples.append(
            a_sample(
                text,
                sample=number,
                prompt=HOSTILE if hostile else ("The ", "It was ")[number // 2 % 2],
                temperature=(0.6, 1.0)[number % 2],
                seed=number,
            )
        )
        attribution.append(AttributedSample(sample=number, spans=tuple(spans), near=tuple(near_copies)))
    return samples, attribution


def a_book(book: str, **changes: Any) -> CleanBook:
    """The row of a book with the id `book`; `changes` are its other fields."""
    defaults = {"title": "T", "author": "A", "language": "en", "source": "folder:b.txt", "file": "b.txt", "bytes": 1}
    defaults |= {"sha256": "", "characters": 1, "removed_characters": 0, "flags": "", "removed": ""}
    return CleanBook(id=book, **defaults | changes)


def a_sample(text: str, **changes: Any) -> Sample:
    """A sample with the text `text`; `changes` are its other fields."""
    defaults = {"sample": 0, "prompt": "The ", "temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0}
    defaults |= {"repetition_penalty": 1.0, "max_copy": 0, "seed": 0, "tokens": 100}
    return Sample(text=text, **defaults | changes)


def a_run(name: str, bits: float | None, **params: str) -> FinishedRun:
    """A run as MLflow holds it; it was evaluated if it has `bits`."""
    metrics = {"evaluation/bits_per_character": bits} if bits else {}
    return FinishedRun(name=name, model_sha256=name, params=params, metrics=metrics)


def _text(number: int, extra: str) -> str:
    """The text of a book: a volume of eight chapters."""
    chapters = (
        f"CHAPTER {chapter}\n\n"
        + "".join(
            f"Sentence {line} of chapter {chapter} in book {number}, where nothing whatever happens. {extra}\n"
            for line in range(20)
        )
        for chapter in range(1, 9)
    )
    return f"VOLUME {number + 1}\n\n" + "\n".join(chapters)


def _span(start: int, passage: str, books: list[CleanBook], texts: dict[str, str], *, exact: bool) -> Span:
    """The span of `passage` at `start` of a sample. Its first source is real, its sources in other books are not."""
    at = texts[books[0].id].index(passage)
    sources = [Source(book=books[0].id, start=at, end=at + len(passage), count=1)]
    sources += [Source(book=book.id, start=1, end=1 + len(passage), count=2) for book in books[1:]]
    bits = len(passage) / 2
    return Span(
        start=start,
        end=start + len(passage),
        exact=exact,
        surprise=bits,
        sources=tuple(sources),
        running_words=float(len(passage.split())),
        running_surprise=bits,
    )


def _figures(note: str, books: int) -> dict[str, Any]:
    """The figures among the results; `note` is in every place where text is possible."""
    score = {
        "bits_per_byte": 2.0,
        "loss": 2.0,
        "perplexity": 8.0,
        "characters": 900,
        "tokens": 300,
        "spelling_bits_per_character": 0.25,
    }
    return {
        "tokens": {
            "kind": note,
            "vocab_size": 9,
            "splits": {"train": {"characters": 80_000, "tokens": 20_000, "books": [1] * books}},
            "leaks": [{"book": note, "other": note, "share": 0.25}],
        },
        "tokenizers": [{"kind": note, "chosen": True, "skipped": note}],
        "model_config": {"data_sha256": note, "tokenizer_sha256": note, "model": SIZES},
        "shapes": {
            "embedding.weight": [9, 8],
            **{f"blocks.{i}.attention.qkv.weight": [24, 8] for i in range(3)},
            **{f"blocks.{i}.mlp.up.weight": [4 if i == 1 else 32, 8] for i in range(3)},
            "head.weight": [9, 8],
        },
        "other_runs": [2.3, 2.6],
        "commit": "abcdef0",
        "training": Training(
            steps=4,
            best_step=4,
            tokens=1000,
            epochs=1.0,
            parameters=5,
            train_loss=2.5,
            validation_loss=2.8,
            bits_per_character=2.2,
            precision=note,
            device=note,
            compiled=False,
            processes=1,
        ),
        "evaluation": Evaluation(
            bits_per_character=2.2,
            **score,
            held_out_books=TextMetrics(bits_per_character=2.4, **score),
            compressors={note: 2.5},
            compressed=CompressedText(training=70_000, validation=900),
        ),
        "copying": Copying(
            samples=_metrics(note, excess=0.01),
            by_temperature={temperature: _metrics(note, excess=0.01) for temperature in ("0.6", "1")},
            human=_metrics(note),
            running_text=RunningText(
                samples=_metrics(note, excess=0.01),
                by_temperature={temperature: _metrics(note, excess=0.01) for temperature in ("0.6", "1")},
                human=_metrics(note),
                surprise=12.0,
                human_surprise=6.0,
            ),
            extractable={"16": 0.5, "64": None},
        ),
        "costs": COSTS,
        "benchmark": {
            "machine": {"processor": note, "cores": 2, "system": note, "torch": note},
            "results": [],
            "skipped": [{"device": note, "reason": note}],
        },
    }


def _metrics(note: str, excess: float | None = None) -> CopyingMetrics:
    return CopyingMetrics(
        share_at={length: 1 / length for length in LENGTHS},
        longest=70,
        longest_match=LongestMatch(book="101", start=500, text=note, sample=0),
        novelty={n: n / 50 if n < 50 else None for n in NOVELTY},
        characters=900,
        excess=excess,
        excess_interval=None if excess is None else (-0.004, 0.031),
    )
