"""How time and memory of a stage grow: corpora of any size made from a few books, processes that are watched."""

import dataclasses
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from poet.books.manifest import MANIFEST, CleanBook, read_manifest, write_manifest
from poet.files import read_text, write_text

MEGABYTE = 1_000_000


def run_measured(command: Sequence[str]) -> tuple[float, int]:
    """Seconds that `command` takes, and the most bytes that it has resident; ClickException when it fails."""
    start = time.perf_counter()
    peak = 0
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, _peak_memory(process.pid))
            time.sleep(0.02)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise click.ClickException(f"{' '.join(command)} failed")
    return seconds, peak


def _peak_memory(pid: int) -> int:
    """The most bytes that the process `pid` has had resident since it began; Linux keeps count."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    lines = [line.split() for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0][1]) * 1024 if lines else 0


def write_corpus(clean: Path, folder: Path, size: int) -> int:
    """The books of `clean` in `folder`, and after them as often as need be the same with their pairs of words in
    another order, until there are `size` characters; returns how many.

    So every word is as frequent as in the books, but hardly a long passage stands in two of them.
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
            text = " ".join(pairs[i] for i in np.random.default_rng(len(books)).permutation(len(pairs)))
        text = text[: size - characters]
        name = f"book-{len(books)}"
        write_text(folder / f"{name}.txt", text)
        books.append(dataclasses.replace(original, id=name, file=f"{name}.txt", characters=len(text)))
        characters += len(text)
    write_manifest(folder / MANIFEST, books, CleanBook)
    return characters
