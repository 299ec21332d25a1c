"""The state of a training as a flat dictionary of tensors, and back: what a snapshot stores.

The dictionary has whole tensors on the CPU, whatever the number of processes. So a training that was sharded over two
processes reads like any other.
"""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from poet.training.distributed import gather, shard_like
from poet.training.step import Trainer

# What a scaler of gradients remembers: the scale, and the steps since it last changed.
SCALER_KEYS = ("scale", "_growth_tracker")


@dataclass
class Best:
    """The weights with the lowest validation loss so far."""

    # The validation loss in nats per token, and the step after which it was measured.
    loss: float = math.inf
    step: int = 0
    # Whole tensors by name; none before the first validation. They are on the CPU, to spare the memory of a GPU.
    weights: dict[str, Tensor] = field(default_factory=dict)


def gather_weights(model: nn.Module) -> dict[str, Tensor]:
    """A copy of all parameters by name, whole and on the CPU (collective with sharding)."""
    return {name: gather(parameter.detach()).cpu().clone() for name, parameter in model.named_parameters()}


def state_dict(trainer: Trainer, best: Best) -> dict[str, Tensor]:
    """All tensors of a training by name, whole and on the CPU (collective with sharding).

    Names are `model.<parameter>`, `optimizer.<optimizer>.<parameter's number>.<key>`, `best.<parameter>`, and for
    float16 `scaler.<key>`.
    """
    tensors = {f"model.{name}": tensor for name, tensor in gather_weights(trainer.model).items()}
    # An optimizer has no names for its parameters, so they are numbered.
    for i, optimizer in enumerate(trainer.optimizers):
        for j, parameter in enumerate(_parameters(optimizer)):
            for key, value in optimizer.state.get(parameter, {}).items():
                tensors[f"optimizer.{i}.{j}.{key}"] = gather(value).detach().cpu()
    tensors |= {f"best.{name}": tensor for name, tensor in best.weights.items()}
    if trainer.scaler is not None:
        scale = trainer.scaler.state_dict()
        tensors |= {f"scaler.{key}": torch.tensor(scale[key], dtype=torch.float64) for key in SCALER_KEYS}
    # safetensors stores contiguous tensors only.
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


@torch.no_grad()
def load_state_dict(tensors: dict[str, Tensor], trainer: Trainer) -> None:
    """Put the weights and the optimizer state from `state_dict` into `trainer`, sharded as it is."""
    # Weights are overwritten in place: the optimizers and a compiled model keep pointing to the same tensors.
    for name, weight in trainer.model.named_parameters():
        weight.copy_(shard_like(tensors[f"model.{name}"].to(weight.device), weight))
    for i, optimizer in enumerate(trainer.optimizers):
        for j, parameter in enumerate(_parameters(optimizer)):
            for key, tensor in _with_prefix(tensors, f"optimizer.{i}.{j}.").items():
                value = tensor.to(parameter.device)
                # Running means have the shape of the parameter and are sharded with it. A step count is a scalar.
                is_per_weight = value.shape == parameter.shape
                optimizer.state[parameter][key] = shard_like(value, parameter) if is_per_weight else value
    if trainer.scaler is not None:
        state = trainer.scaler.state_dict()  # with the constants, which no snapshot has
        state |= {"scale": float(tensors["scaler.scale"]), "_growth_tracker": int(tensors["scaler._growth_tracker"])}
        trainer.scaler.load_state_dict(state)


def best_weights(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of `Best` in the dictionary from `state_dict`."""
    return _with_prefix(tensors, "best.")


def _with_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, without it.

    >>> _with_prefix({"best.head": torch.ones(1), "model.head": torch.zeros(1)}, "best.")
    {'head': tensor([1.])}
    """
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """The parameters of an optimizer in a fixed order, which gives each its number."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]
