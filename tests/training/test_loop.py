"""The training loop: it learns, it repeats itself byte for byte, an interruption changes nothing."""

import dataclasses
import signal

import pandas as pd
import pytest
import torch
from torch.amp import GradScaler

from poet.errors import Interrupted
from poet.files import read_json
from poet.model.saving import load_model
from poet.params.model import Yoke, model_settings
from poet.results.samples import read_training_samples
from poet.training import loop
from tests.recipes import ALWAYS, MODEL, TRAIN
from tests.training.runs import FIRST, OnStep, interrupt_at, run, save_first


def test_it_learns_and_leaves_everything(tokens, tmp_path):
    run(tokens, tmp_path / "out")
    history = pd.read_csv(tmp_path / "out" / "history.csv")
    assert (
        list(history) == "step tokens train_loss validation_loss bits_per_character learning_rate gradient_norm".split()
    )
    assert history["step"].tolist() == list(range(1, 61))
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0] - 1
    assert history.dropna()["step"].tolist() == [20, 40, 60]
    timing = pd.read_csv(tmp_path / "out" / "timing.csv")
    assert list(timing) == ["step", "seconds", "tokens_per_second", "utilization", "matmul_flops_per_second"]
    assert timing["step"].tolist() == [10, 20, 30, 40, 50, 60]
    samples = read_training_samples(tmp_path / "out" / "samples.jsonl")
    assert [(sample.step, sample.prompt) for sample in samples] == [(20, "the "), (40, "the "), (60, "the ")]
    metrics = read_json(tmp_path / "out" / "train.json")
    assert metrics["bits_per_character"] == history["bits_per_character"].iloc[-1]
    assert load_model(tmp_path / "out" / "model", torch.device("cpu")).model.config == MODEL.config
    assert list((tmp_path / "out").glob("resume/*")) == [], "the snapshots of a finished training are removed"


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_two_runs_are_byte_equal(tokens, tmp_path, precision):
    settings = dataclasses.replace(TRAIN, precision=precision)
    one, two = run(tokens, tmp_path / "one", settings), run(tokens, tmp_path / "two", settings)
    assert one == two
    for name in ("history.csv", "samples.jsonl", "train.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_float16_reaches_the_loss_of_float32(tokens, tmp_path):
    for precision in ("float32", "float16"):
        run(tokens, tmp_path / precision, dataclasses.replace(TRAIN, precision=precision))
    full, half = (read_json(tmp_path / name / "train.json") for name in ("float32", "float16"))
    assert half["precision"] == "float16"
    for figure in ("train_loss", "validation_loss"):
        assert half[figure] == pytest.approx(full[figure], rel=0.01)


def test_float16_resumes_with_its_scale_to_the_byte(tokens, tmp_path, monkeypatch):
    """The scale grows every 4 steps until a gradient overflows, so a resumed training needs scale and count."""

    def scaler(device):
        made = GradScaler(device.type, growth_interval=4)
        made.scale(torch.ones(()))
        return made

    monkeypatch.setattr("poet.training.step._make_scaler", scaler)
    settings = dataclasses.replace(TRAIN, precision="float16")
    whole = run(tokens, tmp_path / "whole", settings)
    for stop_at in (6, 31):  # not at a multiple of 4
        with pytest.raises(Interrupted):
            run(tokens, tmp_path / "cut", settings, tracker=interrupt_at(stop_at))
    assert run(tokens, tmp_path / "cut", settings) == whole
    assert (tmp_path / "cut" / "history.csv").read_bytes() == (tmp_path / "whole" / "history.csv").read_bytes()


def test_snapshots_change_nothing(tokens, tmp_path):
    assert run(tokens, tmp_path / "one") == run(tokens, tmp_path / "two", runtime=ALWAYS)


def test_an_interrupted_training_ends_like_an_uninterrupted_one(tokens, tmp_path):
    whole = run(tokens, tmp_path / "whole")
    for stop_at in (7, 31):  # twice in one training
        with pytest.raises(Interrupted, match=f"stopped by SIGTERM at step {stop_at} of 60"):
            run(tokens, tmp_path / "cut", tracker=interrupt_at(stop_at))
        assert not (tmp_path / "cut" / "model").exists()
    assert run(tokens, tmp_path / "cut") == whole
    assert (tmp_path / "cut" / "history.csv").read_bytes() == (tmp_path / "whole" / "history.csv").read_bytes()


SIZES = {"n_layer": 2, "n_head": 2, "n_embd": 16, "sequence_len": 32}


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        (model_settings("classic", **SIZES), {}),
        (model_settings("modern", **SIZES, dropout=0.2), {}),
        (
            model_settings("modern", **SIZES, yoke=Yoke(layer=0, width=5, residual=False, state=True)),
            {"state_windows": 2},
        ),
        (model_settings("modern", **SIZES | {"n_layer": 3}, activation="swiglu", compression=0.5), {"accumulate": 2}),
        (MODEL, {"patience": 2, "validate_every": 4}),
        (MODEL, {"init_from": FIRST}),
    ],
    ids=["classic", "dropout", "yoke state", "swiglu accumulated", "early stop", "from another model"],
)
def test_variants_resume_exactly(tokens, tmp_path, monkeypatch, model, settings):
    save_first(tmp_path, tokens)
    monkeypatch.chdir(tmp_path)
    settings = dataclasses.replace(TRAIN, **({"steps": 24, "validate_every": 8} | settings))
    whole = run(tokens, tmp_path / "whole", settings, model=model)
    with pytest.raises(Interrupted):
        run(tokens, tmp_path / "cut", settings, model=model, tracker=interrupt_at(10, signal.SIGINT))
    steps = []
    assert run(tokens, tmp_path / "cut", settings, model=model, tracker=OnStep(steps.append)) == whole
    assert steps[0] == 11, "it continues, it does not start again"
    for name in ("history.csv", "samples.jsonl", "train.json", "model/last.safetensors"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_training_stops_when_validation_gets_no_better(tokens, tmp_path, monkeypatch):
    losses = iter([3.0, 2.0, 2.5, 2.4, 1.0])
    measure = loop.split_metrics
    monkeypatch.setattr(
        loop, "split_metrics", lambda *split, **how: dataclasses.replace(measure(*split, **how), loss=next(losses))
    )
    settings = dataclasses.replace(TRAIN, patience=2, validate_every=5)
    best = run(tokens, tmp_path / "out", settings)
    metrics = read_json(tmp_path / "out" / "train.json")
    assert (metrics["steps"], metrics["best_step"], metrics["validation_loss"]) == (20, 10, 2.0)
    assert best != (tmp_path / "out" / "model" / "last.safetensors").read_bytes()


def test_without_validation_text_the_last_weights_are_the_model(tokens, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "split_metrics", lambda *split, **how: None)
    model = run(tokens, tmp_path / "out", dataclasses.replace(TRAIN, patience=1))
    assert model == (tmp_path / "out" / "model" / "last.safetensors").read_bytes()
    metrics = read_json(tmp_path / "out" / "train.json")
    assert (metrics["steps"], metrics["best_step"], metrics["bits_per_character"]) == (60, 60, None)
