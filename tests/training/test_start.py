"""`train.init_from`: the weights at the start are those of the model, and a model that does not fit is one message."""

import dataclasses

import pytest
import torch
from safetensors.torch import load_file

from poet.errors import ConfigError, DataError
from poet.model.saving import load_model
from poet.params.file import load_params
from poet.params.model import Yoke, model_settings
from poet.params.values import NO_MODEL
from poet.tokens.token_files import TRAIN as TRAIN_SPLIT
from poet.tokens.token_files import open_tokens
from poet.tracking.tracker import START_TAG
from poet.training import budget
from poet.training.budget import by_minutes
from poet.training.distributed import World
from poet.training.length import Length
from poet.training.run import training_key
from poet.training.start import read_start
from tests.cleaning.shelf import clean_shelf
from tests.clone import ROOT
from tests.recipes import CHAR, MODEL, SPLIT, TRAIN
from tests.texts import babble
from tests.tokens.written import write_tokens
from tests.training.runs import FIRST, OnStep, run, save_first

FROM_FIRST = dataclasses.replace(TRAIN, init_from=FIRST)
WORLD = World(device=torch.device("cpu"))


@pytest.fixture(autouse=True)
def first(tokens, tmp_path, monkeypatch):
    """The hash of the model in the folder FIRST, which has the sizes of MODEL and the tokenizer of `tokens`."""
    monkeypatch.chdir(tmp_path)
    return save_first(tmp_path, tokens)


def test_the_first_weights_are_those_of_the_model(tokens, tmp_path):
    """A rate of almost nothing leaves the weights where they begin, and another dropout is allowed."""
    still = dict.fromkeys(("matrix_learning_rate", "embedding_learning_rate", "head_learning_rate"), 1e-30)
    settings = dataclasses.replace(FROM_FIRST, steps=1, optimizer=dataclasses.replace(TRAIN.optimizer, **still))
    run(tokens, tmp_path / "out", settings, model=dataclasses.replace(MODEL, dropout=0.1))
    before, after = (load_file(tmp_path / folder / "model.safetensors") for folder in (FIRST, "out/model"))
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert load_model(tmp_path / "out" / "model", WORLD.device).model.config.dropout == 0.1


class Tags(OnStep):
    """A tracker that keeps the tags."""

    def __init__(self):
        super().__init__(lambda step: None)
        self.seen = {}

    def tags(self, values):
        self.seen |= values


def test_the_record_names_the_model(tokens, tmp_path, first):
    tracker = Tags()
    run(tokens, tmp_path / "out", dataclasses.replace(FROM_FIRST, steps=1), tracker=tracker)
    assert tracker.seen[START_TAG] == first


def test_other_weights_are_another_training(tokens, tmp_path):
    data = open_tokens(tokens)

    def key(settings):
        return training_key(data, MODEL, settings, WORLD, ("poet/training",))

    from_first = key(FROM_FIRST)
    assert from_first not in (key(TRAIN), key(dataclasses.replace(FROM_FIRST, seed=2)))
    run(tokens, tmp_path / "out", dataclasses.replace(TRAIN, steps=1))
    weights = tmp_path / FIRST / "model.safetensors"
    weights.write_bytes((tmp_path / "out" / "model" / "model.safetensors").read_bytes())
    assert key(FROM_FIRST) != from_first


@pytest.mark.parametrize(
    ("model", "lines"),
    [
        (dataclasses.replace(MODEL, n_embd=32), ["  model.n_embd: got 32, expected 16"]),
        (
            model_settings("classic", n_layer=2, n_head=2, n_embd=16, sequence_len=32),
            ["  model.norm: got layer, expected rms", "  model.tied_head: got True, expected False"],
        ),
        (
            dataclasses.replace(MODEL, yoke=Yoke(layer=0, width=4, residual=True, state=False), n_layer=3),
            ["  model.n_layer: got 3, expected 2", "expected None"],
        ),
    ],
    ids=["width", "classic", "yoke"],
)
def test_another_model_than_the_section_says_is_one_message_with_every_key(tokens, tmp_path, model, lines):
    with pytest.raises(ConfigError, match=r"the section model of .* does not describe first") as caught:
        run(tokens, tmp_path / "out", FROM_FIRST, model=model)
    message = caught.value.format_message()
    assert all(line in message for line in lines) and message.endswith("of the sizes that you want.")
    assert "dropout" not in message and "sequence_len" not in message


def test_as_many_heads_for_keys_are_the_same_model():
    assert read_start(dataclasses.replace(MODEL, n_kv_head=2, dropout=0.5), FROM_FIRST)


def test_tokens_of_another_tokenizer_are_refused(write_books, tmp_path):
    clean = clean_shelf(write_books(a="ñ" + babble(7, 900)), tmp_path)
    write_tokens(clean, SPLIT, CHAR, tmp_path / "others")
    with pytest.raises(DataError, match=r"not made by the tokenizer of first.*dvc repro tokenize"):
        run(tmp_path / "others", tmp_path / "out", FROM_FIRST)


def test_the_minutes_take_the_size_from_the_model(tokens, tmp_path):
    """The section model says another size, as it may for a training whose size the minutes pick."""
    timed = dataclasses.replace(FROM_FIRST, minutes=0.05)
    params = dataclasses.replace(load_params(ROOT / "params.yaml"), model=MODEL, train=timed)
    other = dataclasses.replace(params, model=dataclasses.replace(MODEL, n_embd=48, n_layer=1))
    assert MODEL.n_embd not in {size.n_embd for size in budget.SIZES}
    settings, picked = by_minutes(other, tokens, tmp_path / "kept", ("poet/training/budget.py",), WORLD)
    assert (picked["model.n_embd"], picked["model.n_layer"]) == (MODEL.n_embd, MODEL.n_layer)
    assert read_start(settings.model, settings.train)


def test_the_minutes_stop_before_the_shelf_is_known_by_heart(tokens, tmp_path, monkeypatch):
    length = Length(steps=1, step_seconds=0.001, validations=1, validation_seconds=0.001)
    monkeypatch.setattr(budget, "_measure", lambda *arguments: length)
    params = dataclasses.replace(load_params(ROOT / "params.yaml"), model=MODEL)
    picked = {}
    for name in (FIRST, NO_MODEL):
        timed = dataclasses.replace(TRAIN, init_from=name, minutes=60)
        settings = dataclasses.replace(params, train=timed)
        _, picked[name] = by_minutes(settings, tokens, tmp_path / "kept", ("poet/training/budget.py",), WORLD)
    epoch = len(open_tokens(tokens).splits[TRAIN_SPLIT]) / TRAIN.batch_size / MODEL.sequence_len
    assert picked[FIRST]["train.steps"] == pytest.approx(5 * epoch, abs=1)
    assert picked[FIRST]["train.validate_every"] == pytest.approx(epoch, abs=1)
    assert picked[NO_MODEL]["train.steps"] > 3 * picked[FIRST]["train.steps"]
