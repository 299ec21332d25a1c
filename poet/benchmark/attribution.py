"""How fast passages are traced, and what an index and a guard cost: `python -m poet.benchmark.attribution --help`.

The index stage builds an index in a process of its own, so that its memory can be measured; this process opens and
searches it. Three kinds of text are searched: human text that the index does not contain, and texts as models that copy
a lot would write them, put together from short or long passages of the books.
"""

import dataclasses
import importlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from poet.attribution.guard import open_guard
from poet.attribution.index import Index, IntArray, open_index
from poet.attribution.matching import match_ends
from poet.attribution.spans import find_near_spans, find_spans
from poet.benchmark.growing import MEGABYTE, run_measured, write_corpus
from poet.benchmark.noise import OtherWork, load_average, signs_of_noise
from poet.benchmark.timing import time_repeats
from poet.books.split import split_books
from poet.device.device import keep_freed_memory
from poet.device.machine import machine_in_words
from poet.generation.sampling import Guard, generate
from poet.installation import stage_module
from poet.model.saving import load_model
from poet.params.file import load_params
from poet.params.sampling import SamplingParams
from poet.tokenizers.tokenizer import encode, token_bytes

# Characters of the text for which the time of the ml-indie-tools package is known: 0.65 s in a library of eleven books.
CHARACTERS = 2_100
KNOWN_SECONDS = 0.65

# Characters of each text that is made, and into how many passages of which length it is cut for the searches.
LONG = 100_000
PASSAGES = {CHARACTERS: 15, LONG: 2}

# Characters of a corpus that costs almost nothing to index: what is left is the cost of the process.
TINY = 10_000

# Timed calls per figure, after one that is not counted; the figure is their median.
REPEATS = 5

# Lengths of the copied passages, in characters. A third of the short ones are long enough to be traced.
COPIED = {"short_copies": (4, 8, 12, 16, 20, 30), "long_copies": tuple(range(20, 300))}

# The shortest span, in characters, as in params.yaml.
MIN_LENGTH = 20

# The shortest quote, in characters, that source_highlight of ml-indie-tools looks for by default.
QUOTE = 10

# For the cost of the guard: the limit in characters, sequences side by side, and tokens of each.
MAX_COPY = 20
ROWS = (1, 6, 20, 60)
GENERATED = 250


@dataclass(frozen=True, kw_only=True)
class SearchFigures:
    """How long it takes to search a text, in microseconds per character of it: medians over its passages."""

    spans: float
    near_spans: float
    # The longest match from every character, which the copying metrics need. Spans take less: they skip most starts.
    matching_statistics: float
    # Spans per passage, a number.
    spans_found: float
    # The known time of ml-indie-tools as a multiple of `spans`; None where other work disturbed the search.
    times_faster_than_known: float | None


@dataclass(frozen=True, kw_only=True)
class IndexFigures:
    """What an index costs, and how fast searches in it are."""

    # Bytes of the indexed text in its exact view.
    bytes: int
    build_seconds: float
    build_megabytes_per_second: float
    # The peak of the resident memory while the index is built, and the same for a text of TINY characters.
    peak_megabytes: float
    peak_megabytes_without_text: float
    # The difference of the two, per byte of text.
    peak_bytes_per_byte: float
    # Both views with all their files, per byte of text.
    disk_bytes_per_byte: float
    open_milliseconds: float
    # By kind of text, then by length of its passages.
    microseconds_per_character: dict[str, dict[str, SearchFigures]]


