"""The comparison with the first implementation: the figures of a clock, and none that compares where they are noisy."""

import itertools
import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from poet.benchmark import original
from poet.benchmark.original import Original, main
from poet.params.model import model_settings
from poet.params.sections import BenchmarkCase

MODEL = model_settings("modern", n_layer=1, n_head=2, n_embd=8, sequence_len=16)
SIZE = Original(
    case=BenchmarkCase(name="tiny", model=MODEL, vocab_size=30, batch_size=2),
    seconds=2.0,
    generated=10.0,
)
RATIOS = ("training_times_faster", "generation_times_faster", "16_over_1")


@pytest.fixture
def figures(monkeypatch):
    """Its rows, with a clock that moves by half a second at each look, beside other work on so many `cores`."""

    def run(cores):
        clock = itertools.count(step=0.5)
        monkeypatch.setattr(original, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
        monkeypatch.setattr(original, "matmul_flops_per_second", lambda device, dtype: 5e9)
        monkeypatch.setattr(original.OtherWork, "cores", lambda self: cores)
        monkeypatch.setattr(original, "SIZES", [SIZE])
        result = CliRunner().invoke(main, ["--repeats", "2"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run


def test_the_figures_are_what_the_clock_says(figures):
    found = figures(0.0)
    assert set(found["gflops"].values()) == {5.0}
    for row in found["results"]:
        assert (row["seconds_per_iteration"], row["spread"], row["noise"]) == (0.5, 0.0, [])
        # 15 tokens in half a second, and 16 times as many.
        assert (row["generated_per_second"], row["generated_per_second_16_at_once"]) == (30.0, 480.0)
        assert [row[name] for name in RATIOS] == [4.0, 3.0, 16.0]


def test_nothing_is_compared_by_a_noisy_figure(figures):
    for row in figures(1000.0)["results"]:
        assert row["noise"] and row["other_cores"] == 1000.0
        assert [row[name] for name in RATIOS] == [None, None, None]
        assert row["seconds_per_iteration"] == 0.5, "it is still shown"
