"""Training: it learns, it repeats itself byte for byte, it survives interruption, it refuses nonsense."""

import dataclasses
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import torch
from ruamel.yaml import YAML
from safetensors.torch import load_file

from poet.device.device import pick_device, pick_precision
from poet.errors import ConfigError, Interrupted, TrainingError
from poet.files import read_json, read_json_lines
from poet.model.saving import load_model
from poet.params.model import Yoke
from poet.tracking.tracker import Tracker
from poet.training import loop, step
from poet.training.distributed import join_world
from poet.training.snapshots import Snapshots
from poet.training.train import train
from tests.clone import ROOT
from tests.recipes import ALWAYS, MODEL, RARELY, TRAIN
from tests.training.outputs import outputs


def run(tokens, out, settings=TRAIN, runtime=RARELY, model=MODEL, tracker=None):
    where = {"outputs": outputs(out), "resume": out / "resume", "tracker": tracker or Tracker()}
    train(tokens, model, settings, runtime, **where, world=join_world(settings.device))
    return (out / "model" / "model.safetensors").read_bytes()


def test_it_learns_and_leaves_everything(tokens, tmp_path):
    run(tokens, tmp_path / "out")
    history = pd.read_csv(tmp_path / "out" / "history.csv")
    assert (
        list(history) == "step tokens train_loss validation_loss bits_per_character learning_rate gradient_norm".split()
    )
    assert history["step"].tolist() == list(range(1, 61))
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0] - 1
    assert history.dropna()["step"].tolist() == [20, 40, 60]
    assert list(pd.read_csv(tmp_path / "out" / "timing.csv")) == ["step", "seconds", "tokens_per_second", "utilization"]
    assert [row["step"] for row in read_json_lines(tmp_path / "out" / "samples.jsonl")] == [20, 40, 60]
    metrics = read_json(tmp_path / "out" / "train.json")
    assert metrics["bits_per_character"] == history["bits_per_character"].iloc[-1]
    assert load_model(tmp_path / "out" / "model", torch.device("cpu")).model.config == MODEL.config
    assert not (tmp_path / "out" / "resume").exists() or not list((tmp_path / "out" / "resume").iterdir())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_two_runs_are_byte_equal(tokens, tmp_path, precision):
    settings = dataclasses.replace(TRAIN, precision=precision)
    one, two = run(tokens, tmp_path / "one", settings), run(tokens, tmp_path / "two", settings)
    assert one == two
    for name in ("history.csv", "samples.jsonl", "train.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_snapshots_change_nothing(tokens, tmp_path):
    assert run(tokens, tmp_path / "one") == run(tokens, tmp_path / "two", runtime=ALWAYS)


def test_an_interrupted_training_ends_like_an_uninterrupted_one(tokens, tmp_path, monkeypatch):
    whole = run(tokens, tmp_path / "whole")
    for stop_at in (7, 31):  # twice in one training

        def interrupt(run, *arguments, at=stop_at, record=loop._record):
            record(run, *arguments)
            if run.step == at:
                signal.raise_signal(signal.SIGTERM)

        with monkeypatch.context() as patch:
            patch.setattr(loop, "_record", interrupt)
            with pytest.raises(Interrupted, match=f"stopped by SIGTERM at step {stop_at} of 60"):
                run(tokens, tmp_path / "cut")
        assert not (tmp_path / "cut" / "model").exists()
    assert run(tokens, tmp_path / "cut") == whole
    assert (tmp_path / "cut" / "history.csv").read_bytes() == (tmp_path / "whole" / "history.csv").read_bytes()


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ({"preset": "classic"}, {}),
        ({"dropout": 0.2}, {}),
        ({"yoke": Yoke(layer=0, width=5, residual=False, state=True)}, {"state_windows": 2}),
        ({"activation": "swiglu", "compression": 0.5, "n_layer": 3}, {"accumulate": 2}),
        ({}, {"patience": 2, "validate_every": 4}),
    ],
    ids=["classic", "dropout", "yoke state", "swiglu accumulated", "early stop"],
)
def test_variants_resume_exactly(tokens, tmp_path, monkeypatch, model, settings):
    model = dataclasses.replace(MODEL, **model)
    settings = dataclasses.replace(TRAIN, **({"steps": 24, "validate_every": 8} | settings))
    whole = run(tokens, tmp_path / "whole", settings, model=model)

    def interrupt(run, *arguments, record=loop._record):
        record(run, *arguments)
        if run.step == 10:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "_record", interrupt)
        with pytest.raises(Interrupted):
            run(tokens, tmp_path / "cut", settings, model=model)
    assert run(tokens, tmp_path / "cut", settings, model=model) == whole
    for name in ("history.csv", "samples.jsonl", "train.json", "model/last.safetensors"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_training_stops_when_validation_gets_no_better(tokens, tmp_path, monkeypatch):
    losses = iter([3.0, 2.0, 2.5, 2.4, 1.0])
    monkeypatch.setattr(loop, "total_nats", lambda model, ids, **_: next(losses) * len(ids))
    settings = dataclasses.replace(TRAIN, patience=2, validate_every=5)
    best = run(tokens, tmp_path / "out", settings)
    metrics = read_json(tmp_path / "out" / "train.json")
    assert (metrics["steps"], metrics["best_step"], metrics["validation_loss"]) == (20, 10, 2.0)
    assert best != (tmp_path / "out" / "model" / "last.safetensors").read_bytes()


def test_a_batch_in_parts_is_the_same_batch(tokens, tmp_path):
    run(tokens, tmp_path / "whole")
    run(tokens, tmp_path / "parts", dataclasses.replace(TRAIN, accumulate=4))
    one, other = (pd.read_csv(tmp_path / name / "history.csv")["train_loss"] for name in ("whole", "parts"))
    assert other.to_numpy() == pytest.approx(one.to_numpy(), rel=1e-4)


@pytest.mark.filterwarnings("ignore")  # the compiler itself warns
def test_a_compiled_training_learns_the_same(tokens, tmp_path):
    run(tokens, tmp_path / "eager", dataclasses.replace(TRAIN, steps=10))
    run(tokens, tmp_path / "compiled", dataclasses.replace(TRAIN, steps=10, compile="on"))
    one, other = (pd.read_csv(tmp_path / name / "history.csv")["train_loss"] for name in ("eager", "compiled"))
    assert other.to_numpy() == pytest.approx(one.to_numpy(), rel=1e-3)
    assert read_json(tmp_path / "compiled" / "train.json")["compiled"] is True
    names = [list(load_file(tmp_path / name / "model" / "model.safetensors")) for name in ("eager", "compiled")]
    assert names[0] == names[1]


def test_a_compiler_that_fails_is_done_without(tokens, tmp_path, monkeypatch, capfd):
    def broken(self, *arguments, **options):
        raise RuntimeError("no compiler here")

    monkeypatch.setattr("poet.model.layers.Block.compile", lambda self: setattr(self, "_compiled_call_impl", broken))
    plain = run(tokens, tmp_path / "plain", dataclasses.replace(TRAIN, steps=6))
    settings = dataclasses.replace(TRAIN, steps=6, compile="on")
    assert run(tokens, tmp_path / "fallen", settings) == plain
    assert "torch.compile failed (RuntimeError: no compiler here); training without it" in capfd.readouterr().err
    assert read_json(tmp_path / "fallen" / "train.json")["compiled"] is False


def test_a_killed_training_ends_like_an_uninterrupted_one(tokens, tmp_path):
    """The real command, killed in the middle; the next call goes on from its last snapshot."""
    yaml = YAML()
    raw = yaml.load(ROOT / "params.yaml")
    raw["model"] = dataclasses.asdict(MODEL)
    raw["train"] = dataclasses.asdict(dataclasses.replace(TRAIN, steps=400, validate_every=400))
    raw["runtime"] = {"snapshot_seconds": 0.05}
    yaml.dump(raw, tmp_path / "params.yaml")
    command = [sys.executable, "-m", "stages.train", "--params", "params.yaml", "--collection", "x"]
    command += ["--tokens", str(tokens)]
    for key, path in dataclasses.asdict(outputs(tmp_path / "cut")).items():
        command += [f"--{key}", str(path)]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    environment["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:1"  # nobody listens: tracking must not matter
    start = {"cwd": tmp_path, "env": environment, "stderr": subprocess.PIPE, "text": True}
    snapshots = tmp_path / ".poet" / "resume"
    with subprocess.Popen(command, **start) as process:
        while len(list(snapshots.glob("*/step-*"))) < 2 and process.poll() is None:
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    again = subprocess.run(command, **start, check=True)
    assert "going on from step" in again.stderr
    settings = dataclasses.replace(TRAIN, steps=400, validate_every=400)
    assert (tmp_path / "cut" / "model" / "model.safetensors").read_bytes() == run(tokens, tmp_path / "whole", settings)


def test_a_damaged_snapshot_falls_back_to_the_one_before(tmp_path):
    snapshots = Snapshots(folder=tmp_path / "key")
    for number in (1, 2, 3):
        snapshots.save(number, {"x": torch.tensor([number])}, {"rows": [number]})
    assert [path.name for path in sorted((tmp_path / "key").iterdir())] == ["step-000000002", "step-000000003"]
    newest = tmp_path / "key" / "step-000000003" / "tensors.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    assert snapshots.restore() == (2, {"x": torch.tensor([2])}, {"rows": [2]})
    (tmp_path / "key" / "step-000000002" / "state.json").write_text("{", encoding="utf-8")
    assert snapshots.restore() is None


def test_other_parameters_start_afresh(tokens, tmp_path, monkeypatch):
    def interrupt(run, *arguments, record=loop._record):
        record(run, *arguments)
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "_record", interrupt)
        with pytest.raises(Interrupted):
            run(tokens, tmp_path / "out")
    other = dataclasses.replace(TRAIN, seed=2)
    assert run(tokens, tmp_path / "out", other) == run(tokens, tmp_path / "fresh", other)


def test_a_loss_that_is_not_finite_stops_before_the_update(tokens, tmp_path, monkeypatch):
    updates = []

    def poisoned(model, *arguments, loss=step.Transformer.loss):
        value, state = loss(model, *arguments)
        return value * float("nan") if len(updates) == 3 else value, state

    def count(*arguments, record=loop._record):
        updates.append(1)
        record(*arguments)

    monkeypatch.setattr(step.Transformer, "loss", poisoned)
    monkeypatch.setattr(loop, "_record", count)
    with pytest.raises(TrainingError, match=r"loss became nan.*at step 3.*learning_rate"):
        run(tokens, tmp_path / "out")
    assert len(updates) == 3
    assert not (tmp_path / "out" / "model").exists()


def test_unknown_and_absent_devices_are_told():
    with pytest.raises(ConfigError, match="unknown device 'gpu9x'; allowed are auto, cuda, mps, cpu"):
        pick_device("gpu9x")
    if not torch.backends.mps.is_available():
        with pytest.raises(ConfigError, match="has no 'mps'"):
            pick_device("mps")


def test_precision_is_decided_by_capability():
    cpu = torch.device("cpu")
    assert pick_precision("float32", cpu) is torch.float32
    assert pick_precision("bfloat16", cpu) is torch.bfloat16
    assert pick_precision("auto", torch.device("mps")) is torch.float32
    assert pick_precision("auto", cpu) is pick_precision("auto", cpu)
