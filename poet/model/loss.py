"""Cross-entropy of (soft-capped) logits, without ever holding all logits of a batch.

The logits of 8,192 positions over 2,048 tokens are 64 MB, written and read several times by a plain cross-entropy. Here
each chunk of positions goes to its loss and on to its gradients while it is still in the processor's cache; backward
only scales them.
"""

import torch
from torch import Tensor

# Positions per chunk: small enough that the logits of a chunk stay in the cache, large enough for full matrix speed.
CHUNK = 1024


def softcap_(logits: Tensor, cap: float) -> Tensor:
    """Squash logits smoothly into (-cap, cap), in place (Gemma 2; keeps rare tokens from running away)."""
    return logits.div_(cap).tanh_().mul_(cap)


class _CappedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, hidden: Tensor, weight: Tensor, targets: Tensor, cap: float) -> Tensor:  # type: ignore[no-untyped-def]
        head = weight.to(hidden.dtype)  # (V, C)
        need_gradient = hidden.requires_grad or weight.requires_grad
        d_hidden = torch.empty_like(hidden) if need_gradient else None
        d_weight = torch.zeros_like(weight) if need_gradient else None
        total = torch.zeros((), device=hidden.device)
        for i in range(0, len(hidden), CHUNK):
            h, target = hidden[i : i + CHUNK], targets[i : i + CHUNK, None]
            logits = (h @ head.T).float()  # (chunk, V)
            capped = softcap_(logits, cap) if cap else logits
            log_z = capped.logsumexp(dim=-1, keepdim=True)
            total += (log_z - capped.gather(1, target)).sum()
            if d_hidden is not None and d_weight is not None:
                gradient = (capped - log_z).exp_()  # softmax
                gradient.scatter_add_(1, target, -torch.ones_like(log_z))
                if cap:
                    gradient.mul_(1 - (capped / cap).square())  # derivative of the soft-cap
                gradient = gradient.div_(len(hidden)).to(hidden.dtype)
                torch.mm(gradient, head, out=d_hidden[i : i + CHUNK])
                d_weight += gradient.T @ h
        ctx.save_for_backward(d_hidden, d_weight)
        return total / len(hidden)

    @staticmethod
    def backward(ctx, d_loss: Tensor) -> tuple[Tensor, Tensor, None, None]:  # type: ignore[no-untyped-def]
        d_hidden, d_weight = ctx.saved_tensors
        return d_hidden * d_loss, d_weight * d_loss, None, None


def capped_cross_entropy(hidden: Tensor, weight: Tensor, targets: Tensor, cap: float) -> Tensor:
    """Mean loss in nats of predicting `targets` (N,) int64 from `hidden` (N, C) through the head `weight` (V, C),
    with logits soft-capped at `cap` unless that is 0: float32 scalar.
    """
    loss: Tensor = _CappedCrossEntropy.apply(hidden, weight, targets, cap)  # type: ignore[no-untyped-call]
    return loss
