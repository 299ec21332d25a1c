"""The stage clean: texts, manifest, removals and figures; books that are refused; duplicates."""

import dataclasses
import json

import pandas as pd
import pytest
from click.testing import CliRunner

from poet.books.manifest import CleanBook, read_manifest
from poet.errors import CleaningError, DataError
from poet.params.sections import Collection, DownloadSettings, FolderSource
from stages.clean import clean, main
from stages.download import download
from tests.cleaning.frames import BODY, FOOTER_2008, HEADER_2008
from tests.cleaning.shelf import clean_shelf
from tests.clone import ROOT
from tests.recipes import CLEAN
from tests.texts import babble


def test_the_command_writes_utf8_a_manifest_all_removals_and_figures(write_books, tmp_path):
    clean_shelf(write_books(a=BODY, b=HEADER_2008 + "one liné"), tmp_path)
    options = ["--params", str(ROOT / "params.yaml"), "--raw", str(tmp_path / "raw")]
    options += ["--out", str(tmp_path / "out"), "--quality", str(tmp_path / "figures.json")]
    result = CliRunner().invoke(main, options)
    assert result.exit_code == 0, result.output
    assert f"2 books, {len(BODY) - 1 + 9:,} characters in {tmp_path}" in " ".join(result.output.split())

    a, b = read_manifest(tmp_path / "out" / "manifest.csv", CleanBook)
    assert (a.id, a.characters, a.flags, a.removed) == ("a", len(BODY) - 1, "no-markers", "")
    assert (b.id, b.characters, b.bytes, b.flags, b.removed) == ("b", 9, 10, "", f"licence:1:{len(HEADER_2008)}")
    assert (tmp_path / "out" / "b.txt").read_bytes() == "one liné\n".encode()
    (removal,) = pd.read_csv(tmp_path / "out" / "removals.csv").to_dict("records")
    assert (removal["book"], removal["rule"], removal["bytes"]) == ("b", "licence", len(HEADER_2008))
    corpus = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert corpus["books"]["b"]["words"] == 2 and corpus["overlaps"] == []


def test_a_raw_file_that_changed_is_noticed(write_books, tmp_path):
    clean_shelf(write_books(a=BODY), tmp_path)
    (tmp_path / "raw" / "a.txt").write_text("other", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.txt was changed: its sha256 is"):
        clean(tmp_path / "raw", CLEAN, out=tmp_path / "again", quality=tmp_path / "again.json")
    assert not (tmp_path / "again").exists() and not (tmp_path / "again.json").exists()


def test_a_frame_around_nothing_is_refused_by_its_title(write_books, tmp_path):
    texts = write_books(**{"Emma - Jane Austen - en": HEADER_2008 + FOOTER_2008})
    with pytest.raises(CleaningError, match=r"emma-jane-austen-en_\w+\.txt \(Emma\) has no text once it is cleaned"):
        clean_shelf(texts, tmp_path)
    assert not (tmp_path / "clean").exists()


@pytest.mark.parametrize("policy", ["warn", "drop", "fail"])
def test_two_editions_of_one_work(write_books, tmp_path, policy, capsys):
    work, other = babble(1, 3000), babble(2, 3000)
    texts = write_books(first=work, second=work.replace("king", "queen") + other[:500], third=other)
    clean_shelf(texts, tmp_path)
    capsys.readouterr()
    settings, quality = dataclasses.replace(CLEAN, duplicates=policy), tmp_path / "figures.json"
    if policy == "fail":
        with pytest.raises(CleaningError, match=r"% of first \(first\) also occurs in second \(second\); remove one"):
            clean(tmp_path / "raw", settings, out=tmp_path / "out", quality=quality)
        assert not (tmp_path / "out").exists() and not quality.exists()
        return
    clean(tmp_path / "raw", settings, out=tmp_path / "out", quality=quality)
    corpus = json.loads(quality.read_text(encoding="utf-8"))
    (overlap,) = corpus["overlaps"]
    assert (overlap["book"], overlap["other"]) == ("first", "second") and 0.3 < overlap["share"] < 0.9
    assert "also occurs in second" in capsys.readouterr().err
    rows = {row.id: row for row in read_manifest(tmp_path / "out" / "manifest.csv", CleanBook)}
    # The half of the first book that differs stands nowhere else, so nothing is dropped.
    kept = ["first", "second", "third"]
    assert list(rows) == list(corpus["books"]) == kept
    assert {path.name for path in (tmp_path / "out").glob("*.txt")} == {f"{book}.txt" for book in kept}
    flagged = [book for book, row in rows.items() if "duplicates-second" in row.flags.split()]
    assert flagged == ["first"]


def test_many_duplicates_are_summed_up(write_books, tmp_path, capsys):
    work = babble(1, 2000)
    clean_shelf(write_books(**{f"copy{i}": work for i in range(8)}), tmp_path)
    said = capsys.readouterr().err.splitlines()
    assert sum("also occurs in" in line for line in said) == 5
    assert "and 23 more pairs; in all, 7 books have much of their text in common with a larger one" in said
    assert len(json.loads((tmp_path / "corpus.json").read_text(encoding="utf-8"))["overlaps"]) == 28


def test_the_encoding_of_a_source_overrules(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.txt").write_bytes("L’été à Nîmes fut très sec.\n".encode("mac_roman"))
    source = FolderSource(kind="folder", path=str(tmp_path / "own"), encoding="Macintosh")
    settings = DownloadSettings(mirrors=["none"], allow_missing=False, max_bytes=10**8)
    download(Collection(title="Test", sources=[source]), settings, tmp_path / "raw")
    clean(tmp_path / "raw", CLEAN, out=tmp_path / "clean", quality=tmp_path / "figures.json")
    (row,) = read_manifest(tmp_path / "clean" / "manifest.csv", CleanBook)
    assert (row.encoding, row.decoding, row.flags) == ("mac_roman", "mac_roman setting", "no-markers")
    assert (tmp_path / "clean" / "a.txt").read_text(encoding="utf-8") == "L’été à Nîmes fut très sec.\n"
