"""The summary: what is written is read, under the keys that `dvc metrics` and older files have."""

import dataclasses

import pytest

from poet.errors import DataError
from poet.files import read_json, write_json
from poet.report.collection_page import summarize
from poet.report.summary import COMPARED_AT, Line, read_summaries, read_summary, write_summary
from poet.results.copying import LENGTHS
from tests.report.shelf import made_up_results

COLUMNS = "bits_per_character share_at_30 excess_at_30 longest parameters"
DETAILS = """
collection title books characters steps epochs held_out_bits_per_character best_compressor share_at_20
human_share_at_20 human_share_at_30 excess_at_30_low excess_at_30_high model_sha256 language sample compressors line
"""


def test_what_is_written_is_read(tmp_path):
    summary = summarize(made_up_results(), "abc")
    write_summary(tmp_path / "a.json", summary)
    assert read_summary(tmp_path / "a.json") == summary
    content = read_json(tmp_path / "a.json")
    assert list(content) == [*COLUMNS.split(), "details"]
    (details,) = content["details"]
    assert list(details) == DETAILS.split()
    assert (summary.books, summary.characters, summary.model_sha256) == (4, 80_000, "abc")
    assert summary.sample.startswith("The  and so it came that ")
    assert summary.compressors == {"note": 2.5} and summary.line is None
    said = dataclasses.replace(summary, line=Line(text="To be.", prompt="HAMLET\n", temperature=0.6, sample=3))
    write_summary(tmp_path / "a.json", said)
    assert read_summary(tmp_path / "a.json") == said
    assert set(COMPARED_AT) <= set(LENGTHS)


def test_without_human_text_its_shares_are_none():
    results = made_up_results(samples=0)
    running = results.copying.running_text
    running = dataclasses.replace(running, human=dataclasses.replace(running.human, characters=0))
    copying = dataclasses.replace(results.copying, running_text=running)
    summary = summarize(dataclasses.replace(results, copying=copying), "")
    assert set(summary.human_share_at.values()) == {None} and summary.sample == ""


def test_the_figures_are_those_of_running_text():
    results = made_up_results(samples=0)
    running = results.copying.running_text
    shares = dict.fromkeys(LENGTHS, 0.125)
    samples = dataclasses.replace(running.samples, longest=31, share_at=shares, excess=-0.5, excess_interval=(-0.75, 0))
    running = dataclasses.replace(running, samples=samples, human=dataclasses.replace(running.human, share_at=shares))
    copying = dataclasses.replace(results.copying, running_text=running)
    summary = summarize(dataclasses.replace(results, copying=copying), "")
    assert (summary.longest, summary.excess, summary.excess_interval) == (31, -0.5, (-0.75, 0))
    assert {*summary.share_at.values(), *summary.human_share_at.values()} == {0.125}


def test_the_best_model_is_first(tmp_path):
    summary = summarize(made_up_results(samples=0), "abc")
    for name, bits in (("a", 2.5), ("b", 1.5), ("c", 2.0)):
        write_summary(tmp_path / f"{name}.json", dataclasses.replace(summary, bits_per_character=bits))
    assert [one.bits_per_character for one in read_summaries(tmp_path)] == [1.5, 2.0, 2.5]
    assert read_summaries(tmp_path / "none") == []


def test_files_of_other_versions(tmp_path):
    path = tmp_path / "a.json"
    write_summary(path, summarize(made_up_results(samples=0), "abc"))
    content = read_json(path)
    # Before `dvc exp show` had to fit a screen, all keys stood side by side.
    (details,) = content.pop("details")
    content |= details
    write_json(path, content)
    assert read_summary(path).model_sha256 == "abc"
    write_json(path, {key: value for key, value in content.items() if key != "model_sha256"})
    assert read_summary(path).model_sha256 == ""
    newer = ("compressors", "line")
    write_json(path, {key: value for key, value in content.items() if key not in newer})
    assert read_summary(path).compressors == {} and read_summary(path).line is None
    write_json(path, {key: value for key, value in content.items() if key != "share_at_20"})
    with pytest.raises(DataError, match=r"a.json does not hold a summary.*'share_at_20'.*and run `dvc repro`"):
        read_summary(path)
