"""Muon for the matrices of the blocks and AdamW for the rest, or AdamW for all.

Muon (Jordan et al. 2024) replaces the momentum of a matrix by the nearest orthogonal one, found by a few Newton-
Schulz steps, so that all directions learn at one rate. torch has a Muon of its own since 2.9; it works on one matrix
at a time, takes queries, keys and values for one matrix, and always computes in bfloat16, which many CPUs only
emulate. This one stacks equal shapes and computes in the dtype of the training.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from poet.model.transformer import Transformer
from poet.params.sections import OptimizerSettings
from poet.training.distributed import like, whole

# The quintic of the Muon reference: its steepness at zero makes five steps enough; results spread over 0.7 to 1.2.
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
NEWTON_SCHULZ_STEPS = 5

# AdamW's averages: beside Muon as modded-nanogpt has them, alone as nanoGPT has them for small batches.
BETAS_BESIDE_MUON, BETAS_ALONE = (0.9, 0.95), (0.9, 0.99)


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
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    result: Tensor = (x.mT if tall else x).float()
    return result


class Muon(torch.optim.Optimizer):
    """Orthogonalised Nesterov momentum for 2-D parameters.

    A parameter of a group with `rows` is a stack of matrices with so many rows each (queries, keys and values), each
    orthogonalised by itself.
    """

    def __init__(
        self, groups: Iterable[dict[str, Any]], *, lr: float, momentum: float, weight_decay: float, dtype: torch.dtype
    ) -> None:
        self.dtype = dtype
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "rows": None})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update every parameter from its gradient, matrices of one shape together."""
        by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
        places = []
        for group in self.param_groups:
            for parameter in group["params"]:
                update = whole(self._nesterov(parameter, group["momentum"]))
                pieces = torch.split(update, group["rows"] or [update.size(0)])
                where = []
                for piece in pieces:
                    by_shape[piece.shape].append(piece)
                    where.append((piece.shape, len(by_shape[piece.shape]) - 1))
                places.append((group, parameter, where))
        orthogonal = {shape: orthogonalize(torch.stack(same), self.dtype) for shape, same in by_shape.items()}
        for group, parameter, where in places:
            # A tall matrix moves its outputs less per unit of update; the factor evens that out.
            parts = [orthogonal[shape][i] * max(1.0, shape[0] / shape[1]) ** 0.5 for shape, i in where]
            update = parts[0] if len(parts) == 1 else torch.cat(parts)
            parameter.mul_(1 - group["lr"] * group["weight_decay"])
            parameter.add_(like(update, parameter), alpha=-group["lr"])

    def _nesterov(self, parameter: Tensor, momentum: float) -> Tensor:
        """The momentum one step ahead."""
        assert parameter.grad is not None
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(parameter.grad, 1 - momentum)
        return parameter.grad.lerp(state["momentum"], momentum)


def make_optimizers(model: Transformer, settings: OptimizerSettings, dtype: torch.dtype) -> list[torch.optim.Optimizer]:
    """The optimizers that together train every parameter of `model`; each group remembers its `peak_lr`."""
    if settings.kind == "adamw":
        optimizers = [_adamw_for_all(model, settings)]
    else:
        optimizers = _muon_and_adamw(model, settings, dtype)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak_lr"] = group["lr"]
    return optimizers


def _muon_and_adamw(model: Transformer, settings: OptimizerSettings, dtype: torch.dtype) -> list[torch.optim.Optimizer]:
    by_rows: dict[tuple[int, ...], list[Tensor]] = defaultdict(list)
    rest: list[Tensor] = [] if model.head is None else [model.head.weight]
    for block in model.blocks:
        for parameter in block.parameters():
            if parameter is block.attention.qkv.weight:
                by_rows[tuple(block.attention.rows)].append(parameter)
            elif parameter.dim() == 2:
                by_rows[()].append(parameter)
            else:
                rest.append(parameter)
    rest += model.final_norm.parameters()
    if model.positions is not None:
        rest.append(model.positions.weight)
    muon = Muon(
        [{"params": parameters, "rows": list(rows) or None} for rows, parameters in by_rows.items()],
        lr=settings.matrix_learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        dtype=dtype,
    )
    groups = [{"params": [model.embedding.weight], "lr": settings.embedding_learning_rate}]
    if rest:
        groups.append({"params": rest, "lr": settings.head_learning_rate})
    return [muon, _adamw(groups, BETAS_BESIDE_MUON)]


def _adamw_for_all(model: Transformer, settings: OptimizerSettings) -> torch.optim.Optimizer:
    """One learning rate; decay for matrices only, as nanoGPT has it."""
    parameters = list(model.parameters())
    matrices = [parameter for parameter in parameters if parameter.dim() >= 2]
    vectors = [parameter for parameter in parameters if parameter.dim() < 2]
    groups = [{"params": matrices, "lr": settings.learning_rate, "weight_decay": settings.weight_decay}]
    if vectors:
        groups.append({"params": vectors, "lr": settings.learning_rate})
    return _adamw(groups, BETAS_ALONE)


def _adamw(groups: list[dict[str, Any]], betas: tuple[float, float]) -> torch.optim.AdamW:
    return torch.optim.AdamW(groups, betas=betas, weight_decay=0.0, fused=True)


def gradient_norm(model: nn.Module) -> float:
    """The Euclidean norm of all gradients together."""
    norm = torch.nn.utils.get_total_norm([p.grad for p in model.parameters() if p.grad is not None])
    return float(whole(norm))
