"""How fast passages are traced, and what an index and a guard cost: `python -m poet.benchmark.attribution --help`.

An index is built by the index stage in a process of its own, opened and searched in this one. Three kinds of text are
searched: human text that the books do not hold, and text as models would write it that copy a lot in short or in long
passages, put together from the books.
"""

import importlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray

from poet.attribution.guard import guard_maker
from poet.attribution.index import Index, open_index
from poet.attribution.spans import find_near_spans, find_spans, match_reaches
from poet.benchmark.growing import MEGABYTE, run_measured, write_corpus
from poet.benchmark.timing import time_repeats
from poet.books.split import split_books
from poet.device.device import describe_machine, keep_freed_memory
from poet.generation.sampling import generate
from poet.model.saving import load_model
from poet.params.file import load_params
from poet.params.sampling import SamplingParams
from poet.tokenizers.tokenizer import encode, token_bytes

# As long as the text for which the time of the ml-indie-tools package is known: 0.65 s, library of eleven books.
CHARACTERS = 2_100
KNOWN_SECONDS = 0.65
LONG = 100_000
PIECES = {CHARACTERS: 15, LONG: 2}  # of the text that are searched
TINY = 10_000
REPEATS = 5
# Characters that the copied passages have. Of the short ones a third is long enough to be traced.
COPIED = {"short_copies": (4, 8, 12, 16, 20, 30), "long_copies": tuple(range(20, 300))}
MIN_LENGTH = 20
# The least quote that source_highlight of ml-indie-tools looks for when it is not told otherwise.
QUOTE = 10
MAX_COPY = 20
ROWS = (1, 6, 20, 60)
GENERATED = 250


@click.command(epilog="Example: python -m poet.benchmark.attribution --clean data/clean/women_writers --scaling 1,10")
@click.option("--params", type=click.Path(path_type=Path), default="params.yaml", show_default=True)
@click.option("--clean", type=click.Path(path_type=Path, exists=True), required=True, help="Cleaned books.")
@click.option("--scaling", default="", help="Also index corpora of so many megabytes made from these books.")
@click.option("--beside", is_flag=True, help="Also let the ml-indie-tools package trace the texts, if installed.")
@click.option("--model", type=click.Path(path_type=Path, exists=True), help="Also time its generation with a guard.")
def main(params: Path, clean: Path, scaling: str, beside: bool, model: Path | None) -> None:
    """Print the figures as JSON."""
    with tempfile.TemporaryDirectory(prefix="poet-attribution-") as name:
        folder = Path(name)
        training, texts = _texts(clean, params)
        figures: dict[str, Any] = {"machine": describe_machine(), "books": _measure(clean, params, texts, folder)}
        if beside:
            figures["beside_ml_indie_tools"] = _beside(open_index(folder / "index"), training, texts)
        if model:
            figures["guard"] = _guard(model, folder / "index", texts["human"][:CHARACTERS])
        figures["scaling"] = []
        for size in scaling.split(","):
            if size:
                corpus = folder / "corpus" / size
                write_corpus(clean, corpus, int(float(size) * MEGABYTE))
                figures["scaling"].append(_measure(corpus, params, texts, folder))
    click.echo(json.dumps(figures, indent=2))


def _texts(clean: Path, params: Path) -> tuple[list[str], dict[str, str]]:
    """The training parts of the books; texts to search for, by kind."""
    books = list(split_books(clean, load_params(params).split))
    each = LONG // len(books) + 1
    texts = {"human": "".join(book.validation[:each] for book in books)}
    training = [text for book in books if (text := book.training)]
    for kind, sizes in COPIED.items():
        random, parts, length = np.random.default_rng(0), [], 0
        while length < LONG:
            text = training[random.integers(len(training))]
            start = random.integers(len(text))
            parts.append(text[start : start + random.choice(sizes)])
            length += len(parts[-1])
        texts[kind] = "".join(parts)
    return training, texts


def _measure(clean: Path, params: Path, texts: dict[str, str], folder: Path) -> dict[str, Any]:
    """The figures of an index of `clean`."""
    out = folder / "index"
    command = [sys.executable, "-m", "stages.index", "--params", str(params), "--out", str(out), "--clean"]
    # What the process needs whatever the size of the text.
    write_corpus(clean, folder / "tiny", TINY)
    _, base = run_measured([*command, str(folder / "tiny")])
    seconds, peak = run_measured([*command, str(clean)])
    index = open_index(out)
    size = sum(len(shard.text) for shard in index.exact)
    opening = statistics.median(time_repeats(lambda: open_index(out), time.perf_counter, warmup=1, repeats=REPEATS))
    return {
        "bytes": size,
        "build_seconds": seconds,
        "build_megabytes_per_second": size / seconds / MEGABYTE,
        "peak_megabytes": peak / MEGABYTE,
        "peak_megabytes_without_text": base / MEGABYTE,
        "peak_bytes_per_byte": (peak - base) / size,
        "disk_bytes_per_byte": sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / size,
        "open_milliseconds": 1000 * opening,
        "microseconds_per_character": {
            kind: {str(length): _search(index, _pieces(text, length)) for length in PIECES}
            for kind, text in texts.items()
        },
    }


