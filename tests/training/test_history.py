"""What a training records: the tables, the smoothed loss, the best validation."""

import json
import math

from poet.results.samples import TrainingSample
from poet.training.history import History, HistoryRow, TimingRow, write_history, write_timing


def row(step, train_loss=2.0, validation_loss=None):
    bits = None if validation_loss is None else validation_loss / 2
    return HistoryRow(
        step=step,
        tokens=10 * step,
        train_loss=train_loss,
        validation_loss=validation_loss,
        bits_per_character=bits,
        learning_rate=0.02,
        gradient_norm=0.5,
    )


def test_what_was_not_measured_is_left_empty(tmp_path):
    write_history(tmp_path / "history.csv", History(rows=[row(1), row(2, 1.5, 3.0)]))
    assert (tmp_path / "history.csv").read_text(encoding="utf-8") == (
        "step,tokens,train_loss,validation_loss,bits_per_character,learning_rate,gradient_norm\n"
        "1,10,2.0,,,0.02,0.5\n"
        "2,20,1.5,3.0,1.5,0.02,0.5\n"
    )


def test_a_training_without_validation_has_all_columns(tmp_path):
    write_history(tmp_path / "history.csv", History(rows=[row(1)]))
    assert (tmp_path / "history.csv").read_text(encoding="utf-8").splitlines()[1] == "1,10,2.0,,,0.02,0.5"


def test_a_timing_without_rows_has_its_header(tmp_path):
    write_timing(tmp_path / "timing.csv", History())
    header = "step,seconds,tokens_per_second,utilization,matmul_flops_per_second\n"
    assert (tmp_path / "timing.csv").read_text(encoding="utf-8") == header


def test_the_training_loss_is_the_mean_of_the_last_fifty():
    assert math.isnan(History().train_loss)
    history = History(rows=[row(step, train_loss=9.0 if step <= 10 else step) for step in range(1, 61)])
    assert history.train_loss == sum(range(11, 61)) / 50


def test_the_best_validation_is_the_first_of_equals():
    assert History(rows=[row(1)]).best_validation is None
    losses = {2: 3.0, 4: 2.0, 6: 2.0, 8: 2.5}
    history = History(rows=[row(step, validation_loss=losses.get(step)) for step in range(1, 10)])
    assert history.best_validation == row(4, validation_loss=2.0)
    assert [each.step for each in history.validations] == [2, 4, 6, 8]


def test_a_history_survives_json():
    history = History(
        rows=[row(1), row(2, 0.1 + 0.2, 1 / 3)],
        timing=[TimingRow(step=2, seconds=0.5, tokens_per_second=40, utilization=0.25, matmul_flops_per_second=10**9)],
        samples=[TrainingSample(step=2, prompt="the ", text="end\n")],
    )
    assert History.from_json(json.loads(json.dumps(history.to_json()))) == history
