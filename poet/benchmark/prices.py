"""What the work of a training costs on a machine: prices per unit of work, fitted to what was measured there.

A step is a handful of amounts: FLOPs of matrix products, values that pass through memory, kernels that are started.
Each has a price in seconds. A benchmark measures a few steps only, fewer than would determine all prices by themselves.
So every price begins at what is typical, and moves as far as the measurements ask for. With a single measured step, all
prices move together: its time is scaled by the amounts. The same calculation says how uncertain a prediction is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from poet.model.size import block_matrices, mlp_width
from poet.params.model import ModelConfig

Vector = NDArray[np.float64]

# How far prices are from typical, as standard deviations of their logarithm: all together (a slow machine, a rate that
# was measured beside other work), and each by itself.
TOGETHER, APART = 1.0, 0.6
# By how much a step may differ from the sum of its parts, whatever the prices: kernels suit some shapes better.
MODEL_ERROR = 0.1

# The same for a step that was compiled where the planned one is not, or the other way round.
OTHERWISE_COMPILED = 0.3

# On a GPU the host starts kernels while the device computes, so a step takes as long as the slower of the two. The
# power makes one smooth formula of both: 1 adds the parts, a large one takes the larger.
OVERLAP = 4.0

# The Newton-Schulz steps of Muon (poet/training/optimizers.py).
NEWTON_SCHULZ_STEPS = 5


@dataclass(frozen=True, kw_only=True)
class Step:
    """One training step as it is planned or was measured."""

    config: ModelConfig
    vocab_size: int
    # Sequences of one window each that are computed together, and how often that happens in a step: `accumulate` parts
    # times `state_windows` windows.
    rows: int
    passes: int
    muon: bool
    # Bytes of a number in the precision of the computations.
    width: int

    @property
    def tokens(self) -> int:
        """The tokens of the step."""
        return self.rows * self.passes * self.config.sequence_len


# The amounts of a step, in the order of `amounts`. The last one is the host's work, all others are the device's.
AMOUNTS = ("matrices", "attention", "orthogonalisation", "block values", "logits", "parameters", "kernels")


def amounts(step: Step) -> Vector:
    """How much of each of AMOUNTS a training step takes."""
    config, vocab_size, tokens = step.config, step.vocab_size, step.tokens
    matrices = block_matrices(config)
    weights = sum(rows * columns for rows, columns in matrices)
    head = vocab_size * config.n_embd
    hidden = sum(mlp_width(config, layer) for layer in range(config.n_layer))
    return np.array([
        6.0 * tokens * (weights + head),
        6.0 * tokens * config.n_layer * config.n_embd * config.sequence_len,
        newton_schulz_flops(matrices) if step.muon else 0.0,
        # Norms, rotation, activation and sums read and write every feature of a block some ten times.
        tokens * (10.0 * config.n_layer * config.n_embd + 2.0 * hidden) * step.width,
        # The softmax is in float32 whatever the precision.
        4.0 * tokens * vocab_size,
        4.0 * (weights + head * (1 if config.tied_head else 2)),
        # A block of one pass. Embedding, head and optimizer start about as many kernels as two blocks.
        step.passes * config.n_layer + 2.0,
    ])


def newton_schulz_flops(matrices: Sequence[tuple[int, int]]) -> float:
    """The FLOPs by which Muon orthogonalises matrices of these shapes once.

    >>> newton_schulz_flops([(2, 3)])  # five times two products of 2 x 3 by 3 x 2 and one of 2 x 2 by 2 x 2
    320.0
    """
    flops = 0.0
    for shape in matrices:
        short, long = min(shape), max(shape)
        flops += NEWTON_SCHULZ_STEPS * (4 * short**2 * long + 2 * short**3)
    return flops


def typical_prices(kind: str, flops_per_second: float, threads: int) -> Vector:
    """Seconds per unit of AMOUNTS on a device of this kind, of which only the rate of matrix products is known."""
    flop = 1 / flops_per_second
    # Seconds per byte of values, which are read and written forward and backward; a GPU's memory is a hundred times as
    # fast. A logit takes an exponential function too. And seconds for the host to start the kernels of a block.
    byte = {"cpu": 1e-9 / min(threads, 4), "mps": 5e-11}.get(kind, 1e-11)
    kernels = 5e-4 if kind == "cpu" else 2e-3
    # Smaller products than the large one that gave the rate are slower.
    return np.array([1.2 * flop, 4 * flop, 1.5 * flop, byte, 1.5 * byte, 0.75 * byte, kernels])


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Fitted prices: the logarithm of each, and the covariance of these logarithms."""

    logarithms: Vector
    covariance: NDArray[np.float64]
    # 1: all amounts add up; OVERLAP: the last amount runs beside the others.
    overlap: float

    def seconds(self, work: Vector) -> float:
        """What `work` costs."""
        return float(np.exp(_log_seconds(self.logarithms, work, self.overlap)[0]))

    def deviation(self, work: Vector) -> float:
        """The standard deviation of the logarithm of `seconds(work)`: 0.1 means about 10 %."""
        _, slope = _log_seconds(self.logarithms, work, self.overlap)
        return float(np.sqrt(slope @ self.covariance @ slope + MODEL_ERROR**2))


def fit(
    typical: Vector,
    works: Sequence[Vector],
    seconds: Sequence[float],
    errors: Sequence[float] | None = None,
    overlap: float = 1.0,
) -> Prices:
    """The prices that lie nearest to `typical` and to what was measured: `works` took `seconds`.

    `errors` says how far to trust each of them, as the deviation of its logarithm; MODEL_ERROR if none are given.

    Distances are relative: a step of a millisecond counts as much as one of a minute. It is the usual least squares
    with a Gaussian prior, in logarithms, so that no price becomes negative.

    >>> prices = fit(np.array([1.0, 1.0]), [np.array([10.0, 2.0])], [24.0])
    >>> round(prices.seconds(np.array([20.0, 4.0])), 1)
    47.7
    """
    size = len(typical)
    prior = APART**2 * np.eye(size) + TOGETHER**2 * np.ones((size, size))
    doubts = np.diag(np.square(errors if errors is not None else [MODEL_ERROR] * len(works)))
    start = np.log(typical)
    logarithms, covariance = start, prior
    # Gauss-Newton: the logarithm of a sum is nearly linear in the logarithms of its parts, so a few rounds are enough.
    for _ in range(50 if works else 0):
        lines = [_log_seconds(logarithms, work, overlap) for work in works]
        slopes = np.array([slope for _, slope in lines])
        wanted = np.log(seconds) - np.array([value for value, _ in lines]) + slopes @ (logarithms - start)
        gain = prior @ slopes.T @ np.linalg.inv(slopes @ prior @ slopes.T + doubts)
        # Half a step at a time, so that it never swings.
        logarithms = (logarithms + start + gain @ wanted) / 2
        covariance = prior - gain @ slopes @ prior
    return Prices(logarithms=logarithms, covariance=covariance, overlap=overlap)


def _log_seconds(logarithms: Vector, work: Vector, overlap: float) -> tuple[float, Vector]:
    """The logarithm of what `work` costs, and its derivative by the logarithm of each price."""
    parts = np.exp(logarithms) * work
    device, host = parts[:-1].sum(), parts[-1]
    # (device^p + host^p)^(1/p): a plain sum for p = 1.
    powers = np.array([device, host]) ** overlap
    total = powers.sum() ** (1 / overlap)
    shares = powers / powers.sum()
    slope = np.append(parts[:-1] * (shares[0] / device), shares[1])
    return float(np.log(total)), slope
