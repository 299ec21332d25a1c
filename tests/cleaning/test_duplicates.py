"""Books that stand in each other: how much they share, and what becomes of them."""

import dataclasses
import functools
import json
import re

import pytest

from poet.cleaning.duplicates import RUN, overlaps, sketch
from poet.cleaning.records import clean
from poet.errors import CleaningError
from tests.cleaning.shelf import clean_shelf
from tests.recipes import CLEAN
from tests.texts import babble


@pytest.mark.parametrize("policy", ["warn", "drop", "fail"])
def test_two_editions_of_one_work(write_books, tmp_path, policy, capsys):
    work, other = babble(1, 3000), babble(2, 3000)
    texts = write_books(first=work, second=work.replace("king", "queen") + other[:500], third=other)
    clean_shelf(texts, tmp_path)
    run = functools.partial(clean, tmp_path / "raw", dataclasses.replace(CLEAN, duplicates=policy))
    if policy == "fail":
        with pytest.raises(CleaningError, match=r"% of first \(first\) also stands in second \(second\); remove one"):
            run(out=tmp_path / "out", quality=tmp_path / "corpus.json")
        assert not (tmp_path / "out").exists()
        return
    rows = {row.id: row for row in run(out=tmp_path / "out", quality=tmp_path / "corpus.json")}
    (overlap,) = json.loads((tmp_path / "corpus.json").read_text(encoding="utf-8"))["overlaps"]
    assert (overlap["book"], overlap["other"]) == ("first", "second") and 0.3 < overlap["share"] < 0.9
    assert "also stands in second" in capsys.readouterr().err
    if policy == "warn":
        assert "duplicates-second" in rows["first"].flags and len(rows) == 3
    else:
        assert list(rows) == ["second", "third"]
        assert {path.name for path in (tmp_path / "out").glob("*.txt")} == {"second.txt", "third.txt"}


def test_sketches_estimate_the_shared_share():
    """Against the exact share of runs of eight words."""
    one, other = babble(1, 30_000), babble(2, 30_000)
    joint = one[: len(one) // 4] + other

    def runs(text):
        words = re.findall(r"\w+", text.lower())
        return {tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)}

    exact = len(runs(one) & runs(joint)) / len(runs(one))
    (found,) = overlaps({"one": sketch(one), "joint": sketch(joint)}, {"one": len(one), "joint": len(joint)})
    assert (found.book, found.other) == ("one", "joint")
    assert found.share == pytest.approx(exact, abs=0.03)
    assert overlaps({"one": sketch(one), "other": sketch(other)}, {"one": 1, "other": 2}) == []
    assert len(sketch("too few words")) == 0
