"""The machines on the start page: a bar a device, nothing where nothing was measured."""

from lxml import html

from poet.report.render import escape_exactly
from poet.report.start_machines import MOST_BARS, shown_models
from poet.report.start_page import start_page
from tests.benchmark.figures import a_benchmark, a_row, some_machines
from tests.report.shelf import HOSTILE


def test_each_device_is_compared_with_the_fastest():
    default, large = shown_models(some_machines())
    assert [(bar.who, bar.value, bar.compared, bar.kind) for bar in default.bars] == [
        ("fast-server", "0.00400 s", "the fastest", "model"),
        ("quiet-laptop", "0.104 s", "26.0 ×", "model"),
        ("fast-server", "0.200 s", "50.0 ×", "model"),
        ("busy-laptop", "0.300 s", "noisy", "noisy"),
    ]
    assert default.bars[3].remarks == "other work took 1.6 of the 2 cores; load average 0.3; on battery"
    assert large.model == "71M" and len(large.published) == 4 and len(large.bars) == 2


def test_a_page_without_figures_has_no_chapter_on_machines():
    for machines in (None, {}, {"a": a_benchmark(a_row(seconds=None))}):
        assert 'id="machines"' not in start_page([], {}, machines=machines)


def test_many_bars_are_folded_and_few_are_not():
    def count(machines):
        (default, *_) = shown_models({f"m{i}": a_benchmark(a_row(seconds=1 + i)) for i in range(machines)})
        return len(default.bars), len(default.folded)

    assert [count(machines) for machines in (1, MOST_BARS + 2, MOST_BARS + 3, 20)] == [
        (1, 0),
        (MOST_BARS + 2, 0),
        (MOST_BARS, 3),
        (MOST_BARS, 20 - MOST_BARS),
    ]


def test_the_page_shows_both_models_and_the_published_figures():
    section = html.fromstring(start_page([], {}, machines=some_machines())).get_element_by_id("machines")
    text = " ".join(section.text_content().split())
    assert "default: the default model of this project" in text and "71M: the large model" in text
    assert "its own measurement of 2023, on its own model, so not to be compared with these: Nvidia A100 40GB" in text
    assert "original" not in text, "the other models are in the reports"


def test_hostile_names_stay_text():
    row = a_row(device_name=HOSTILE, precision=HOSTILE, noise=(HOSTILE,))
    page = start_page([], {}, machines={HOSTILE: a_benchmark(row, measured=HOSTILE, power=HOSTILE)})
    assert str(escape_exactly(HOSTILE)) in page and "<script>alert" not in page and "<img" not in page
