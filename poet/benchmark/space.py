"""What memory and disk a training takes, by formula; memory is corrected by what a benchmark measured."""

from collections.abc import Sequence

import numpy as np

from poet.benchmark.prices import Step, fit
from poet.model.size import block_matrices, mlp_width, parameter_count

# Memory that has nothing to do with the model: Python and torch in a process, the context of a GPU.
BASE = {"cpu": 4e8}
GPU_BASE = 1e8

# What the train stage loads that a benchmark does not, on a CPU: the record of the run, the tokenizer.
STAGE = 1e8

# The most windows and the most logits that a validation computes at once (poet/metrics/bits.py).
VALIDATION_ROWS, VALIDATION_LOGITS = 32, 1 << 26

# Two snapshots are kept while the next one is written (poet/training/snapshots.py).
SNAPSHOTS = 3

# Up to this many positions, a CPU in bfloat16 keeps all attention weights (poet/model/layers.py).
MATMUL_ATTENTION = 1024


def state_bytes(step: Step) -> int:
    """Bytes of the optimizers' state: a momentum for a parameter of Muon, two averages for one of AdamW."""
    parameters = parameter_count(step.config, step.vocab_size)
    matrices = sum(rows * columns for rows, columns in block_matrices(step.config)) if step.muon else 0
    return 8 * parameters - 4 * matrices


def step_bytes(step: Step, kind: str, *, validates: bool = False) -> float:
    """Bytes that one training step needs on a device of this kind: weights, gradients, state, and what it computes.

    With `validates`, a validation between two steps counts too, if it needs more than they.
    """
    config, parameters = step.config, parameter_count(step.config, step.vocab_size)
    window = config.sequence_len
    hidden = sum(mlp_width(config, layer) for layer in range(config.n_layer))
    matrices = sum(rows * columns for rows, columns in block_matrices(config))
    # What the backward pass needs: inputs of norms, matrices and activations, queries, keys and values.
    kept = step.rows * window * (14 * config.n_layer * config.n_embd + 2 * hidden) * step.width
    if kind == "cpu" and step.width == 2 and window <= MATMUL_ATTENTION:
        kept += 2 * step.rows * config.n_layer * config.n_head * window**2 * step.width
    # Weights in the precision of the computations, and the gradient of the head, which is made in the forward pass.
    kept += (matrices * step.width if step.width < 4 else 0) + 4 * step.vocab_size * config.n_embd
    # The update comes when all that is free again; Muon holds its matrices about three times meanwhile.
    update = 12 * matrices if step.muon else 0
    # A validation stores its logits in float32, and what they become on the way to the loss.
    validation = 12 * min(VALIDATION_ROWS * window * step.vocab_size, VALIDATION_LOGITS) if validates else 0
    return 8.0 * parameters + state_bytes(step) + max(kept, update, validation)


def memory_bytes(step: Step, kind: str, measured: Sequence[tuple[Step, int]]) -> float:
    """Bytes at the peak of a training, corrected by steps whose peak was `measured`.

    On a CPU that is the memory of the process: also the best weights so far, a copy of all for a snapshot, and what
    else the stage loads.
    """
    base = BASE.get(kind, GPU_BASE)
    factors = fit(
        np.ones(2),
        [np.array([step_bytes(one, kind), base]) for one, _ in measured],
        [float(peak) for _, peak in measured],
    )
    extra = STAGE + 8.0 * parameter_count(step.config, step.vocab_size) if kind == "cpu" else 0.0
    return factors.seconds(np.array([step_bytes(step, kind, validates=True), base])) + extra


def model_bytes(step: Step) -> int:
    """Bytes of a model folder: the best weights and the last."""
    return 8 * parameter_count(step.config, step.vocab_size)


def snapshot_bytes(step: Step) -> int:
    """Bytes of one snapshot: the weights, the best weights, the state of the optimizers."""
    return 8 * parameter_count(step.config, step.vocab_size) + state_bytes(step)