@click.command(epilog="Example: python -m poet.benchmark.attribution --clean data/clean/women_writers --scaling 1,10")
@click.option("--params", type=click.Path(path_type=Path), default="params.yaml", show_default=True)
@click.option("--clean", type=click.Path(path_type=Path, exists=True), required=True, help="Cleaned books.")
@click.option("--scaling", default="", help="Also index corpora of these sizes, in megabytes, made from the books.")
@click.option("--beside", is_flag=True, help="Also let the ml-indie-tools package trace the texts, if installed.")
@click.option("--model", type=click.Path(path_type=Path, exists=True), help="Also time its generation with a guard.")
def main(params: Path, clean: Path, scaling: str, beside: bool, model: Path | None) -> None:
    """Print the figures as JSON."""
    # The index is built anew even where the pipeline has one: its cost is one of the figures.
    with tempfile.TemporaryDirectory(prefix="poet-attribution-") as name:
        folder = Path(name)
        training, texts = _make_texts(clean, params)
        figures: dict[str, Any] = {
            "machine": machine_in_words(),
            "load_average": load_average(),
            "books": dataclasses.asdict(_index_figures(clean, params, texts, folder)),
        }
        if beside:
            figures["beside_ml_indie_tools"] = _compare_with_ml_indie_tools(
                open_index(folder / "index"), training, texts
            )
        if model:
            figures["guard"] = _guard_cost(model, folder / "index", texts["human"][:CHARACTERS])
        # Last, because each corpus replaces the index.
        figures["scaling"] = []
        for size in filter(None, scaling.split(",")):
            corpus = folder / "corpus" / size
            write_corpus(clean, corpus, int(float(size) * MEGABYTE))
            figures["scaling"].append(dataclasses.asdict(_index_figures(corpus, params, texts, folder)))
    click.echo(json.dumps(figures, indent=2))


def _make_texts(clean: Path, params: Path) -> tuple[list[str], dict[str, str]]:
    """The training parts of the books, and the texts to search for, by kind."""
    books = list(split_books(clean, load_params(params).split))
    # Of each book as much, up to LONG characters together. Held-out books have no validation text.
    each = LONG // len(books) + 1
    texts = {"human": "".join(book.validation[:each] for book in books)}
    training = [text for book in books if (text := book.training)]
    for kind, lengths in COPIED.items():
        # Passages from random places of random books, one after another.
        random, parts, length = np.random.default_rng(0), [], 0
        while length < LONG:
            text = training[random.integers(len(training))]
            start = random.integers(len(text))
            parts.append(text[start : start + random.choice(lengths)])
            length += len(parts[-1])
        texts[kind] = "".join(parts)
    return training, texts


def _index_figures(clean: Path, params: Path, texts: dict[str, str], folder: Path) -> IndexFigures:
    """The figures of an index of the books in `clean`, which is left in `folder`/index."""
    out = folder / "index"
    command = [sys.executable, "-m", stage_module("index"), "--params", str(params), "--out", str(out), "--clean"]
    # Python and its libraries take memory too, whatever the size of the text. Measure that first, to subtract it.
    write_corpus(clean, folder / "tiny", TINY)
    _, base = run_measured([*command, str(folder / "tiny")])
    seconds, peak = run_measured([*command, str(clean)])

    # All further figures are of the opened index.
    index = open_index(out)
    size = sum(len(shard.text) for shard in index.exact)
    opening = statistics.median(time_repeats(lambda: open_index(out), time.perf_counter, warmup=1, repeats=REPEATS))
    return IndexFigures(
        bytes=size,
        build_seconds=seconds,
        build_megabytes_per_second=size / seconds / MEGABYTE,
        peak_megabytes=peak / MEGABYTE,
        peak_megabytes_without_text=base / MEGABYTE,
        peak_bytes_per_byte=(peak - base) / size,
        disk_bytes_per_byte=sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / size,
        open_milliseconds=1000 * opening,
        microseconds_per_character={
            kind: {str(length): _search_figures(index, _cut_passages(text, length)) for length in PASSAGES}
            for kind, text in texts.items()
        },
    )


def _cut_passages(text: str, length: int) -> list[str]:
    """The passages of `length` characters of `text` that are searched, spread evenly over it."""
    starts = np.linspace(0, max(0, len(text) - length), PASSAGES[length]).astype(int)
    return [text[start : start + length] for start in starts]


def _search_figures(index: Index, passages: Sequence[str]) -> SearchFigures:
    other_work = OtherWork()
    spans = _median_cost(lambda text: find_spans(index, text, MIN_LENGTH), passages)
    # A search has one thread.
    noise = signs_of_noise({}, other_work.cores(), 1, os.cpu_count() or 1)
    return SearchFigures(
        spans=spans,
        near_spans=_median_cost(lambda text: find_near_spans(index, text, MIN_LENGTH), passages),
        matching_statistics=_median_cost(lambda text: match_ends(index, text), passages),
        spans_found=statistics.median(len(find_spans(index, text, MIN_LENGTH)) for text in passages),
        times_faster_than_known=None if noise else KNOWN_SECONDS / CHARACTERS / (spans / 1e6),
    )


