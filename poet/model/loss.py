"""Cross-entropy of (soft-capped) logits, without ever storing all logits of a batch.

The logits of 4,096 positions over 20,000 tokens are 330 MB, which a plain cross-entropy writes and reads a dozen times.
Here a chunk of rows at a time goes from hidden states to logits, to their loss and on to their gradients, while it is
in the processor's cache. The gradients are therefore computed in the forward pass, and backward only scales them.

Shapes: N rows (positions of all sequences, flattened), C = n_embd, V = vocab_size.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

# Logits computed at a time, by kind of device; a chunk has CHUNK_LOGITS / V rows. On a CPU: 8 MB of float32, which fits
# the second- or third-level cache. A GPU has hundreds of cores to fill, and each of the dozen operations on a chunk
# costs it the same few microseconds to start, however small the chunk is: 128 MB.
CHUNK_LOGITS = {"cpu": 1 << 21, "mps": 1 << 25, "cuda": 1 << 25}

# Gradients of logits buffered for one matrix product. The product for the head's gradient is (V, C), as large as the
# head itself, so on a CPU it is computed once per 8 chunks and not once per chunk. The large chunks need no collecting.
BLOCK_LOGITS = {"cpu": 1 << 24, "mps": 1 << 25, "cuda": 1 << 25}

# The weight of the teachers' mean prediction beside the next token of the text itself (docs/log.md).
TAUGHT = 0.7


def softcap_(logits: Tensor, cap: float) -> Tensor:
    """Squash `logits` smoothly into (-cap, cap), in place: cap * tanh(logits / cap) (Gemma 2, arXiv 2408.00118).

    It keeps the logits of rare tokens from running away.

    >>> softcap_(torch.tensor([0.0, 1.0, 1000.0]), cap=15.0)
    tensor([ 0.0000,  0.9985, 15.0000])
    """
    return logits.div_(cap).tanh_().mul_(cap)


class _CappedCrossEntropy(torch.autograd.Function):
    """The function below with its gradient; `forward` computes both."""

    @staticmethod
    def forward(  # type: ignore[no-untyped-def]
        ctx,
        hidden: Tensor,
        weight: Tensor,
        targets: Tensor,
        cap: float,
        gradient_scale: float,
        of_chunk: Callable[..., Tensor],
        teachers: Sequence[tuple[Tensor, Tensor]],
    ) -> Tensor:
        head = weight.to(hidden.dtype)  # (V, C)
        N, V = len(hidden), len(head)
        chunk_logits, block_logits = CHUNK_LOGITS[hidden.device.type], BLOCK_LOGITS[hidden.device.type]
        chunk_rows = max(1, chunk_logits // V)
        block_rows = chunk_rows * (block_logits // chunk_logits)
        d_hidden, d_weight = torch.empty_like(hidden), torch.zeros_like(weight)  # (N, C), (V, C)
        # The buffer for the gradients of one block's logits; validation needs none.
        needs_gradient = hidden.requires_grad or weight.requires_grad
        buffer = hidden.new_empty(min(block_rows, N), V) if needs_gradient else None
        total = torch.zeros((), device=hidden.device)
        for block in _slices(0, N, block_rows):
            for chunk in _slices(block.start, block.stop, chunk_rows):
                logits = (hidden[chunk] @ head.T).float()  # (n, C) x (C, V) -> (n, V)
                # The rows of the buffer that belong to this chunk.
                out = None if buffer is None else buffer[chunk.start - block.start : chunk.stop - block.start]
                taught = [(of_teacher[chunk] @ its_head.T).float() for of_teacher, its_head in teachers]  # (n, V) each
                total += of_chunk(logits, targets[chunk, None], cap, gradient_scale / N, out, taught)
            if buffer is not None:
                d_logits = buffer[: block.stop - block.start]  # (n, V)
                # The chain rule through logits = hidden x head^T.
                torch.mm(d_logits, head, out=d_hidden[block])  # (n, V) x (V, C) -> (n, C)
                d_weight += d_logits.T @ hidden[block]  # (V, n) x (n, C) -> (V, C)
        ctx.save_for_backward(d_hidden, d_weight)
        return total * (1 / N)

    @staticmethod
    def backward(ctx, d_loss: Tensor) -> tuple[Tensor, Tensor, None, None, None, None, None]:  # type: ignore[no-untyped-def]
        d_hidden, d_weight = ctx.saved_tensors
        # `targets`, `cap`, `gradient_scale`, `of_chunk` and `teachers` have no gradient.
        return d_hidden * d_loss, d_weight * d_loss, None, None, None, None, None


def _slices(start: int, stop: int, size: int) -> Iterator[slice]:
    """Consecutive slices of `size` that cover [start, stop); the last may be shorter.

    >>> list(_slices(4, 9, 2))
    [slice(4, 6, None), slice(6, 8, None), slice(8, 9, None)]
    """
    for first in range(start, stop, size):
        yield slice(first, min(first + size, stop))


def loss_of_chunk(
    logits: Tensor,
    target: Tensor,
    cap: float,
    scale: float,
    gradient: Tensor | None,
    teachers: Sequence[Tensor] = (),
) -> Tensor:
    """The summed loss of `logits` (n, V) float32, which are overwritten, for `target` (n, 1) int64: a scalar.

    `scale` times the derivative with respect to the logits is written to `gradient` (n, V), unless that is None. With
    the logits of `teachers`, (n, V) float32 each, that is the derivative of another loss: TAUGHT of it is the
    cross-entropy to the mean of their probabilities, the rest the loss for `target`.
    """
    # The loss of a row is log(sum(exp(logits))) - logits[target].
    if cap:
        # tanh(x) = 1 - 2 / (exp(2 x) + 1). torch's own tanh takes three times as long on a CPU, for a last digit that
        # the gradients, rounded to the dtype of the training, do not have.
        squashed = logits.mul_(2 / cap).exp_().add_(1).reciprocal_().mul_(-2).add_(1)  # (n, V)
        # The capped logits are cap * squashed. They stay below 40: exp cannot overflow, and no maximum has to be
        # subtracted first.
        exponentials = (squashed * cap).exp_()  # (n, V)
        normaliser = exponentials.sum(dim=-1, keepdim=True)  # (n, V) -> (n, 1)
        loss = (normaliser.log() - cap * squashed.gather(1, target)).sum()  # gather: (n, V) -> (n, 1)
    else:
        squashed = None
        log_z = logits.logsumexp(dim=-1, keepdim=True)  # (n, V) -> (n, 1)
        loss = (log_z - logits.gather(1, target)).sum()
        # Subtracting log_z normalises already: these exponentials are the probabilities.
        exponentials, normaliser = logits.sub_(log_z).exp_(), torch.ones_like(log_z)
    if gradient is not None:
        # d loss / d logits = softmax(logits) - one_hot(target), here times `scale`.
        # Less of the one-hot vector, and what the teachers expect in its place.
        derivative = exponentials.mul_(scale / normaliser)
        for taught in teachers:
            capped = cap * torch.tanh(taught / cap) if cap else taught
            derivative.sub_(capped.softmax(dim=-1), alpha=scale * TAUGHT / len(teachers))
        by_text = scale * (1 - TAUGHT) if teachers else scale
        derivative.scatter_add_(1, target, torch.full_like(normaliser, -by_text))
        if squashed is not None:
            # The chain rule through the soft-cap: d capped / d logits = 1 - tanh^2.
            slope = torch.addcmul(squashed.new_ones(()), squashed, squashed, value=-1, out=squashed)  # (n, V)
            derivative.mul_(slope)
        gradient.copy_(derivative)
    return loss


def capped_cross_entropy(
    hidden: Tensor,
    weight: Tensor,
    targets: Tensor,
    cap: float,
    gradient_scale: float = 1.0,
    of_chunk: Callable[..., Tensor] = loss_of_chunk,
    teachers: Sequence[tuple[Tensor, Tensor]] = (),
) -> Tensor:
    """Mean loss in nats of predicting `targets` (N,) int64 from `hidden` (N, C): float32 scalar.

    The logits are `hidden` times the head `weight` (V, C), soft-capped at `cap` (at most 40), or as they are for 0.

    The gradients come out multiplied by `gradient_scale`; the loss does not. That replaces the usual multiplication of
    the loss before `backward`, which would come too late here: the gradients of the logits are rounded to the dtype of
    `hidden` in the forward pass, and in float16 most are smaller than its smallest number, 6e-8.

    `of_chunk` is `loss_of_chunk`, or the same compiled. `teachers` are pairs of hidden states (N, C) and head (V, C) in
    the dtype of `hidden`: the gradients lead towards their mean prediction as well (Hinton et al. 2015,
    arXiv 1503.02531); the loss that is returned stays that of `targets`.

    >>> hidden, head = torch.tensor([[0.0, 1.0]]), torch.eye(2)  # the logits 0 and 1: probabilities 0.2689 and 0.7311
    >>> capped_cross_entropy(hidden, head, targets=torch.tensor([1]), cap=0.0)  # -ln 0.7311
    tensor(0.3133)
    """
    loss: Tensor = _CappedCrossEntropy.apply(hidden, weight, targets, cap, gradient_scale, of_chunk, teachers)  # type: ignore[no-untyped-call]
    return loss
