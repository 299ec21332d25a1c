"""Sketches and overlaps, against the exact share of common runs of words."""

import re

import numpy as np
import pytest

from poet.cleaning.duplicates import SHINGLE_WORDS, Overlap, find_leaks, find_overlaps, is_within, sketch
from tests.texts import babble


def shingles(text):
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + SHINGLE_WORDS]) for i in range(len(words) - SHINGLE_WORDS + 1)}


def test_sketches_estimate_the_shared_share():
    one, other = babble(1, 30_000), babble(2, 30_000)
    joint = one[: len(one) // 4] + other
    exact = len(shingles(one) & shingles(joint)) / len(shingles(one))
    (found,) = find_overlaps({"one": sketch(one), "joint": sketch(joint)})
    assert (found.book, found.other) == ("one", "joint")
    assert found.share == pytest.approx(exact, abs=0.03)
    assert find_overlaps({"one": sketch(one), "other": sketch(other)}) == []


def test_a_sketch_has_one_of_32_shingles():
    text = babble(1, 30_000)
    hashes = sketch(text).hashes
    assert len(hashes) == pytest.approx(len(shingles(text)) / 32, rel=0.1)
    assert hashes.dtype == np.uint64 and (np.diff(hashes) > 0).all()


def test_case_punctuation_and_line_breaks_make_no_difference_but_order_does():
    text = babble(1, 3000)
    same = text.upper().replace(".", ";").replace("\n", "  ")
    assert (sketch(same).hashes == sketch(text).hashes).all()
    backwards = " ".join(reversed(re.findall(r"\w+", text)))
    assert not set(sketch(backwards).hashes) & set(sketch(text).hashes)


def test_the_later_of_two_equal_books_counts_as_the_smaller():
    text = babble(1, 3000)
    (found,) = find_overlaps({"one": sketch(text), "two": sketch(text)})
    assert (found.book, found.other, found.share) == ("two", "one", 1.0)


def test_short_texts_are_compared_whole():
    """Poems of a few lines: equal ones are found, and a common first line is not taken for a common poem."""
    line = "Shall I compare thee to a summer's day?\n"
    poems = {str(seed): line + babble(seed, 54) for seed in range(12)}
    assert find_overlaps({id: sketch(text) for id, text in poems.items()}) == []
    poems["copy"] = poems["3"].upper()
    assert find_overlaps({id: sketch(text) for id, text in poems.items()}) == [
        Overlap(book="copy", other="3", share=1.0)
    ]


def test_a_text_of_less_than_eight_words_overlaps_with_its_copy():
    sketches = {
        "few": sketch("too few words"),
        "also": sketch("Too few words!"),
        "one": sketch(babble(1, 3000)),
        "empty": sketch(""),
    }
    assert find_overlaps(sketches) == [Overlap(book="few", other="also", share=1.0)]


def test_almost_all_is_less_than_all():
    """One word in 30,000 differs, which few sketches notice: the share may be 1, the comparison of the texts is not."""
    text = babble(1, 30_000)
    changed = text.replace("King", "Queen", 1)
    assert is_within(text, text + babble(2, 900)) and not is_within(changed, text)


def test_the_work_grows_with_the_hashes_and_not_with_the_pairs(monkeypatch):
    """Books that all share a passage, the worst case: four times the books give about four times the pairs to count."""
    counted = []
    unique = np.unique

    def counting(values, **options):
        counted.append(len(values))
        return unique(values, **options)

    passage = babble(99, 450)
    sketches = {str(seed): sketch(passage + babble(seed, 450)) for seed in range(400)}
    monkeypatch.setattr(np, "unique", counting)
    for count in (100, 400):
        find_overlaps({id: sketches[id] for id in list(sketches)[:count]})
    assert counted[1] < 5 * counted[0]


def test_validation_text_that_is_trained_on_elsewhere_is_found_whatever_its_share():
    """200 words of a long validation part, 2 %, are in the training part of another book."""
    leak = babble(5, 200)
    parts = [
        ("one", babble(1, 9_000), babble(2, 10_000) + leak),
        ("two", babble(3, 20_000) + leak + babble(4, 20_000), babble(6, 4_000)),
        ("three", babble(7, 9_000), ""),
    ]
    (found,) = find_leaks(parts)
    assert (found.book, found.other) == ("one", "two") and 0 < found.share < 0.06
    assert find_leaks([("one", leak + babble(8, 900), leak)]) == [], "within one book it is the author's"
    assert find_leaks([]) == [] == find_leaks([("one", "", "")])
