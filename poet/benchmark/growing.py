"""How time and memory of a stage grow with the text: corpora of any size made from a few books, and measured processes.

A stage is run as a process of its own, because the memory of this process would hide what the stage takes.
"""

import dataclasses
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from poet.books.manifest import MANIFEST, CleanBook, read_manifest, write_manifest
from poet.costs import high_water_mark
from poet.files import read_text, write_text

MEGABYTE = 1_000_000

# Seconds between two looks at the memory of a process.
POLL_SECONDS = 0.02


def run_measured(command: Sequence[str]) -> tuple[float, int]:
    """Run `command`; returns its seconds and its peak resident memory in bytes. ClickException when it fails."""
    start = time.perf_counter()
    peak = 0
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        # The kernel forgets the peak of a process when it ends, so read it again and again.
        while process.poll() is None:
            peak = max(peak, high_water_mark(process.pid))
            time.sleep(POLL_SECONDS)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise click.ClickException(f"{' '.join(command)} failed with exit code {process.returncode}; run it to see why")
    return seconds, peak


def write_corpus(clean: Path, folder: Path, size: int) -> int:
    """Write a corpus of `size` characters to `folder`, made from the cleaned books in `clean`; returns `size` again.

    First come the books themselves. After them come the same books, as often as necessary, with their pairs of words in
    random order: every word is as frequent as in the books, but hardly a long passage occurs in two of them.
    """
    originals = read_manifest(clean / MANIFEST, CleanBook)
    books: list[CleanBook] = []
    characters = 0
    while characters < size:
        original = originals[len(books) % len(originals)]
        text = read_text(clean / original.file)
        if len(books) >= len(originals):
            words = text.split(" ")
            pairs = [" ".join(words[i : i + 2]) for i in range(0, len(words), 2)]
            # The number of the book is the seed, so that the same books make the same corpus.
            text = " ".join(pairs[i] for i in np.random.default_rng(len(books)).permutation(len(pairs)))
        text = text[: size - characters]
        name = f"book-{len(books)}"
        write_text(folder / f"{name}.txt", text)
        books.append(dataclasses.replace(original, id=name, file=f"{name}.txt", characters=len(text)))
        characters += len(text)
    write_manifest(folder / MANIFEST, books, CleanBook)
    return characters
