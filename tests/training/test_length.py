"""The length of a training is said before it begins, from a measurement that changes nothing."""

import dataclasses
import itertools
import re
import signal

import pytest

from poet.errors import Interrupted
from poet.params.model import model_settings
from poet.training import length
from tests.recipes import ADAMW, MODEL, TRAIN
from tests.training.runs import OnStep, interrupt_at, run, snapshots_of, start, train_command

SAID = re.compile(
    r"this training will take about (.*); Ctrl-C stops it, and the next `dvc repro` goes on from its last"
)


@pytest.fixture
def always(monkeypatch):
    """Every training counts as a long one."""
    monkeypatch.setattr(length, "LONG", 0.0)


def test_a_short_training_measures_and_says_nothing(tokens, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(length, "measure_length", lambda run: pytest.fail("it was measured"))
    run(tokens, tmp_path / "out")
    assert "will take" not in capfd.readouterr().err


SIZES = {"n_layer": 2, "n_head": 2, "n_embd": 16, "sequence_len": 32}


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        (MODEL, {}),
        (model_settings("modern", **SIZES, dropout=0.3), {}),
        (model_settings("classic", **SIZES, dropout=0.3), {"optimizer": ADAMW}),
        # Seconds where a CPU emulates float16.
        pytest.param(MODEL, {"precision": "float16"}, marks=pytest.mark.slow),
        (MODEL, {"accumulate": 2}),
    ],
    ids=["muon", "dropout", "adamw and dropout", "float16", "accumulated"],
)
def test_measuring_changes_no_byte(tokens, tmp_path, monkeypatch, model, settings):
    settings = dataclasses.replace(TRAIN, steps=8, validate_every=4, **settings)
    plain = run(tokens, tmp_path / "plain", settings, model=model)
    monkeypatch.setattr(length, "LONG", 0.0)
    measured = []
    measure = length.measure_length
    monkeypatch.setattr(length, "measure_length", lambda run: measured.append(run) or measure(run))
    assert run(tokens, tmp_path / "measured", settings, model=model) == plain
    assert len(measured) == 1
    for name in ("history.csv", "samples.jsonl", "train.json", "model/last.safetensors"):
        assert (tmp_path / "measured" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes(), name


def test_the_length_is_that_of_what_remains(tokens, tmp_path, monkeypatch, capfd, always):
    """A clock that moves on by 5 s with every look: a batch and an update take 5 s each."""
    seconds = itertools.count(step=5)
    monkeypatch.setattr(length, "now", lambda device: float(next(seconds)))
    monkeypatch.setattr(length.TrainingRun, "tokens_per_step", property(lambda run: 10**9))  # validation takes no time
    said = []
    look = OnStep(lambda step: said.append(capfd.readouterr().err))
    with pytest.raises(Interrupted):
        run(tokens, tmp_path / "out", tracker=interrupt_at(12))
    assert SAID.search(capfd.readouterr().err)[1] == "10 min (60 steps of 10 s)"
    run(tokens, tmp_path / "out", tracker=look)
    assert SAID.search(said[0])[1] == "8 min (48 steps of 10 s)", "before the first step, of what remains"
    assert not SAID.search("".join(said[1:]))


def test_only_what_takes_longer_than_half_an_hour_is_said(tokens, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(length, "KERNEL_SECONDS", 100.0)
    for seconds, text in ((29, None), (31, "31 min (60 steps of 31 s)")):
        found = length.Length(steps=60, step_seconds=seconds, validations=0, validation_seconds=0)
        monkeypatch.setattr(length, "measure_length", lambda run, found=found: found)
        run(tokens, tmp_path / str(seconds))
        said = SAID.search(capfd.readouterr().err)
        assert (said and said[1]) == text


def test_validations_and_patience_are_told_where_they_matter(tokens, tmp_path, capfd, always):
    run(tokens, tmp_path / "out", dataclasses.replace(TRAIN, steps=4, validate_every=1, patience=3))
    said = capfd.readouterr().err
    assert re.search(r"\(4 steps of .+ and 4 validations of .+\) at most, if no validation ends it earlier; Ctrl", said)


def test_a_stop_request_while_measuring_ends_in_a_snapshot(tokens, tmp_path, monkeypatch, always):
    monkeypatch.setattr(length, "rehearse_update", lambda optimizers: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(Interrupted, match="stopped by SIGTERM at step 0 of 60"):
        run(tokens, tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize("shard", [False, True], ids=["ddp", "fsdp2"])
def test_processes_measure_together_and_one_says_it(tokens, tmp_path, shard):
    words = train_command(tmp_path, tokens, "long", processes=2, steps=9_000_000, validate_every=9_000_000, shard=shard)
    with start(tmp_path, words) as job:
        while not snapshots_of(tmp_path) and job.poll() is None:
            pass
        job.send_signal(signal.SIGTERM)
        _, errors = job.communicate(timeout=60)
    assert len(SAID.findall(errors)) == 1, errors
    assert "stopped by SIGTERM at step" in errors
