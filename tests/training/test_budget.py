"""`train.minutes`: sizes grow with the time, steps are measured once and kept, a small text is not learned by heart."""

import dataclasses
import json

import pytest
import torch

from poet.errors import ConfigError
from poet.model.saving import load_model
from poet.params.file import load_params
from poet.params.model import Yoke, model_settings
from poet.tokens.token_files import TRAIN, open_tokens
from poet.training import budget
from poet.training.budget import Picked, Size, by_minutes, dropout_for, size_for, with_picked
from poet.training.distributed import World
from poet.training.length import Length
from poet.training.schedule import steps_in_all
from tests.clone import ROOT
from tests.recipes import MODEL
from tests.recipes import TRAIN as RECIPE
from tests.training.runs import run, start, train_command

WORLD = World(device=torch.device("cpu"))
PICKED = Picked(
    n_layer=2,
    n_head=2,
    n_embd=48,
    dropout=0.1,
    teachers=1,
    teacher_layers=1,
    teacher_heads=1,
    teacher_width=16,
    teacher_steps=20,
    steps=30,
    validate_every=6,
)


def decide(tokens, folder, minutes, model=MODEL):
    """The settings after `by_minutes`, and what was picked."""
    params = load_params(ROOT / "params.yaml")
    params = dataclasses.replace(params, model=model, train=dataclasses.replace(RECIPE, minutes=minutes))
    return by_minutes(params, tokens, folder, ("poet/training/budget.py",), WORLD)


@pytest.fixture
def quick(monkeypatch):
    """A model that takes no time, steps of 10 ms and validations of 20 ms; returns how often they were measured."""
    measured = []

    def measure(*arguments):
        measured.append(arguments)
        return Length(steps=1, step_seconds=0.01, validations=1, validation_seconds=0.02)

    monkeypatch.setattr(budget, "SIZES", (Size(flops=0.0, n_layer=1, n_head=1, n_embd=16),))
    monkeypatch.setattr(budget, "_measure", measure)
    return measured


def test_more_time_is_a_larger_model_and_never_less_of_anything():
    sizes = [size_for(10.0**exponent) for exponent in range(20)]
    assert sizes == sorted(sizes, key=lambda size: size.n_layer * size.n_embd)
    for size in budget.SIZES:
        assert size_for(size.flops) == size
        # Heads of an even width, for the rotary positions.
        assert size.n_embd % (2 * size.n_head) == 0
    counts = [budget.teachers_for(epochs) for epochs in (0, 1, 5, 10, 100)]
    assert counts == sorted(counts) and counts[0] == 0
    passes = [dropout_for(epochs) for epochs in (0, 1, 3, 5, 10, 100)]
    assert passes == sorted(passes) and passes[0] == 0


def test_teachers_of_a_large_model_are_as_small_as_their_training_is_short():
    """On the default text, 2.5 epochs are 4e6 tokens: 1e14 FLOPs or less, too few for 4 layers of 256."""
    model = model_settings("modern", n_layer=4, n_head=2, n_embd=256, sequence_len=256)
    largest = size_for(3e14)
    assert largest.n_embd == 256
    assert budget.teacher_size_for(model, largest, 2048, 2.5 * 1.6e6).n_embd == 192
    assert budget.teacher_size_for(model, largest, 2048, 2.5 * 1.6e4).n_embd == 128
    assert budget.teacher_size_for(model, largest, 2048, 2.5 * 1.6e8) == largest, "never larger than the model"


def test_teachers_never_take_the_time_of_the_model():
    """At every length of text and of training, at least a third of the steps is left for the model."""
    for epoch in (1, 5, 20, 83, 100, 390, 5000):
        for epochs in (5, 6.3, 8, 12, 20, 34, 1000):
            of_teachers = budget.teachers_for(epochs) * budget.teacher_epochs(epoch, epochs)
            assert of_teachers <= 0.67 * epochs
            assert budget.teacher_epochs(epoch, epochs) >= budget.TEACHER_EPOCHS


def test_without_minutes_everything_is_as_written(tokens, tmp_path):
    settings, picked = decide(tokens, tmp_path / "kept", None)
    assert (settings.model, settings.train, picked) == (MODEL, RECIPE, {})
    assert not (tmp_path / "kept").exists()


