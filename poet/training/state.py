"""The state of a training as one flat dictionary of whole tensors, and back: what a snapshot holds."""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from poet.training.distributed import like, whole
from poet.training.step import Engine


@dataclass
class Best:
    """The weights with the lowest validation loss so far, as whole tensors on the CPU."""

    loss: float = math.inf
    step: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """All parameters by name, whole, copied to the CPU."""
    return {name: whole(parameter.detach()).cpu().clone() for name, parameter in model.named_parameters()}


def pack(engine: Engine, best: Best) -> dict[str, Tensor]:
    """All tensors of the training under flat names; with sharding every rank has to call it."""
    tensors = {f"model.{name}": tensor for name, tensor in weights_of(engine.model).items()}
    for i, optimizer in enumerate(engine.optimizers):
        for j, parameter in enumerate(_parameters(optimizer)):
            for key, value in optimizer.state.get(parameter, {}).items():
                tensors[f"optimizer.{i}.{j}.{key}"] = whole(value).detach().cpu()
    tensors |= {f"best.{name}": tensor for name, tensor in best.weights.items()}
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


@torch.no_grad()
def unpack(tensors: dict[str, Tensor], engine: Engine, best: Best) -> None:
    """Put what `pack` gave back in its place, divided among the processes as it is now."""
    for name, weights in engine.model.named_parameters():
        weights.copy_(like(tensors[f"model.{name}"].to(weights.device), weights))
    for i, optimizer in enumerate(engine.optimizers):
        for j, parameter in enumerate(_parameters(optimizer)):
            prefix = f"optimizer.{i}.{j}."
            for name in [name for name in tensors if name.startswith(prefix)]:
                value = tensors[name].to(parameter.device)
                shaped = like(value, parameter) if value.shape == parameter.shape else value
                optimizer.state[parameter][name.removeprefix(prefix)] = shaped
    best.weights = {name[len("best.") :]: tensor for name, tensor in tensors.items() if name.startswith("best.")}


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]
