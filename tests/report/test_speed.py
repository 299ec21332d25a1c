"""The speed on a page: a noisy figure has a mark, its reasons and the load; a quiet one says that it is none."""

import dataclasses

from bs4 import BeautifulSoup

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
    page = BeautifulSoup(page_of(dataclasses.replace(results, benchmark=measured)), "html.parser")
    section = page.find(id="speed")
    return section, [[cell.text for cell in row.find_all("td")][-2:] for row in section.tbody.find_all("tr")]


def test_each_row_says_its_load_and_whether_it_is_noisy():
    section, rows = speed_of(QUIET, BUSY, UNKNOWN)
    assert rows == [["0.3", "no"], ["11.8", "other work took 1.6 of the 2 cores; <b>"], ["–", "no"]]
    assert "Do not compare the noisy rows" in section.text


def test_without_a_noisy_row_there_is_no_warning():
    section, _ = speed_of(QUIET)
    assert "Do not compare" not in section.text
