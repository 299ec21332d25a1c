"""A model folder: a round trip, and one message for each way in which it can be wrong."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from poet.errors import ModelError, PoetError
from poet.model.saving import load_model, save_model
from poet.model.transformer import Transformer
from poet.tokenizers.kinds import train_tokenizer
from tests.clone import ROOT
from tests.recipes import CHAR
from tests.tiny import CONFIG, VARIANTS, generator

CPU = torch.device("cpu")


@pytest.fixture
def folder(tmp_path):
    tokenizer = train_tokenizer(["some words"], CHAR)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    model = Transformer(CONFIG, tokenizer.get_vocab_size(), generator())
    save(tmp_path / "model", model, tmp_path / "tokenizer.json")
    return tmp_path / "model"


def save(folder, model, tokenizer):
    weights = model.state_dict()
    about = {"best": weights, "last": weights, "tokenizer": tokenizer, "data_sha256": "0" * 64}
    return save_model(folder, model, **about)


def test_round_trip(folder):
    model = load_model(folder, CPU).model
    expected = Transformer(CONFIG, model.vocab_size, generator()).state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in model.state_dict().items())
    assert model.config == CONFIG
    assert {tensor.dtype for tensor in load_file(folder / "model.safetensors").values()} == {torch.float32}
    names = ["config.json", "last.safetensors", "model.safetensors", "tokenizer.json"]
    assert sorted(path.name for path in folder.iterdir()) == names


def test_loading_does_not_import_the_compiler(folder):
    """To import it takes longer than all else that a short text needs, and torch does so where nobody sees it."""
    code = f"""
import pathlib, sys, torch
from poet.model.saving import load_model
load_model(pathlib.Path({str(folder)!r}), torch.device("cpu"))
assert "torch._dynamo" not in sys.modules, "torch's compiler was imported"
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS)
def test_variants_come_back(folder, tmp_path, config):
    model = Transformer(config, load_model(folder, CPU).tokenizer.get_vocab_size(), generator())
    save(tmp_path / "variant", model, folder / "tokenizer.json")
    again = load_model(tmp_path / "variant", CPU).model
    assert again.config == config
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in again.state_dict().items())


def test_compiled_and_half_precision_models_leave_no_trace(folder, tmp_path):
    model = load_model(folder, CPU).model
    for block in model.blocks:
        block.compile()
    save(tmp_path / "compiled", model.to(torch.bfloat16), folder / "tokenizer.json")
    again = load_model(tmp_path / "compiled", CPU).model
    assert {tensor.dtype for tensor in again.state_dict().values()} == {torch.float32}
    assert list(again.state_dict()) == list(model.state_dict())


def test_a_model_of_the_first_format_is_read(folder):
    """Format 1 knew sizes and soft-cap alone."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    sizes = {"n_layer": 2, "n_head": 2, "n_embd": 16, "sequence_len": 12, "softcap": 15.0}
    (folder / "config.json").write_text(json.dumps(config | {"format_version": 1, "model": sizes}), encoding="utf-8")
    assert load_model(folder, CPU).model.config == CONFIG


def test_another_tokenizer_is_noticed(folder):
    other = train_tokenizer(["other letters"], CHAR)
    other.save(str(folder / "tokenizer.json"))
    with pytest.raises(ModelError, match="not the tokenizer that this model was trained with"):
        load_model(folder, CPU)


def change_config(folder, **changes):
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["model"] |= changes.pop("model", {})
    (folder / "config.json").write_text(json.dumps(config | changes), encoding="utf-8")


def test_a_wrong_shape_is_named_with_both_sizes(folder):
    change_config(folder, model={"n_embd": 32})
    with pytest.raises(ModelError, match=r"embedding\.weight: shape \(\d+, 16\), expected \(\d+, 32\)"):
        load_model(folder, CPU)


def test_missing_and_unknown_weights_are_named(folder):
    weights = load_file(folder / "model.safetensors")
    weights["extra"] = weights.pop("head.weight")
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(ModelError, match=r"(?s)extra: unknown.*head\.weight: missing"):
        load_model(folder, CPU)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: shutil.rmtree(f), "has no config.json"),
        (lambda f: (f / "model.safetensors").unlink(), "does not exist"),
        (lambda f: (f / "model.safetensors").write_bytes(b"x" * 100), "damaged"),
        (lambda f: change_config(f, format_version=99), "format_version 99; this program reads 1 to 2"),
        (lambda f: change_config(f, model={"n_head": 3}), "does not describe a model"),
        (lambda f: (f / "config.json").write_text("{}", encoding="utf-8"), "format_version None"),
    ],
)
def test_each_damage_has_its_message(folder, damage, message):
    damage(folder)
    with pytest.raises(ModelError, match=message):
        load_model(folder, CPU)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"n_layer": 10**12}}, "does not describe a model: model.n_layer"),
        ({"model": {"n_layer": 1000}}, "cannot be 1000 layers"),
        ({"model": {"n_embd": 65_536, "n_head": 1024}}, "does not fit config.json"),
        ({"model": {"sequence_len": 10**15}}, "does not describe a model: model.sequence_len"),
        ({"model": {"sequence_len": 131_072, "positions": "learned"}}, "positions.weight: missing"),
        ({"vocab_size": 2_000_000}, "embedding.weight: shape"),
        ({"vocab_size": 2**63}, "does not describe a model: vocab_size"),
        ({"vocab_size": -1}, "does not describe a model: vocab_size"),
        ({"vocab_size": [1]}, "does not describe a model: vocab_size"),
        ({"model": {"softcap": float("nan")}}, "does not describe a model: model.softcap"),
        ({"format_version": [1]}, "format_version"),
        ({"format_version": 2.0}, "format_version"),
    ],
    ids=str,
)
def test_absurd_sizes_are_found_before_anything_is_allocated(folder, changes, message, monkeypatch):
    """A model of that size is never made: only one without memory may be compared with the file."""
    change_config(folder, **changes)

    def refuse(*arguments: object, **keys: object) -> None:
        assert torch.get_default_device().type == "meta"
        return make(*arguments, **keys)

    make = Transformer.__init__
    monkeypatch.setattr(Transformer, "__init__", refuse)
    with pytest.raises(ModelError, match=message):
        load_model(folder, CPU)


@pytest.mark.parametrize("content", ["[]", "3", "[" * 100_000, '{"model": "' + "x" * 200_000 + '"}', "\0", '"\\ud800"'])
def test_a_config_that_is_no_config_has_one_message(folder, content):
    (folder / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(PoetError, match=r"config\.json"):
        load_model(folder, CPU)


def flip_a_bit(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_one_flipped_bit_in_the_weights_is_found(folder):
    flip_a_bit(folder / "model.safetensors", -7)
    with pytest.raises(ModelError, match=r"(?s)model\.safetensors is damaged: its sha256.*dvc cache dir"):
        load_model(folder, CPU)


def test_weights_that_are_no_numbers_are_found_without_a_hash_too(folder):
    weights = load_file(folder / "model.safetensors")
    weights["embedding.weight"][0, 0] = float("nan")
    save_file(weights, folder / "model.safetensors")
    change_config(folder, weights_sha256="")
    with pytest.raises(ModelError, match=r"NaN or infinite weights: embedding\.weight"):
        load_model(folder, CPU)
