"""The squared ReLU of the MLP, written so that training passes over memory as rarely as possible."""

import torch
from torch import Tensor


class _SquaredReLU(torch.autograd.Function):
    """relu(x)^2 in two passes over memory forward and two backward; autograd's own chain of relu and pow takes seven.

    An activation does hardly any arithmetic: reading and writing (B, T, W) numbers is what it costs.
    """

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        positive = x.relu()
        # relu(x) is all that the backward pass needs, so x itself is not kept.
        ctx.save_for_backward(positive)
        return positive * positive

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        (positive,) = ctx.saved_tensors
        # d/dx relu(x)^2 = 2 relu(x); the factor 2 is applied in place, into the product that was just made.
        slope: Tensor = (gradient * positive).mul_(2)
        return slope


def squared_relu(x: Tensor) -> Tensor:
    """relu(x)^2, elementwise (So et al. 2021, arXiv 2109.08668).

    >>> squared_relu(torch.tensor([-2.0, 0.5, 3.0]))
    tensor([0.0000, 0.2500, 9.0000])
    """
    # Without a gradient, as in generation, relu's result can be squared in place.
    if not x.requires_grad:
        return x.relu().square_()
    y: Tensor = _SquaredReLU.apply(x)  # type: ignore[no-untyped-call]
    return y
