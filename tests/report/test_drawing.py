"""The drawing of a model: every parameter once, and the widths that its tensors have."""

import dataclasses

import pytest

from poet.model.transformer import Transformer
from poet.params.model import Yoke
from poet.report.drawing import draw
from tests.tiny import CONFIG, VARIANTS, VOCAB_SIZE, generator


def parts_of(config):
    model = Transformer(config, VOCAB_SIZE, generator())
    shapes = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
    return draw(shapes, dataclasses.asdict(config)), sum(one.numel() for one in model.parameters())


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS)
def test_the_parts_have_all_parameters_of_the_model(config):
    parts, expected = parts_of(config)
    assert sum(part.times * part.parameters for part in parts) == expected
    assert max(part.share for part in parts) == 100


def test_a_yoke_and_a_narrow_middle_are_visible():
    yoke = Yoke(layer=1, width=3, residual=False, state=True)
    parts, _ = parts_of(dataclasses.replace(CONFIG, n_layer=3, yoke=yoke))
    assert [part.width for part in parts if part.name == "yoke with state, the only way through"] == [3]
    parts, _ = parts_of(dataclasses.replace(CONFIG, n_layer=3, compression=0.25))
    assert [part.width for part in parts if part.name == "MLP"] == [64, 16, 64]


def test_equal_layers_are_drawn_once():
    parts, _ = parts_of(dataclasses.replace(CONFIG, n_layer=32))
    assert [part.times for part in parts] == [1, 32, 32, 1]
