"""Muon for the matrices of the blocks, AdamW for embedding and head.

Muon (Jordan et al. 2024) replaces the momentum of a matrix by the nearest orthogonal one, found by a few Newton-
Schulz steps, so that all directions learn at one rate. torch has a Muon of its own since 2.9; it works on one matrix
at a time and always in bfloat16, which many CPUs only emulate. This one stacks equal shapes and computes in the dtype
of the training.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from poet.config import OptimizerSettings
from poet.model.transformer import Transformer

# The quintic of the Muon reference: its steepness at zero makes five steps enough; results spread over 0.7 to 1.2.
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
NEWTON_SCHULZ_STEPS = 5


def orthogonalize(matrices: Tensor, dtype: torch.dtype) -> Tensor:
    """Move the singular values of each of `matrices` (N, rows, columns) close to 1, computing in `dtype`: same shape,
    float32.
    """
    x = matrices / (matrices.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    x = x.to(dtype)
    tall = x.size(-2) > x.size(-1)
    if tall:
        x = x.mT
    a, b, c = NEWTON_SCHULZ
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    result: Tensor = (x.mT if tall else x).float()
    return result


class Muon(torch.optim.Optimizer):
    """Orthogonalised Nesterov momentum for 2-D parameters.

    A parameter of a group with `blocks` = n is a stack of n matrices along its rows (queries, keys and values), each
    orthogonalised by itself.
    """

    def __init__(
        self, groups: Iterable[dict[str, Any]], *, lr: float, momentum: float, weight_decay: float, dtype: torch.dtype
    ) -> None:
        self.dtype = dtype
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "blocks": 1})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update every parameter from its gradient, those of one shape together."""
        for group in self.param_groups:
            by_shape = defaultdict(list)
            for parameter in group["params"]:
                by_shape[parameter.shape].append(parameter)
            for parameters in by_shape.values():
                self._update(parameters, group)

    def _update(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        rows, columns = parameters[0].shape
        rows //= group["blocks"]
        updates = []
        for parameter in parameters:
            assert parameter.grad is not None
            momentum = self.state[parameter].setdefault("momentum", torch.zeros_like(parameter))
            momentum.lerp_(parameter.grad, 1 - group["momentum"])
            updates.append(parameter.grad.lerp(momentum, group["momentum"]))  # Nesterov: look one step ahead
        stacked = torch.stack(updates).view(-1, rows, columns)  # (parameters x blocks, rows, columns)
        orthogonal = orthogonalize(stacked, self.dtype).view(len(parameters), -1, columns)
        # A tall matrix moves its outputs less per unit of update; the factor evens that out.
        scale = max(1.0, rows / columns) ** 0.5
        for parameter, update in zip(parameters, orthogonal, strict=True):
            parameter.mul_(1 - group["lr"] * group["weight_decay"])
            parameter.add_(update, alpha=-group["lr"] * scale)


def make_optimizers(model: Transformer, settings: OptimizerSettings, dtype: torch.dtype) -> list[torch.optim.Optimizer]:
    """The optimizers that together train every parameter of `model`; each group remembers its `peak_lr`."""
    stacked = [block.attention.qkv.weight for block in model.blocks]
    single = [p for block in model.blocks for p in block.parameters() if not any(p is q for q in stacked)]
    muon = Muon(
        [{"params": single}, {"params": stacked, "blocks": 3}],
        lr=settings.matrix_learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        dtype=dtype,
    )
    adamw = torch.optim.AdamW(
        [
            {"params": [model.embedding.weight], "lr": settings.embedding_learning_rate},
            {"params": [model.head.weight], "lr": settings.head_learning_rate},
        ],
        betas=(0.9, 0.95),
        weight_decay=0.0,
        fused=True,
    )
    for optimizer in (muon, adamw):
        for group in optimizer.param_groups:
            group["peak_lr"] = group["lr"]
    return [muon, adamw]


def gradient_norm(model: nn.Module) -> float:
    """The Euclidean norm of all gradients together."""
    norms = [p.grad.norm() for p in model.parameters() if p.grad is not None]
    return float(torch.stack(norms).norm())
