"""The models that every machine times, so that machines compare: the default one, and those that people know.

They are the same on every machine, whatever its params.yaml says.
"""

import dataclasses
from dataclasses import dataclass

import torch

from poet.model.size import flops_per_token, parameter_count
from poet.model.transformer import Transformer
from poet.params.model import ModelConfig, model_settings
from poet.params.sections import OptimizerSettings
from poet.results.benchmark import Shape

# The steps of a training by which "compile: auto" decides: those of params.yaml as it is shipped.
STEPS = 960


@dataclass(frozen=True, kw_only=True)
class ReferenceModel:
    """A model size that people know, with batches of a size that suits it."""

    name: str
    shape: Shape


# The most telling first. The first torch-transformer-poet (2023) had the blocks of its time; its sizes are timed here
# with the block `modern`, which is what one would train now.
MODELS = (
    ReferenceModel(
        name="default",
        shape=Shape(preset="modern", n_layer=3, n_head=2, n_embd=192, sequence_len=256, vocab_size=2048, batch_size=16),
    ),
    ReferenceModel(
        name="71M",
        shape=Shape(
            preset="modern", n_layer=32, n_head=16, n_embd=384, sequence_len=128, vocab_size=20_000, batch_size=4
        ),
    ),
    ReferenceModel(
        name="original",
        shape=Shape(
            preset="modern", n_layer=7, n_head=8, n_embd=128, sequence_len=128, vocab_size=20_000, batch_size=32
        ),
    ),
    ReferenceModel(
        name="nanogpt",
        shape=Shape(preset="classic", n_layer=4, n_head=4, n_embd=128, sequence_len=64, vocab_size=65, batch_size=12),
    ),
    ReferenceModel(
        name="gpt2",
        shape=Shape(
            preset="classic", n_layer=12, n_head=12, n_embd=768, sequence_len=1024, vocab_size=50_257, batch_size=1
        ),
    ),
)
DEFAULT = MODELS[0]

# Its values have no influence on the speed, except that a clip_norm of 0 saves the clipping.
OPTIMIZER = OptimizerSettings(
    kind="muon",
    matrix_learning_rate=0.01,
    embedding_learning_rate=0.01,
    head_learning_rate=0.001,
    learning_rate=0.001,
    weight_decay=0.0,
    momentum=0.95,
    clip_norm=0.0,
)


def make_model(shape: Shape) -> Transformer:
    """A new model of that shape, on the CPU in float32."""
    return Transformer(_config(shape), shape.vocab_size, torch.Generator().manual_seed(0))


def _config(shape: Shape) -> ModelConfig:
    sizes = {key: getattr(shape, key) for key in ("n_layer", "n_head", "n_embd", "sequence_len")}
    return model_settings(shape.preset, **sizes).config


def optimizer_settings(shape: Shape) -> OptimizerSettings:
    """The optimizer that a training of that shape has by default: AdamW for the preset classic, else Muon."""
    return dataclasses.replace(OPTIMIZER, kind="adamw" if shape.preset == "classic" else "muon")


def parameters(shape: Shape) -> int:
    """The parameters of a model of that shape."""
    return parameter_count(_config(shape), shape.vocab_size)


def training_flops(shape: Shape) -> int:
    """The FLOPs of training on one token."""
    return flops_per_token(_config(shape), shape.vocab_size)


def least_memory(shape: Shape) -> int:
    """Bytes that training a model of that shape takes at least, in float32: for refusing what cannot fit."""
    # Weights, gradients and two averages; of each token the activations that the backward pass reads, about 16 vectors
    # of n_embd in each layer, and its logits.
    activations = 16 * shape.n_layer * shape.n_embd + 2 * shape.vocab_size
    return 4 * (4 * parameters(shape) + shape.tokens * activations)