def _median_cost(search: Callable[[str], object], passages: Sequence[str], repeats: int = REPEATS) -> float:
    """The time of `search` in microseconds per character, as the median over `passages`."""
    seconds_per_character = [
        statistics.median(time_repeats(partial(search, passage), time.perf_counter, warmup=1, repeats=repeats))
        / len(passage)
        for passage in passages
    ]
    return statistics.median(seconds_per_character) * 1e6


def _compare_with_ml_indie_tools(
    index: Index, training: Sequence[str], texts: dict[str, str]
) -> dict[str, dict[str, float]]:
    """The same texts traced here and by `source_highlight` of ml-indie-tools, in turn, with the same shortest quote.

    Its quotes are the longest from where the one before ends. ClickException where ours are not as long.
    """
    try:
        library = importlib.import_module("ml_indie_tools.Text_Dataset")
    except ImportError as error:
        raise click.ClickException("--beside needs another package: pip install ml-indie-tools") from error
    records = [{"author": "", "title": str(i), "language": "en", "text": text} for i, text in enumerate(training)]
    dataset = library.Text_Dataset(records)
    # It shows its quotes in a notebook and returns nothing, so take them from the function that would show them.
    shown: list[list[tuple[str, int]]] = []
    dataset._display_colored_html = lambda parts, **_: shown.append(parts)
    figures = {}
    for kind, text in texts.items():
        ours, theirs = [], []
        for passage in _cut_passages(text, CHARACTERS)[::5]:  # some only: the package is slow
            ours.append(_median_cost(lambda text: find_spans(index, text, QUOTE), [passage]))
            shown.clear()
            theirs.append(_median_cost(lambda text: dataset.source_highlight(text, min_quote_size=QUOTE), [passage], 1))
            check_quotes(match_ends(index, passage), shown[0])
        figures[kind] = {
            "here": statistics.median(ours),
            "ml_indie_tools": statistics.median(theirs),
            "times_faster": statistics.median(theirs) / statistics.median(ours),
        }
    return figures


def check_quotes(ends: IntArray, parts: Sequence[tuple[str, int]]) -> None:
    """ClickException unless every quote is the longest match from its start, and no match between quotes is as long.

    `ends` are the `match_ends` of a text. `parts` are the text cut at the quotes, each with the number of its book from
    1, or 0 for text between quotes.
    """
    end = 0
    for passage, book in parts:
        start, end = end, end + len(passage)
        lengths = (ends[start:end] - np.arange(start, end)).tolist()
        if book:
            kind, agrees = "a quote", lengths[0] == len(passage)
        else:
            kind, agrees = "no quote", max(lengths) < QUOTE
        if not agrees:
            raise click.ClickException(
                f"to ml-indie-tools {passage!r} is {kind}, but the longest matches that are found here from its "
                f"characters on have the lengths {lengths}"
            )


def _guard_cost(model: Path, index: Path, prompt: str) -> dict[str, float]:
    """The time of generation with a guard, as a multiple of that without one, by the number of sequences."""
    keep_freed_memory()
    trained = load_model(model, torch.device("cpu"))
    guard = open_guard(index, token_bytes(trained.tokenizer), MAX_COPY)
    ids = encode(trained.tokenizer, prompt).tolist()

    def generation_seconds(seeds: range, guard: Guard | None) -> float:
        sampling = [SamplingParams(temperature=0.8, seed=seed) for seed in seeds]
        start = time.perf_counter()
        for _ in generate(trained.model, ids, sampling, GENERATED, torch.float32, guard):
            pass
        return time.perf_counter() - start

    ratios, first_seed = {}, 0
    for rows in ROWS:
        times: dict[bool, list[float]] = {True: [], False: []}
        for turn in range(2 * REPEATS):
            # New seeds in each turn, because the guard remembers what it looked up for a text.
            seeds = range(first_seed, first_seed + rows)
            first_seed += rows
            # The two take turns, and so does who begins, so that the noise of the machine meets both.
            for guarded in (turn % 2 == 0, turn % 2 == 1):
                times[guarded].append(generation_seconds(seeds, guard if guarded else None))
        # The first turn warms up.
        ratios[str(rows)] = statistics.median(times[True][1:]) / statistics.median(times[False][1:])
    return ratios


if __name__ == "__main__":
    main()