def test_the_steps_fit_into_the_time(tokens, tmp_path, quick, monkeypatch):
    monkeypatch.setattr(budget, "MAX_EPOCHS", 1e9)
    monkeypatch.setattr(budget, "TEACHERS", ((0.0, 0),))
    settings, picked = decide(tokens, tmp_path / "kept", 0.5)
    # 30 s, less five validations and what preparing took.
    assert 0.9 * 2990 < budget.PACE * picked["train.steps"] <= 2991
    assert -(-picked["train.steps"] // picked["train.validate_every"]) == budget.VALIDATIONS
    assert picked["model.dropout"] == budget.DROPOUT[-1][1], "thousands of steps over a few thousand tokens"
    assert (settings.train.steps, settings.train.minutes) == (picked["train.steps"], None)
    assert (settings.model.n_embd, settings.model.sequence_len) == (16, MODEL.sequence_len)


def test_teachers_share_the_time(tokens, tmp_path, quick, monkeypatch):
    """Two teachers and the model have the steps that fit, and no dropout; a yoke's state allows no teachers."""
    monkeypatch.setattr(budget, "MAX_EPOCHS", 1e9)
    _, picked = decide(tokens, tmp_path / "kept", 0.5)
    epoch = len(open_tokens(tokens).splits[TRAIN]) / (RECIPE.batch_size * MODEL.sequence_len)
    teacher_steps = picked["train.teacher_steps"]
    assert teacher_steps == budget.TEACHER_STEPS > budget.TEACHER_EPOCHS * epoch and picked["train.teachers"] == 2
    assert picked["model.dropout"] == 0
    # 30 s, less nine validations and what preparing took.
    in_all = steps_in_all(picked["train.steps"], 2, teacher_steps, size=1.0)
    assert 0.9 * 2982 < budget.PACE * in_all <= 2983
    state = dataclasses.replace(MODEL, yoke=Yoke(layer=0, width=4, residual=False, state=True))
    assert decide(tokens, tmp_path / "kept", 0.5, state)[1]["train.teachers"] == 0


def test_a_small_text_is_not_learned_by_heart(tokens, tmp_path, quick):
    _, picked = decide(tokens, tmp_path / "kept", 60)
    seen = picked["train.steps"] * RECIPE.batch_size * MODEL.sequence_len
    assert seen == pytest.approx(budget.MAX_EPOCHS * len(open_tokens(tokens).splits[TRAIN]), rel=0.05)


def test_what_was_decided_is_kept_for_each_recipe(tokens, tmp_path, quick, capsys):
    first = decide(tokens, tmp_path / "kept", 60)
    assert "train.minutes: 60 picks 1 x 16 (layers x width), dropout 0, teachers 2" in capsys.readouterr().err
    assert decide(tokens, tmp_path / "kept", 60) == first and len(quick) == 1
    decide(tokens, tmp_path / "kept", 0.1)
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_a_damaged_decision_is_made_anew(tokens, tmp_path, quick):
    decide(tokens, tmp_path / "kept", 60)
    (kept,) = (tmp_path / "kept").iterdir()
    kept.write_text('{"n_layer": 1', encoding="utf-8")
    decide(tokens, tmp_path / "kept", 60)
    assert len(quick) == 2 and json.loads(kept.read_text(encoding="utf-8"))["n_embd"] == 16


def test_a_real_model_is_measured(tokens, tmp_path, monkeypatch):
    monkeypatch.setattr(budget, "SIZES", (Size(flops=0.0, n_layer=1, n_head=1, n_embd=16),))
    monkeypatch.setattr(budget, "MAX_EPOCHS", 1e9)
    _, picked = decide(tokens, tmp_path / "kept", 0.2)
    assert picked["train.steps"] > 100


def test_the_training_takes_what_was_picked(tokens, tmp_path):
    model, settings = with_picked(MODEL, dataclasses.replace(RECIPE, minutes=10.0), PICKED)
    run(tokens, tmp_path / "out", settings, model=model)
    config = load_model(tmp_path / "out" / "model", torch.device("cpu")).model.config
    assert (config.n_layer, config.n_embd, config.dropout) == (2, 48, 0.1)
    assert json.loads((tmp_path / "out" / "train.json").read_text(encoding="utf-8"))["steps"] == 30
    assert PICKED.by_key()["model.n_embd"] == 48 and PICKED.by_key()["train.steps"] == 30


@pytest.mark.parametrize("processes", [1, 2])
def test_the_stage_decides_once_and_its_result_shows_what(tokens, tmp_path, processes):
    """Two trainings as commands: the second finds what the first decided, and ends with the same model."""
    said, results = [], []
    for name in ("one", "two"):
        job = start(tmp_path, train_command(tmp_path, tokens, name, minutes=0.05, processes=processes))
        said.append(job.communicate()[1])
        assert job.returncode == 0, said[-1]
        results.append(json.loads((tmp_path / name / "train.json").read_text(encoding="utf-8")))
    assert ["train.minutes: 0.05 picks" in text for text in said] == [True, False]
    picked = results[0]["picked"]
    assert picked["train.steps"] == results[0]["steps"] and picked["model.n_embd"] in {
        size.n_embd for size in budget.SIZES
    }
    assert results[0]["picked"] == results[1]["picked"] and results[0]["processes"] == processes
    models = [(tmp_path / name / "model" / "model.safetensors").read_bytes() for name in ("one", "two")]
    assert models[0] == models[1]


def test_a_model_that_the_size_does_not_fit_is_one_message(tokens, tmp_path):
    model = dataclasses.replace(MODEL, yoke=Yoke(layer=1, width=4, residual=True, state=False))
    shallow = dataclasses.replace(PICKED, n_layer=1)
    with pytest.raises(ConfigError, match=r"train.minutes: 10 picks 1 x 48 .* yoke.layer 1 is out"):
        with_picked(model, dataclasses.replace(RECIPE, minutes=10.0), shallow)