def _pieces(text: str, length: int) -> list[str]:
    starts = np.linspace(0, max(0, len(text) - length), PIECES[length]).astype(int)
    return [text[start : start + length] for start in starts]


def _search(index: Index, pieces: Sequence[str]) -> dict[str, float]:
    """Median microseconds per character over `pieces`."""
    spans = _cost(lambda piece: find_spans(index, piece, MIN_LENGTH), pieces)
    return {
        "spans": spans,
        "near_spans": _cost(lambda piece: find_near_spans(index, piece, MIN_LENGTH), pieces),
        "matching_statistics": _cost(lambda piece: match_reaches(index, piece), pieces),
        "spans_found": statistics.median(len(find_spans(index, piece, MIN_LENGTH)) for piece in pieces),
        "times_faster_than_known": KNOWN_SECONDS / CHARACTERS / (spans / 1e6),
    }


def _cost(search: Callable[[str], object], pieces: Sequence[str], repeats: int = REPEATS) -> float:
    times = [
        statistics.median(time_repeats(partial(search, piece), time.perf_counter, warmup=1, repeats=repeats))
        / len(piece)
        for piece in pieces
    ]
    return statistics.median(times) * 1e6


def _beside(index: Index, training: Sequence[str], texts: dict[str, str]) -> dict[str, Any]:
    """The same texts traced here and by `source_highlight` of ml-indie-tools, in turn, with the same least length.

    Its quotes are the longest from where the one before ends, so they must be those that are found here.
    """
    try:
        library = importlib.import_module("ml_indie_tools.Text_Dataset")
    except ImportError as error:
        raise click.ClickException("--beside needs another package: pip install ml-indie-tools") from error
    records = [{"author": "", "title": str(i), "language": "en", "text": text} for i, text in enumerate(training)]
    dataset = library.Text_Dataset(records)
    shown: list[list[tuple[str, int]]] = []
    dataset._display_colored_html = lambda parts, **_: shown.append(parts)  # a notebook is where it would show them
    figures = {}
    for kind, text in texts.items():
        ours, theirs = [], []
        for piece in _pieces(text, CHARACTERS)[::5]:
            ours.append(_cost(lambda piece: find_spans(index, piece, QUOTE), [piece]))
            shown.clear()
            theirs.append(_cost(lambda piece: dataset.source_highlight(piece, min_quote_size=QUOTE), [piece], 1))
            agree(match_reaches(index, piece), shown[0])
        figures[kind] = {
            "here": statistics.median(ours),
            "ml_indie_tools": statistics.median(theirs),
            "times_faster": statistics.median(theirs) / statistics.median(ours),
        }
    return figures


def agree(reaches: NDArray[np.int64], parts: Sequence[tuple[str, int]]) -> None:
    """ClickException unless the quotes among `parts` (text, number of the book or 0) are the longest there are."""
    end = 0
    for passage, book in parts:
        start, end = end, end + len(passage)
        longest = (reaches[start:end] - np.arange(start, end)).tolist()
        if longest[0] != len(passage) if book else max(longest) >= QUOTE:
            raise click.ClickException(f"{passage!r} is not what is found here, from each of its characters: {longest}")


def _guard(folder: Path, index: Path, prompt: str) -> dict[str, Any]:
    """How many times as long generation takes with a guard, for so many sequences at once; both taking turns."""
    keep_freed_memory()
    poet = load_model(folder, torch.device("cpu"))
    make_guard = guard_maker(index, MAX_COPY)
    assert make_guard is not None
    guard = make_guard(token_bytes(poet.tokenizer))
    ids = encode(poet.tokenizer, prompt).tolist()

    def seconds(seeds: range, with_guard: Any) -> float:
        draws = [SamplingParams(temperature=0.8, seed=seed) for seed in seeds]
        start = time.perf_counter()
        for _ in generate(poet.model, ids, draws, GENERATED, torch.float32, with_guard):
            pass
        return time.perf_counter() - start

    ratios, seed = {}, 0
    for rows in ROWS:
        times: dict[bool, list[float]] = {True: [], False: []}
        for turn in range(2 * REPEATS):
            # Texts that no turn before has written: the guard remembers what it looked up. Who begins, changes.
            seeds, seed = range(seed, seed + rows), seed + rows
            for guarded in (turn % 2 == 0, turn % 2 == 1):
                times[guarded].append(seconds(seeds, guard if guarded else None))
        ratios[str(rows)] = statistics.median(times[True][1:]) / statistics.median(times[False][1:])
    return ratios


if __name__ == "__main__":
    main()
