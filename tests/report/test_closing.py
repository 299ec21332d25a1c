"""The lines at the end of a build: figures beside those of compressors and the authors, what to open, what to try."""

import dataclasses

import pandas as pd

from poet.report.closing import closing_lines
from poet.report.collection_page import summarize
from tests.report.shelf import made_up_results

SUMMARY = dataclasses.replace(
    summarize(made_up_results(), "abc"),
    collection="mine",
    bits_per_character=1.7081,
    share_at={20: 0.1, 30: 0.012},
    human_share_at={20: 0.2, 30: 0.021},
    excess=-0.009,
    excess_interval=(-0.0201, 0.004),
    steps=800,
    compressors={"xz": 2.3932, "ppmd": 1.8961},
    parameters=2_100_000,
    sample="HAMLET\nTo be",
)


def test_a_build_ends_with_figures_and_what_to_do_next(tmp_path):
    timing = pd.DataFrame({"step": [10, 20], "seconds": [60.0, 30.0], "tokens_per_second": [20_000, 50_000]})
    timing.to_csv(tmp_path / "timing.csv", index=False)
    lines = closing_lines(SUMMARY, tmp_path, is_default=False)
    assert [line.replace("\N{NO-BREAK SPACE}", " ").strip() for line in lines] == [
        "mine: 1.708 bits per character of unseen text, PPMd 1.896, xz 2.393",
        "copied: 1.2 % of its text in passages of 30 characters or more, the authors 2.1 %; "
        "no more than the authors: \N{MINUS SIGN}0.9 points, 95 % from \N{MINUS SIGN}2.0 to +0.4",
        "trained: 800 steps, 2,100,000 parameters, 90 s at 30,000 tokens/s",
        f"open {tmp_path}/poet.html, which writes, and {tmp_path}/index.html; all runs: poet ui; "
        "try: poet generate HAMLET --collection mine",
    ]


def test_a_line_does_without_what_is_missing(tmp_path):
    one = dataclasses.replace(
        SUMMARY, compressors={}, human_share_at={20: None, 30: None}, excess=None, excess_interval=None, sample=""
    )
    lines = closing_lines(one, tmp_path, is_default=True)
    assert lines[0].endswith("1.708 bits per character of unseen text")
    assert lines[1].endswith("no unseen text of the authors to compare with")
    assert lines[2].endswith("2,100,000 parameters")
    assert lines[3].endswith("try: poet generate The")
