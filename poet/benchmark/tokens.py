"""Tokenizers and batches against their yardsticks, and how tokenizing grows: `python -m poet.benchmark.tokens --help`.

Compared figures come from one process, turn by turn, as medians; the machine's noise then meets both alike.
"""

import dataclasses
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from poet.benchmark.growing import MEGABYTE, run_measured, write_corpus
from poet.benchmark.models import DEFAULT
from poet.benchmark.noise import load_average
from poet.benchmark.timing import median_and_spread, time_repeats
from poet.benchmark.work import Training
from poet.books.manifest import MANIFEST, CleanBook, read_manifest
from poet.device.device import keep_freed_memory, pick_precision
from poet.device.machine import machine_in_words
from poet.files import read_text
from poet.installation import stage_module
from poet.params.file import load_params
from poet.params.sections import TokenizeSettings
from poet.tokenizers.kinds import encode_long, train_tokenizer
from poet.tokens.batches import Batches
from poet.tokens.token_files import SPLITS

# The task for which the time of the ml-indie-tools package is known: 63 s for seven megabytes on two cores.
NGRAMS = {"kind": "ngram", "vocab_size": 20_000, "max_ngram": 8}
# Pieces with which the tokenizers library is fastest on few cores (docs/log.md).
LIBRARY_PIECE = 4096
REPEATS = 5


@click.command(epilog="Example: python -m poet.benchmark.tokens --clean data/clean/women_writers --scaling 10,100,1000")
@click.option("--params", type=click.Path(path_type=Path), default="params.yaml", show_default=True)
@click.option("--clean", type=click.Path(path_type=Path, exists=True), required=True, help="Cleaned books.")
@click.option("--scaling", default="", help="Also tokenize corpora of these sizes in megabytes, made from these books.")
def main(params: Path, clean: Path, scaling: str) -> None:
    """Print the figures as JSON."""
    keep_freed_memory()
    settings = load_params(params)
    texts = [read_text(clean / book.file) for book in read_manifest(clean / MANIFEST, CleanBook)]
    # Calls that are compared take turns, so other work makes both slower; the load says how much of it there was.
    figures: dict[str, Any] = {"machine": machine_in_words(), "load_average": load_average()}
    figures["characters"] = sum(map(len, texts))
    figures["ngram"] = _ngrams(texts, settings.tokenize)
    figures["bpe"] = _against_library(texts, settings.tokenize)
    figures["batches"] = _batches()
    figures["scaling"] = [_grown(clean, params, int(size) * MEGABYTE) for size in scaling.split(",") if size]
    click.echo(json.dumps(figures, indent=2))


def _ngrams(texts: list[str], settings: TokenizeSettings) -> dict[str, float]:
    """Training and encoding together, as the known time of the other package has it."""
    sizes = dataclasses.replace(settings, **NGRAMS)  # type: ignore[arg-type]
    tokens = 0

    def work() -> None:
        nonlocal tokens
        tokenizer = train_tokenizer(texts, sizes)
        tokens = sum(len(encode_long(tokenizer, sizes.kind, text)) for text in texts)

    seconds, _ = median_and_spread(time_repeats(work, time.perf_counter, warmup=0, repeats=REPEATS))
    return {"seconds": seconds, "characters_per_token": sum(map(len, texts)) / tokens}


def _against_library(texts: list[str], settings: TokenizeSettings) -> dict[str, Any]:
    """Our byte-pair tokenizer and the library's own calls at their best, taking turns."""
    sizes = dataclasses.replace(settings, kind="bpe")
    text = "".join(texts)
    slices = [text[i : i + LIBRARY_PIECE] for i in range(0, len(text), LIBRARY_PIECE)]
    ours = train_tokenizer(texts, sizes)

    def train_library() -> Tokenizer:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=sizes.vocab_size,
            min_frequency=sizes.min_frequency,
            initial_alphabet=alphabet,
            show_progress=False,
        )
        tokenizer.train_from_iterator(slices, trainer)
        return tokenizer

    library = train_library()
    return {
        "train": _in_turn(lambda: train_tokenizer(texts, sizes), train_library),
        "encode": _in_turn(
            lambda: [encode_long(ours, sizes.kind, text) for text in texts],
            lambda: [np.asarray(one.ids) for one in library.encode_batch_fast(slices, add_special_tokens=False)],
        ),
    }


def _in_turn(ours: Callable[[], object], theirs: Callable[[], object]) -> dict[str, float]:
    """Median seconds of both, and ours over theirs."""
    seconds: tuple[list[float], list[float]] = [], []
    for _ in range(REPEATS):
        for work, found in zip((ours, theirs), seconds, strict=True):
            found.extend(time_repeats(work, time.perf_counter, warmup=0, repeats=1))
    medians = [statistics.median(found) for found in seconds]
    return {"ours": medians[0], "library": medians[1], "ratio": medians[0] / medians[1]}


def _batches() -> dict[str, float]:
    """One batch, and one training step of the default model."""
    shape, cpu = DEFAULT.shape, torch.device("cpu")
    ids = np.random.default_rng(0).integers(shape.vocab_size, size=2_000_000, dtype=np.uint16)
    batches = Batches(ids, sequence_len=shape.sequence_len, batch_size=shape.batch_size, seed=0)
    step = Training(shape, cpu, pick_precision("auto", cpu)).step
    steps, _ = median_and_spread(time_repeats(step, time.perf_counter, warmup=1, repeats=REPEATS))
    numbers = iter(range(10_000))
    loads, _ = median_and_spread(
        time_repeats(lambda: batches[next(numbers)], time.perf_counter, warmup=1, repeats=1000)
    )
    return {"batch_seconds": loads, "step_seconds": steps, "share": loads / steps}


def _grown(clean: Path, params: Path, size: int) -> dict[str, float]:
    """Time and memory of the tokenize stage, a process of its own, on a corpus of `size` characters."""
    with tempfile.TemporaryDirectory(prefix="poet-scaling-") as folder:
        corpus, out = Path(folder) / "clean", Path(folder) / "tokens"
        characters = write_corpus(clean, corpus, size)
        command = [sys.executable, "-m", stage_module("tokenize"), "--params", str(params), "--collection"]
        command += [load_params(params).build[0], "--clean", str(corpus), "--out", str(out)]
        seconds, peak = run_measured(command)
        written = sum((out / f"{name}.bin").stat().st_size for name in SPLITS)
        return {
            "characters": characters,
            "seconds": seconds,
            "characters_per_second": characters / seconds,
            "resident_megabytes": peak / MEGABYTE,
            "token_bytes": written,
        }


if __name__ == "__main__":
    main()
