"""Muon for the matrices of the blocks and AdamW for the rest, or AdamW for everything.

Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon) replaces the momentum of a matrix by the nearest orthogonal
matrix, so that all directions learn at the same rate. A few Newton-Schulz steps compute it, by matrix products alone.

torch has a Muon of its own since 2.9. It works on one matrix at a time, treats queries, keys and values as one matrix,
and always computes in bfloat16, which many CPUs only emulate. This one stacks matrices of equal shape, separates
queries, keys and values, and computes in the dtype of the training.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from poet.model.transformer import Transformer
from poet.params.sections import OptimizerSettings
from poet.training.distributed import gather, shard_like

# The coefficients of the polynomial a x + b x^3 + c x^5, from Muon's reference implementation. It is so steep at zero
# that five steps lift even small singular values; the price is that they end between 0.7 and 1.2, not exactly at 1.
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
NEWTON_SCHULZ_STEPS = 5

# AdamW's decay rates for the running means of the gradient and of its square. Beside Muon as in modded-nanogpt, alone
# as in nanoGPT for small batches.
BETAS_BESIDE_MUON = (0.8, 0.95)
BETAS_ALONE = (0.9, 0.99)


def orthogonalize(matrices: Tensor, dtype: torch.dtype) -> Tensor:
    """Move the singular values of each of `matrices` (N, rows, columns) close to 1 and keep its directions.

    Computed in `dtype`; the result has the same shape and is float32.

    >>> turned = orthogonalize(torch.tensor([[[0.0, -3.0], [0.1, 0.0]]]), torch.float32)
    >>> turned.round(decimals=1)
    tensor([[[ 0.0000, -0.7000],
             [ 1.1000,  0.0000]]])
    """
    # The polynomial converges for singular values up to 1. The Frobenius norm is at least the largest one.
    x = matrices / (matrices.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    x = x.to(dtype)
    # x x^T is small if x is wide, so a tall matrix is transposed, here and back at the end.
    is_tall = x.size(-2) > x.size(-1)
    if is_tall:
        x = x.mT  # (N, rows, columns) -> (N, columns, rows)
    a, b, c = NEWTON_SCHULZ
    for _ in range(NEWTON_SCHULZ_STEPS):
        # x becomes a x + (b G + c G^2) x with G = x x^T: the polynomial applied to every singular value.
        gram = x @ x.mT  # (N, r, c) x (N, c, r) -> (N, r, r)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)  # (N, r, c)
    result: Tensor = (x.mT if is_tall else x).float()
    return result


def orthogonalize_all(matrices: Sequence[Tensor], dtype: torch.dtype) -> list[Tensor]:
    """Each of `matrices` (rows, columns) orthogonalised, in the same order; those of one shape are computed at once."""
    by_shape: dict[torch.Size, list[int]] = defaultdict(list)
    for i, matrix in enumerate(matrices):
        by_shape[matrix.shape].append(i)
    orthogonal = list(matrices)
    for members in by_shape.values():
        stack = torch.stack([matrices[i] for i in members])  # N x (rows, columns) -> (N, rows, columns)
        for i, result in zip(members, orthogonalize(stack, dtype), strict=True):
            orthogonal[i] = result
    return orthogonal


class Muon(torch.optim.Optimizer):
    """Muon for 2-D parameters: orthogonalised Nesterov momentum.

    In a group with `rows`, each parameter is a stack of matrices with these numbers of rows, for example queries, keys
    and values. Each matrix of the stack is orthogonalised by itself.
    """

    def __init__(
        self, groups: Iterable[dict[str, Any]], *, lr: float, momentum: float, weight_decay: float, dtype: torch.dtype
    ) -> None:
        self.dtype = dtype
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "rows": None})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update every parameter from its gradient."""
        # Collect the momentum of all parameters first, so that matrices of equal shape meet in one product.
        matrices: list[Tensor] = []
        for group in self.param_groups:
            for parameter in group["params"]:
                matrices += self.split(self._nesterov(parameter, group["momentum"]), group["rows"])
        orthogonal = iter(orthogonalize_all(matrices, self.dtype))

        # Take the matrices out in the order in which they were put in.
        for group in self.param_groups:
            for parameter in group["params"]:
                parts = [_scaled(next(orthogonal)) for _ in group["rows"] or [None]]
                update = parts[0] if len(parts) == 1 else torch.cat(parts)  # back to (sum of rows, columns)
                # Decoupled weight decay, as in AdamW (Loshchilov and Hutter 2019).
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(shard_like(update, parameter), alpha=-group["lr"])

    @staticmethod
    def split(tensor: Tensor, rows: list[int] | None) -> Sequence[Tensor]:
        """The matrices of a parameter's momentum or gradient: (sum of rows, columns) -> (rows, columns) each."""
        # A shard of a matrix cannot be orthogonalised alone, so the whole matrix is gathered.
        whole = gather(tensor)
        return torch.split(whole, rows or [whole.size(0)])

    def _nesterov(self, parameter: Tensor, momentum: float) -> Tensor:
        """The running mean of the gradient, looking one step ahead (Nesterov 1983): same shape as `parameter`."""
        assert parameter.grad is not None
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(parameter.grad, 1 - momentum)
        return parameter.grad.lerp(state["momentum"], momentum)


