"""timing.csv: whatever happens to a training, each row's speed is that of the steps it timed, and no step is missing.

The clock moves by one second at each look.
"""

import dataclasses
import itertools
import os
import re

import pandas as pd
import pytest
import torch

from poet.errors import Interrupted
from poet.model.saving import load_model
from poet.results.evaluation import TextMetrics
from poet.tracking.tracker import Tracker
from poet.training import loop, yardstick
from poet.training.distributed import World
from poet.training.yardstick import measure_yardstick
from tests.recipes import ALWAYS, TRAIN
from tests.training.runs import interrupt_at, run

SETTINGS = dataclasses.replace(TRAIN, steps=10, validate_every=6)
TOKENS_PER_STEP = 4 * 32
PEAK = 1e9


@pytest.fixture(autouse=True)
def ticks(monkeypatch):
    seconds = itertools.count()
    monkeypatch.setattr("poet.device.device.now", lambda device: float(next(seconds)))
    monkeypatch.setattr(yardstick, "matmul_flops_per_second", lambda device, dtype: PEAK)
    monkeypatch.setattr(loop, "TIMING_STEPS", 4)


def timing_of(folder, last=10):
    """The steps at which there is a row, after a check that each has the speed of the steps since the row before."""
    timing = pd.read_csv(folder / "timing.csv")
    steps = timing["step"].diff().fillna(timing["step"].iloc[0])
    assert timing["step"].iloc[-1] == last
    # Tokens per second are whole numbers in the file, hence the tolerance.
    assert (timing["tokens_per_second"] * timing["seconds"] / TOKENS_PER_STEP).tolist() == pytest.approx(
        steps, rel=0.02
    )
    return timing["step"].tolist()


def test_no_row_counts_a_validation_and_the_last_one_counts_its_own_steps(tokens, tmp_path):
    run(tokens, tmp_path / "out", SETTINGS)
    assert timing_of(tmp_path / "out") == [4, 8, 10]


def test_rows_after_a_resume_count_the_steps_that_they_timed(tokens, tmp_path):
    """At step 7 of rows of 4, after the one at 4: the row at 8 has one step, and step 5 to 7 a row of their own."""
    for stop_at in (7, 9):
        with pytest.raises(Interrupted):
            run(tokens, tmp_path / "out", SETTINGS, tracker=interrupt_at(stop_at))
    run(tokens, tmp_path / "out", SETTINGS)
    assert timing_of(tmp_path / "out") == [4, 7, 8, 9, 10]


def test_a_row_ends_before_every_snapshot(tokens, tmp_path):
    run(tokens, tmp_path / "out", SETTINGS, runtime=ALWAYS)
    assert timing_of(tmp_path / "out") == list(range(1, 11))


def test_a_training_that_ends_early_has_a_row_for_its_last_steps(tokens, tmp_path, monkeypatch):
    losses = iter([2.0, 3.0])
    score = {"bits_per_character": 1.0, "bits_per_byte": 1.0, "perplexity": 1.0, "characters": 1, "tokens": 1}
    score["spelling_bits_per_character"] = 0.0
    monkeypatch.setattr(loop, "split_metrics", lambda *a, **k: TextMetrics(loss=next(losses), **score))
    run(tokens, tmp_path / "out", dataclasses.replace(SETTINGS, steps=50, validate_every=3, patience=1))
    assert timing_of(tmp_path / "out", last=6) == [4, 6]


@pytest.mark.parametrize("changes", [{"accumulate": 2}, {"accumulate": 4}], ids=str)
def test_parts_of_a_batch_are_no_steps(tokens, tmp_path, changes):
    run(tokens, tmp_path / "out", dataclasses.replace(SETTINGS, **changes))
    assert timing_of(tmp_path / "out") == [4, 8, 10]


class Kept(Tracker):
    """Keeps what is recorded of the speed, and the tags."""

    def __init__(self):
        self.rows, self.kept = [], {}

    def metrics(self, step, values):
        if "speed/utilization" in values:
            self.rows.append({"step": step, **values})

    def tags(self, values):
        self.kept |= values


def test_the_record_and_the_bar_have_the_figures_of_timing_csv(tokens, tmp_path, monkeypatch):
    shown, kept = [], Kept()
    monkeypatch.setattr(loop, "progress_bar", bar(shown))
    run(tokens, tmp_path / "out", SETTINGS, tracker=kept)
    timing = pd.read_csv(tmp_path / "out" / "timing.csv")
    names = {"tokens_per_second": "speed/tokens_per_second", "utilization": "speed/utilization"}
    assert kept.rows == timing[["step", *names]].rename(columns=names).to_dict("records")
    assert [steps for steps, _ in shown if steps] == [4, 4, 2]
    assert f"{timing['tokens_per_second'].iloc[-1]:,} tokens/s" in shown[-1][1]


def bar(shown):
    """A progress bar that keeps what it was told."""

    class Bar:
        def __init__(self, *words):
            pass

        def __enter__(self):
            return lambda steps, status: shown.append((steps, status))

        def __exit__(self, *error):
            pass

    return Bar


def test_utilization_is_the_share_of_the_rate_in_its_row(tokens, tmp_path):
    run(tokens, tmp_path / "out", SETTINGS)
    model = load_model(tmp_path / "out" / "model", torch.device("cpu")).model
    for row in pd.read_csv(tmp_path / "out" / "timing.csv").to_dict("records"):
        assert row["matmul_flops_per_second"] == PEAK
        assert row["utilization"] == pytest.approx(row["tokens_per_second"] * model.flops_per_token() / PEAK, abs=1e-4)


def test_the_yardstick_is_of_the_precision_in_use_and_says_when_it_was_measured(tokens, tmp_path, monkeypatch):
    asked = []

    def rate(device, dtype):
        asked.append((dtype, torch.get_num_threads()))
        return PEAK

    monkeypatch.setattr(yardstick, "matmul_flops_per_second", rate)
    for precision in ("bfloat16", "float32"):
        kept = Kept()
        run(tokens, tmp_path / precision, dataclasses.replace(SETTINGS, precision=precision), tracker=kept)
        threads = torch.get_num_threads()
        assert asked.pop() == (getattr(torch, precision), threads) and not asked
        words = rf"1\.0 GFLOP/s of 1 x cpu in {precision}, {threads} threads, measured 20\d\d-\d\d-\d\dT[\d:]+\+00:00"
        assert re.match(words, kept.kept["poet.utilization_yardstick"])
        assert f"on {os.cpu_count()} cores" in kept.kept["poet.utilization_yardstick"]


def test_several_processes_have_the_rates_of_all_of_them(monkeypatch):
    """Of two processes on different devices, the other twice as fast: three times this one's rate in all."""
    monkeypatch.setattr(yardstick, "all_reduce_mean", lambda world, value: 1.5 * value)
    found = measure_yardstick(World(device=torch.device("cpu"), ranks=2), torch.float32)
    assert found.flops_per_second == 3 * PEAK
    assert "3.0 GFLOP/s of 2 x cpu" in found.description
