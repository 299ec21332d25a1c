"""Presets: what is null or absent comes from the preset, what is given stays, and mistakes name their key."""

import dataclasses

import pydantic
import pytest
from ruamel.yaml import YAML

from poet.errors import ConfigError
from poet.params.file import load_params
from poet.params.model import (
    PRESET_KEYS,
    PRESETS,
    ModelConfig,
    ModelSettings,
    as_written,
    fill_in_preset,
    model_settings,
)
from tests.clone import ROOT

SIZES = {"n_layer": 2, "n_head": 2, "n_embd": 16, "sequence_len": 12}


def load(tmp_path, **model):
    yaml = YAML()
    raw = yaml.load(ROOT / "params.yaml")
    raw["model"] |= model
    yaml.dump(raw, tmp_path / "params.yaml")
    return load_params(tmp_path / "params.yaml").model


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_fills_every_blank_and_nothing_else(preset, tmp_path):
    filled = load(tmp_path, preset=preset).config
    assert filled == dataclasses.replace(
        ModelConfig(n_layer=3, n_head=2, n_embd=192, sequence_len=256), **PRESETS[preset]
    )
    given = load(tmp_path, preset=preset, norm="layer", bias=True, softcap=3.0).config
    assert given == dataclasses.replace(filled, norm="layer", bias=True, softcap=3.0)


def test_settings_made_in_code_are_those_of_the_file(tmp_path):
    assert load(tmp_path, preset="classic", **SIZES) == model_settings("classic", **SIZES, n_kv_head=None, yoke=None)
    with pytest.raises(pydantic.ValidationError, match="n_embd 16 must be a multiple of n_head 3"):
        model_settings("modern", **SIZES | {"n_head": 3})


def test_every_key_of_a_preset_is_a_key_of_the_model():
    keys = {field.name for field in dataclasses.fields(ModelConfig)}
    assert all(set(values) <= keys for values in PRESETS.values())
    assert fill_in_preset({"preset": "modern", "norm": None}) == {"preset": "modern"}


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"preset": "clasic"}, "model.preset: should be 'modern' or 'classic', got 'clasic'"),
        ({"n_layer": None}, "model.n_layer: should be a valid integer, got None"),
        ({"dropout": None}, "model.dropout: should be a valid number, got None"),
        ({"activaton": None}, "model.activaton: unknown key"),
        ({"norm": "rsm"}, "model.norm: should be 'rms' or 'layer', got 'rsm'"),
        ({"n_layers": 3}, "model.n_layers: unknown key"),
    ],
)
def test_a_mistake_names_its_key(model, message, tmp_path):
    with pytest.raises(ConfigError) as error:
        load(tmp_path, **model)
    assert message in error.value.message


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("keys", [{}, {"norm": "layer", "softcap": 3.0, "tied_head": True}, {"yoke": None}])
def test_a_section_as_written_fills_in_to_the_same_settings(preset, keys):
    settings = model_settings(preset, **SIZES | {"dropout": 0.1}, **keys)
    written = as_written(settings)
    assert next(iter(written)) == "preset"
    assert ModelSettings(**fill_in_preset(written)) == settings
    assert all(written[key] is None for key in PRESET_KEYS - keys.keys())