def _scaled(matrix: Tensor) -> Tensor:
    """An orthogonal matrix with the factor of Muon's reference: a tall one changes its outputs less per unit."""
    rows, columns = matrix.shape
    scaled: Tensor = matrix * max(1.0, rows / columns) ** 0.5
    return scaled


def rehearse_update(optimizers: Iterable[torch.optim.Optimizer]) -> None:
    """Do what takes most of the time of an update, and change nothing: orthogonalise the gradients (collective).

    Momentum and weights stay as they are. Parameters need gradients, of which nothing is written. AdamW is left out:
    it is one pass over the weights.
    """
    for optimizer in optimizers:
        if isinstance(optimizer, Muon):
            matrices: list[Tensor] = []
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    matrices += optimizer.split(parameter.grad, group["rows"])
            orthogonalize_all(matrices, optimizer.dtype)


def make_optimizers(model: Transformer, settings: OptimizerSettings, dtype: torch.dtype) -> list[torch.optim.Optimizer]:
    """The optimizers that together train every parameter of `model` once.

    The first group of the first optimizer has the matrices. Each group keeps its peak learning rate as `peak_lr`, which
    the schedule multiplies.
    """
    if settings.kind == "adamw":
        optimizers = [_adamw_for_all(model, settings)]
    else:
        optimizers = _muon_and_adamw(model, settings, dtype)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak_lr"] = group["lr"]
    return optimizers


def _muon_and_adamw(model: Transformer, settings: OptimizerSettings, dtype: torch.dtype) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks; AdamW for the embedding at one rate, for all else at another."""
    by_rows: dict[tuple[int, ...], list[Tensor]] = defaultdict(list)
    rest: list[Tensor] = [] if model.head is None else [model.head.weight]
    for block in model.blocks:
        for parameter in block.parameters():
            if parameter is block.attention.qkv.weight:
                by_rows[tuple(block.attention.rows)].append(parameter)
            elif parameter.dim() == 2:
                by_rows[()].append(parameter)
            else:
                # Biases and norm weights are vectors: there is nothing to orthogonalise.
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
    # A tied head without norm weights leaves nothing for the third group, and AdamW refuses an empty one.
    if rest:
        groups.append({"params": rest, "lr": settings.head_learning_rate})
    return [muon, _adamw(groups, BETAS_BESIDE_MUON)]


def _adamw_for_all(model: Transformer, settings: OptimizerSettings) -> torch.optim.Optimizer:
    """AdamW for every parameter at one learning rate, with weight decay for the matrices only, as in nanoGPT."""
    parameters = list(model.parameters())
    matrices = [parameter for parameter in parameters if parameter.dim() >= 2]
    vectors = [parameter for parameter in parameters if parameter.dim() < 2]
    groups = [{"params": matrices, "lr": settings.learning_rate, "weight_decay": settings.weight_decay}]
    # The preset modern has no vectors at all: no biases, no norm weights.
    if vectors:
        groups.append({"params": vectors, "lr": settings.learning_rate})
    return _adamw(groups, BETAS_ALONE)


def _adamw(groups: list[dict[str, Any]], betas: tuple[float, float]) -> torch.optim.AdamW:
    """AdamW as one fused kernel; no weight decay but where a group says so."""
    return torch.optim.AdamW(groups, betas=betas, weight_decay=0.0, fused=True)


def gradient_norm(model: nn.Module) -> float:
    """The Euclidean norm of all gradients together, over all processes (collective with sharding)."""
    norm = torch.nn.utils.get_total_norm([p.grad for p in model.parameters() if p.grad is not None])
    return float(gather(norm))
