"""Cleaning every file of a real mirror: edges that were checked by eye, and no more faults than another package."""

import csv
import re
import time
import tracemalloc

import pytest
from gutenberg_cleaner import simple_cleaner

from poet.cleaning.decoding import decode
from poet.cleaning.segments import segment
from poet.cleaning.text import clean_text
from tests.clone import ROOT
from tests.recipes import CLEAN

with (ROOT / "tests/cleaning/mirror_edges.csv").open(encoding="utf-8", newline="") as file:
    EDGES = list(csv.DictReader(file))

# Words that no line of a cleaned book may contain. The pattern is independent of the cleaner's own tables.
LEFTOVER = re.compile(
    r"(?i:project gutenberg|gutenberg\.(?:org|net)|transcriber.?s? note|e-?text (?:was|prepared)|pgdp\.net|pg editor)"
    r"|(?i:this e-?book (?:was|is for)|distributed proof|literary archive)|^\W*Produced by [A-Z]"
)


def cleaned(mirror, path):
    return clean_text((mirror / path).read_bytes(), ".txt", path, CLEAN)


def body_lines(text):
    return [line.strip() for line in text.split("\n") if line.strip()]


def leftovers(lines):
    return [line for line in lines if LEFTOVER.search(line)]


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: edge["path"])
def test_a_book_begins_and_ends_where_it_should(mirror, edge):
    lines = body_lines(cleaned(mirror, edge["path"]).text)
    assert (lines[0], lines[-1], len(lines)) == (edge["first"], edge["last"], int(edge["lines"]))
    assert leftovers(lines) == []


def test_the_table_lists_every_file_of_the_mirror(mirror):
    files = {str(path.relative_to(mirror)) for path in mirror.rglob("*.txt")}
    assert files == {edge["path"] for edge in EDGES}


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: edge["path"])
def test_no_less_exact_than_gutenberg_cleaner(mirror, edge):
    """A fault: a line of the frame that remains, or a line of the book that is removed. Pictures and notes are none."""
    text = decode((mirror / edge["path"]).read_bytes(), edge["path"])
    original = body_lines(text)
    first, last = original.index(edge["first"]), len(original) - original[::-1].index(edge["last"])
    parts = [
        text[part.start : part.end] for part in segment(text) if part.kind in ("illustrations", "transcriber_notes")
    ]
    neutral = {line for part in parts for line in body_lines(part)}
    inside = set(original[first:last]) - neutral
    outside = set(original[:first] + original[last:]) - inside - neutral

    def faults(result):
        lines = set(body_lines(result))
        return len(outside & lines) + len(inside - lines)

    ours = cleaned(mirror, edge["path"]).text
    assert faults(ours) == 0
    assert faults(ours) <= faults(simple_cleaner(text))
    assert len(ours) >= 0.8 * sum(len(line) for line in original[first:last])


def test_all_files_are_cleaned_quickly_and_in_few_copies(mirror):
    """It takes less than 5 s on 2 cores; the bound is loose, because the test also runs on busy machines."""
    start = time.process_time()
    for edge in EDGES:
        cleaned(mirror, edge["path"])
    assert time.process_time() - start < 15
    largest = max(EDGES, key=lambda edge: (mirror / edge["path"]).stat().st_size)["path"]
    content = (mirror / largest).read_bytes()
    text = decode(content, largest)
    copy = len(text) * 2  # curly quotes and dashes take two bytes a character in memory
    tracemalloc.start()
    clean_text(content, ".txt", largest, CLEAN)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 3.2 * copy
