"""The speed on a page: a noisy figure has a mark, its reasons and the load; a quiet one says that it is none."""

import dataclasses

from lxml import html

from poet.benchmark.cases import Measurement
from tests.report.shelf import made_up_results
from tests.report.test_collection_page import page_of

QUIET = Measurement(
    model="small",
    parameters=917_504,
    device="cpu",
    precision="float32",
    compiled=False,
    threads=1,
    seconds_per_iteration=0.104,
    spread=0.002,
    tokens_per_second=7410.0,
    generate_tokens_per_second=1005.0,
    relative_spread=0.03,
    generate_relative_spread=0.04,
    load_average=0.31,
    other_cores=0.02,
    noise=[],
)
BUSY = dataclasses.replace(QUIET, threads=2, load_average=11.8, noise=["other work took 1.6 of the 2 cores", "<b>"])
UNKNOWN = dataclasses.replace(QUIET, load_average=None, other_cores=None)


def speed_of(*rows):
    results = made_up_results(samples=0)
    measured = results.benchmark | {"results": [dataclasses.asdict(row) for row in rows]}
    section = html.fromstring(page_of(dataclasses.replace(results, benchmark=measured))).get_element_by_id("speed")
    return section.text_content(), [
        [cell.text_content() for cell in row.iter("td")][-2:] for row in section.findall(".//tbody/tr")
    ]


def test_each_row_says_its_load_and_whether_it_is_noisy():
    text, rows = speed_of(QUIET, BUSY, UNKNOWN)
    assert rows == [["0.3", "no"], ["11.8", "other work took 1.6 of the 2 cores; <b>"], ["–", "no"]]
    assert "Do not compare the noisy rows" in text


def test_without_a_noisy_row_there_is_no_warning():
    text, _ = speed_of(QUIET)
    assert "Do not compare" not in text
