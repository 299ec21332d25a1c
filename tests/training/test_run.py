"""A training is put together, or refused with a message that says what to change."""

import dataclasses

import pytest

from poet.errors import ConfigError
from poet.params.model import Yoke, model_settings
from poet.tracking.tracker import Tracker
from tests.recipes import MODEL, TRAIN
from tests.training.runs import run, start, train_command


class Tags(Tracker):
    """A tracker that keeps the tags."""

    def __init__(self):
        self.seen = {}

    def tags(self, values):
        self.seen |= values


def test_a_batch_that_does_not_divide_is_refused(tokens, tmp_path):
    with pytest.raises(ConfigError, match=r"train\.batch_size 4 must be a multiple of train\.accumulate 3"):
        run(tokens, tmp_path / "out", dataclasses.replace(TRAIN, accumulate=3))


def test_a_state_that_no_window_receives_is_refused(tokens, tmp_path):
    model = dataclasses.replace(MODEL, yoke=Yoke(layer=0, width=5, residual=True, state=True))
    with pytest.raises(ConfigError, match=r"train\.state_windows: 1 is too few for a yoke with state"):
        run(tokens, tmp_path / "out", model=model)


@pytest.mark.parametrize(("preset", "learning_rate"), [("classic", 0.01), ("modern", 0.02)])
def test_auto_chooses_the_optimizer_of_the_preset(tokens, tmp_path, preset, learning_rate):
    model = model_settings(preset, n_layer=1, n_head=2, n_embd=8, sequence_len=16)
    run(tokens, tmp_path / "out", dataclasses.replace(TRAIN, steps=1, warmup_steps=0, cooldown=0.0), model=model)
    last = (tmp_path / "out" / "history.csv").read_text(encoding="utf-8").splitlines()[-1]
    assert last.split(",")[5] == str(learning_rate)


def test_the_tracker_learns_where_and_how_it_trains_and_which_model_came_of_it(tokens, tmp_path):
    tracker = Tags()
    run(tokens, tmp_path / "out", dataclasses.replace(TRAIN, steps=2), tracker=tracker)
    assert len(tracker.seen.pop("poet.model_sha256")) == 64
    assert "GFLOP/s of 1 x cpu in float32" in tracker.seen.pop("poet.utilization_yardstick")
    assert tracker.seen.pop("poet.device_name") in tracker.seen.pop("poet.machine")
    assert tracker.seen == {"poet.device": "cpu", "poet.precision": "float32", "poet.compile": "off"}


def test_a_batch_that_no_memory_holds_is_one_message(tokens, tmp_path):
    """The real command, which the system gives 16 GB of addresses; the embeddings of the batch would take 26 GB."""
    limit = "import resource as r, runpy, sys; r.setrlimit(r.RLIMIT_AS, (16 << 30,) * 2); sys.argv = sys.argv[1:]; "
    words = train_command(tmp_path, tokens, "x", {"n_embd": 512, "n_head": 8}, batch_size=400_000)[1:]
    with start(tmp_path, ["-c", limit + "runpy.run_module(sys.argv[0], run_name='__main__')", *words]) as job:
        printed = job.communicate()[1]
    assert job.returncode == 1
    assert "Error: there is not enough memory" in printed and "Raise train.accumulate" in printed, printed
    assert "Traceback" not in printed and not (tmp_path / "x" / "model").exists()
