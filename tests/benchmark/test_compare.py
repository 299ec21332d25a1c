"""Two machines compared: only what both measured in the same setting, and nothing by a noisy figure."""

import dataclasses
import io

import pytest
from rich.console import Console

from poet.benchmark.compare import compare_benchmarks, comparison_notes, comparison_table
from tests.benchmark.figures import GPU, SHAPES, a_benchmark, a_row

MPS = {"device": "mps", "device_name": "Fast Chip", "precision": "float16"}


def compared(one, other):
    return compare_benchmarks("one", a_benchmark(*one), "other", a_benchmark(*other))


def test_the_setting_of_a_training_compares_whatever_it_is_on_each_machine():
    (row,) = compared([a_row(seconds=0.1, threads=2)], [a_row(seconds=0.4, threads=8, precision="bfloat16")])
    assert (row.seconds_a, row.seconds_b, row.ratio) == (0.1, 0.4, pytest.approx(4.0))
    assert (row.setting_a, row.setting_b) == ("cpu, float32, 2 threads", "cpu, bfloat16, 8 threads")


def test_a_gpu_compares_with_a_gpu_of_another_kind_and_a_cpu_with_a_cpu():
    rows = compared([a_row(seconds=0.3), a_row(seconds=0.01, **GPU)], [a_row(seconds=0.02, **MPS)])
    assert [(row.setting_a, row.setting_b, row.ratio) for row in rows] == [
        ("cuda:0, bfloat16, compiled", "mps, float16", 2.0)
    ]


def test_other_settings_compare_only_with_equal_ones():
    other = {"as_trained": False}
    one = [a_row(seconds=0.2, precision="bfloat16", **other), a_row(seconds=0.1, **GPU | other)]
    rows = compared(one, [a_row(seconds=0.3, precision="float32", **other), a_row(seconds=0.2, **GPU | other)])
    assert [row.setting_a for row in rows] == ["cuda:0, bfloat16, compiled"], "float32 is not bfloat16"
    assert compared([a_row(**GPU | other)], [a_row(**GPU | other | {"compiled": False})]) == []
    assert compared([a_row(**GPU | other)], [a_row(**MPS | other)]) == [], "nor is cuda mps"


def test_sweeps_compare_point_by_point():
    def sweep(scale):
        threads = [a_row(seconds=scale / count, threads=count, sweep="threads") for count in (1, 2, 4)][: 3 - scale]
        batches = [
            a_row(
                seconds=scale * size,
                threads=2 * scale,
                sweep="batch",
                shape=dataclasses.replace(SHAPES["default"], batch_size=size),
            )
            for size in (4, 16)
        ]
        return [*threads, *batches]

    rows = compared(sweep(1), sweep(2))
    assert [row.setting_a for row in rows] == [
        "cpu, float32, 1 thread",
        "cpu, float32, 2 threads, batch 4",
        "cpu, float32, 2 threads, batch 16",
    ]
    assert {row.ratio for row in rows} == {2.0}


def test_models_of_another_size_and_what_was_not_measured_do_not_compare():
    wider = a_row(shape=dataclasses.replace(SHAPES["default"], n_embd=256))
    assert compared([a_row()], [wider]) == compared([a_row()], [a_row(seconds=None)]) == compared([], []) == []


def test_equal_devices_compare_one_by_one():
    two = [a_row(seconds=0.1, **GPU), a_row(seconds=0.2, **GPU | {"device": "cuda:1"})]
    assert [row.ratio for row in compared(two, [two[0]])] == [1.0]
    assert [(row.setting_a[:6], row.ratio) for row in compared(two, two)] == [("cuda:0", 1.0), ("cuda:1", 1.0)]


@pytest.mark.parametrize("noisy", [0, 1])
def test_a_noisy_figure_gives_no_ratio(noisy):
    rows = [a_row(), a_row()]
    rows[noisy] = a_row(noise=("busy",))
    (row,) = compared([rows[0]], [rows[1]])
    assert row.ratio is None and row.noise == (f"{('one', 'other')[noisy]}: busy",)
    assert comparison_notes("one", "other", [row])[1] == f"noisy, so without a ratio: {row.noise[0]}"


def test_the_table_is_text_whatever_the_names_are():
    rows = compared([a_row("[red]evil\x1b[31m", 0.1)], [a_row("[red]evil\x1b[31m", 0.25, noise=())])
    output = io.StringIO()
    Console(file=output, width=140).print(comparison_table("[b]a\x1b", "b", rows))
    shown = output.getvalue()
    assert "[red]evil" in shown and "[b]a" in shown and "\x1b" not in shown and "2.50" in shown
    assert "how many times as long b takes as a" in comparison_notes("a", "b", rows)[0]
    assert "nothing compares" in comparison_notes("a", "b", [])[0]
