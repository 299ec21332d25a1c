"""Sizes by formula against the model itself, for any shape."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from poet.model.size import block_matrices, flops_per_token, parameter_count
from poet.model.transformer import Transformer
from poet.params.model import ModelConfig, Yoke
from tests.clone import ROOT
from tests.tiny import VARIANTS


def check(config: ModelConfig, vocab_size: int) -> None:
    with torch.device("meta"):
        model = Transformer(config, vocab_size, None)
    assert parameter_count(config, vocab_size) == sum(parameter.numel() for parameter in model.parameters())
    assert flops_per_token(config, vocab_size) == model.flops_per_token()
    matrices = [p for block in model.blocks for p in block.parameters() if p.dim() == 2]
    assert sum(rows * columns for rows, columns in block_matrices(config)) == sum(p.numel() for p in matrices)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_has_the_size_of_the_formula(name):
    check(VARIANTS[name], 40)


@st.composite
def configs(draw):
    kv_heads, layers = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    heads = kv_heads * draw(st.integers(1, 3))
    yoke = st.builds(
        Yoke, layer=st.integers(0, layers - 1), width=st.integers(1, 40), residual=st.booleans(), state=st.booleans()
    )
    return ModelConfig(
        n_layer=layers,
        n_head=heads,
        n_kv_head=kv_heads,
        n_embd=2 * heads * draw(st.integers(1, 8)),
        sequence_len=draw(st.integers(2, 64)),
        norm=draw(st.sampled_from(["rms", "layer"])),
        positions=draw(st.sampled_from(["rotary", "learned"])),
        activation=draw(st.sampled_from(["relu2", "gelu", "swiglu"])),
        bias=draw(st.booleans()),
        tied_head=draw(st.booleans()),
        compression=draw(st.floats(0.1, 1)),
        yoke=draw(st.none() | yoke),
    )


@settings(deadline=None, max_examples=60)
@given(configs(), st.integers(2, 3000))
def test_any_shape_has_the_size_of_the_formula(config, vocab_size):
    check(config, vocab_size)


def test_sizes_need_no_torch():
    code = "import poet.model.size, sys; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.strip() == "False"
