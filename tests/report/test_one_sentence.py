"""The sentence on a card: each place among the compressors and each outcome beside people has its own words."""

import pytest

from poet.report.one_sentence import copies, predicts, verdict

TWO = {"xz": 2.393, "ppmd": 1.896}


@pytest.mark.parametrize(
    ("bits", "compressors", "place"),
    [
        (1.707, TWO, ", better than the best compressor tried, PPMd (1.90)"),
        (2.1, TWO, ", between the compressors PPMd (1.90) and xz (2.39)"),
        (3.53, TWO, ", worse than the compressors xz (2.39) and PPMd (1.90)"),
        (3.53, TWO | {"mine": 3.0}, ", worse than the compressors mine (3.00), xz (2.39) and PPMd (1.90)"),
        (2.1, {"xz": 2.393}, ", better than the compressor xz (2.39)"),
        (2.1, {}, ""),
        (2.1, {"": 1.9}, ", worse than the compressor (1.90)"),
        (1.9, {"": 1.9}, ", as good as the compressor"),
    ],
)
def test_the_place_among_the_compressors(bits, compressors, place):
    assert predicts(bits, compressors) == f"It needs {bits:.2f} bits per character of text it never saw{place}"


def test_nothing_is_better_or_worse_by_less_than_is_shown():
    assert predicts(1.8951, TWO).endswith("It needs 1.90 bits per character of text it never saw, as good as PPMd")
    assert predicts(1.8969, TWO).endswith(", as good as PPMd")


def test_copying_is_told_by_the_interval():
    assert copies(0.03, (0.01, 0.05)) == "it repeats its books more than they repeat each other"
    assert copies(0.03, (-0.01, 0.05)) == "it repeats its books no more than they repeat each other"
    assert copies(-0.03, (-0.05, 0.0)) == "it repeats its books no more than they repeat each other"
    assert copies(-0.03, (-0.05, -0.01)) == "it repeats its books less than they repeat each other"
    assert "too few texts" in copies(0.03, None) and "not measured" in copies(None, None)


def test_the_verdict_is_one_sentence():
    sentence = verdict(1.707, TWO, 0.0, (-0.01, 0.01))
    assert sentence.endswith("; it repeats its books no more than they repeat each other.") and ". " not in sentence
