"""The sentence on a card: each outcome of the comparison with people has its own words."""

from poet.report.one_sentence import copies, verdict

TWO = {"xz": 2.393, "ppmd": 1.896}


def test_copying_is_told_by_the_interval():
    assert copies(0.03, (0.01, 0.05)) == "it repeats its books more than they repeat each other"
    assert copies(0.03, (-0.01, 0.05)) == "it repeats its books no more than they repeat each other"
    assert copies(-0.03, (-0.05, 0.0)) == "it repeats its books no more than they repeat each other"
    assert copies(-0.03, (-0.05, -0.01)) == "it repeats its books less than they repeat each other"
    assert "too few texts" in copies(0.03, None) and "not measured" in copies(None, None)


def test_the_verdict_is_one_sentence():
    sentence = verdict(1.707, TWO, 0.0, (-0.01, 0.01))
    assert sentence.endswith("; it repeats its books no more than they repeat each other.") and ". " not in sentence
