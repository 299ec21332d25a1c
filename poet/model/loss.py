"""Cross-entropy of (soft-capped) logits, without ever holding all logits of a batch.

The logits of 4,096 positions over 20,000 tokens are 330 MB, written and read a dozen times by a plain cross-entropy.
Here a few positions at a time go to their loss and on to their gradients while they are in the processor's cache;
backward only scales them.
"""

import torch
from torch import Tensor

# Logits in work at a time: 8 MB of float32, which caches of the second or third level hold.
IN_CACHE = 1 << 21
# Gradients of logits that are kept until a matrix product takes them together: its result is as large as the head,
# so it must not be asked for often.
TOGETHER = 1 << 24


def softcap_(logits: Tensor, cap: float) -> Tensor:
    """Squash logits smoothly into (-cap, cap), in place (Gemma 2; keeps rare tokens from running away)."""
    return logits.div_(cap).tanh_().mul_(cap)


class _CappedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, hidden: Tensor, weight: Tensor, targets: Tensor, cap: float) -> Tensor:  # type: ignore[no-untyped-def]
        head = weight.to(hidden.dtype)  # (V, C)
        rows, scale = len(hidden), 1 / len(hidden)
        inner = max(1, IN_CACHE // len(head))
        outer = inner * max(1, TOGETHER // IN_CACHE)
        wanted = hidden.requires_grad or weight.requires_grad
        d_hidden, d_weight = torch.empty_like(hidden), torch.zeros_like(weight)
        gradient = hidden.new_empty(min(outer, rows), len(head)) if wanted else None
        total = torch.zeros((), device=hidden.device)
        for i in range(0, rows, outer):
            for j in range(i, min(i + outer, rows), inner):
                part = slice(j, min(j + inner, i + outer, rows))
                logits = (hidden[part] @ head.T).float()  # (part, V)
                into = None if gradient is None else gradient[j - i : part.stop - i]
                total += _loss_and_gradient(logits, targets[part, None], cap, scale, into)
            if gradient is not None:
                part = slice(i, min(i + outer, rows))
                torch.mm(gradient[: part.stop - i], head, out=d_hidden[part])
                d_weight += gradient[: part.stop - i].T @ hidden[part]
        ctx.save_for_backward(d_hidden, d_weight)
        return total * scale

    @staticmethod
    def backward(ctx, d_loss: Tensor) -> tuple[Tensor, Tensor, None, None]:  # type: ignore[no-untyped-def]
        d_hidden, d_weight = ctx.saved_tensors
        return d_hidden * d_loss, d_weight * d_loss, None, None


def _loss_and_gradient(logits: Tensor, target: Tensor, cap: float, scale: float, gradient: Tensor | None) -> Tensor:
    """The summed loss of `logits` (N, V) float32, which are overwritten, for `target` (N, 1); writes `scale` times its
    derivative to `gradient` (N, V).
    """
    if cap:
        squashed = logits.mul_(1 / cap).tanh_()
        likelihood = (squashed * cap).exp_()  # within exp(cap): no overflow, so no maximum to subtract
        z = likelihood.sum(dim=-1, keepdim=True)
        loss = (z.log() - cap * squashed.gather(1, target)).sum()
    else:
        squashed = None
        log_z = logits.logsumexp(dim=-1, keepdim=True)
        loss = (log_z - logits.gather(1, target)).sum()
        z, likelihood = torch.ones_like(log_z), logits.sub_(log_z).exp_()
    if gradient is not None:
        likelihood.mul_(scale / z)
        likelihood.scatter_add_(1, target, torch.full_like(z, -scale))
        if squashed is not None:
            # The derivative of the soft-cap, 1 - tanh^2.
            likelihood.mul_(torch.addcmul(squashed.new_ones(()), squashed, squashed, value=-1, out=squashed))
        gradient.copy_(likelihood)
    return loss


def capped_cross_entropy(hidden: Tensor, weight: Tensor, targets: Tensor, cap: float) -> Tensor:
    """Mean loss in nats of predicting `targets` (N,) int64 from `hidden` (N, C) through the head `weight` (V, C),
    with logits soft-capped at `cap` unless that is 0: float32 scalar.
    """
    loss: Tensor = _CappedCrossEntropy.apply(hidden, weight, targets, cap)  # type: ignore[no-untyped-call]
    return loss
