"""How fast passages are traced, and what an index costs: `python -m poet.benchmark.attribution --help`.

An index is built by the index stage in a process of its own, opened and searched in this one. Texts are searched in
both kinds: human text that the books do not hold, and text as a model that copies a lot would write it, put together
from passages of the books.
"""

import json
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np

from poet.attribution.guard import CopyGuard
from poet.attribution.index import Index, open_index
from poet.attribution.matching import find_near_spans, find_spans, match_reaches
from poet.benchmark.growing import MEGABYTE, run_measured, write_corpus
from poet.benchmark.timing import time_repeats
from poet.corpus.splitting import TRAIN, VALIDATION, split_books
from poet.params_file import load_params
from poet.training.device import describe_machine

# As long as the text for which the time of the ml-indie-tools package is known: 0.65 s, library of eleven books.
CHARACTERS = 2_100
KNOWN_SECONDS = 0.65
LONG = 100_000
PIECES = {CHARACTERS: 15, LONG: 2}  # of the text that are searched
REPEATS = 5
# Characters that a copied passage of the put-together text has, about a third of them long enough to be traced.
COPIED = (4, 8, 12, 16, 20, 30)
MIN_LENGTH = 20
MAX_COPY = 20


@click.command(epilog="Example: python -m poet.benchmark.attribution --clean data/clean/women_writers --scaling 1,10")
@click.option("--params", type=click.Path(path_type=Path), default="params.yaml", show_default=True)
@click.option("--clean", type=click.Path(path_type=Path, exists=True), required=True, help="Cleaned books.")
@click.option("--scaling", default="", help="Also index corpora of so many megabytes made from these books.")
def main(params: Path, clean: Path, scaling: str) -> None:
    """Print the figures as JSON."""
    with tempfile.TemporaryDirectory(prefix="poet-attribution-") as name:
        folder = Path(name)
        texts = _texts(clean, params)
        figures: dict[str, Any] = {"machine": describe_machine(), "books": _measure(clean, params, texts, folder)}
        figures["scaling"] = []
        for size in scaling.split(","):
            if size:
                corpus = folder / "corpus" / size
                write_corpus(clean, corpus, int(float(size) * MEGABYTE))
                figures["scaling"].append(_measure(corpus, params, texts, folder))
    click.echo(json.dumps(figures, indent=2))


def _texts(clean: Path, params: Path) -> dict[str, str]:
    """Human text from all validation parts, and text put together from short passages of the training parts."""
    books = list(split_books(clean, load_params(params).split))
    each = LONG // len(books) + 1
    human = "".join(book.part(VALIDATION)[:each] for book in books)
    random, parts, length = np.random.default_rng(0), [], 0
    training = [text for book in books if (text := book.part(TRAIN))]
    while length < len(human):
        text = training[random.integers(len(training))]
        start = random.integers(len(text))
        parts.append(text[start : start + random.choice(COPIED)])
        length += len(parts[-1])
    return {"human": human, "put_together": "".join(parts)}


def _measure(clean: Path, params: Path, texts: dict[str, str], folder: Path) -> dict[str, Any]:
    """The figures of an index of `clean`."""
    out = folder / "index"
    command = [sys.executable, "-m", "stages.index", "--params", str(params), "--out", str(out), "--clean"]
    # What the process needs whatever the size of the text: its libraries, and one book at a time.
    _, base = run_measured([sys.executable, "-c", "import stages.index"])
    seconds, peak = run_measured([*command, str(clean)])
    index = open_index(out)
    size = sum(len(shard.text) for shard in index.exact)
    opening = statistics.median(time_repeats(lambda: open_index(out), time.perf_counter, warmup=1, repeats=REPEATS))
    figures: dict[str, Any] = {
        "bytes": size,
        "build_seconds": seconds,
        "build_megabytes_per_second": size / seconds / MEGABYTE,
        "peak_megabytes": peak / MEGABYTE,
        "libraries_megabytes": base / MEGABYTE,
        "peak_bytes_per_byte": (peak - base) / size,
        "disk_bytes_per_byte": sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / size,
        "open_milliseconds": 1000 * opening,
    }
    for name, text in texts.items():
        figures[name] = {str(length): _search(index, text, length) for length in (CHARACTERS, LONG)}
        figures[name]["guard_microseconds_per_token"] = _guard(index, text[:CHARACTERS])
    return figures


def _search(index: Index, text: str, length: int) -> dict[str, float]:
    """Median microseconds per character over pieces of `text` of `length` characters."""
    starts = np.linspace(0, max(0, len(text) - length), PIECES[length]).astype(int)
    pieces = [text[start : start + length] for start in starts]

    def cost(search: Any) -> float:
        times = [
            statistics.median(time_repeats(partial(search, piece), time.perf_counter, warmup=1, repeats=REPEATS))
            for piece in pieces
        ]
        return statistics.median(times) / len(pieces[0]) * 1e6

    spans = cost(lambda piece: find_spans(index, piece, MIN_LENGTH))
    return {
        "spans": spans,
        "near_spans": cost(lambda piece: find_near_spans(index, piece, MIN_LENGTH)),
        "matching_statistics": cost(lambda piece: match_reaches(index, piece)),
        "spans_found": len(find_spans(index, pieces[0], MIN_LENGTH)),
        "times_faster_than_known": KNOWN_SECONDS / CHARACTERS / (spans / 1e6),
    }


def _guard(index: Index, text: str) -> float:
    """Mean microseconds that a guard takes for one token of `text`, whose words are the tokens."""
    words = [part.encode("utf-8") for part in text.replace(" ", "\0 ").split("\0")]
    tokens = sorted(set(words))
    guard, ids = CopyGuard(index, tokens, MAX_COPY), [tokens.index(word) for word in words]
    state = guard.start("")
    start = time.perf_counter()
    for token in ids:
        guard.forbidden(state)
        state = guard.advance(state, token)
    return (time.perf_counter() - start) / len(ids) * 1e6


if __name__ == "__main__":
    main()
