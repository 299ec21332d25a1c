"""How long a training will take: said before it begins, if that is more than half an hour.

It is measured on the spot: one batch forward and backward, and what the optimizer computes, without an update. So it
holds for this machine as busy as it is now, and a training needs no file with measurements.
"""

from dataclasses import dataclass

import torch

from poet.device.device import now, seed_dropout
from poet.progress import duration, log
from poet.tokens.token_files import VALIDATION
from poet.training.distributed import all_reduce_any, all_reduce_mean
from poet.training.optimizers import rehearse_update
from poet.training.run import TrainingRun

# A training that will take longer than this is announced, in seconds.
LONG = 30 * 60.0

# What decides whether to measure, as measuring takes the time of two steps: a training may be long if its steps took
# LONG, each for its FLOPs at this share of the matrix rate, and this many seconds for the kernels of every layer. Small
# models on a GPU reach a hundredth of its rate, but a step of them takes milliseconds.
LEAST_UTILIZATION, KERNEL_SECONDS = 0.05, 0.01

# Batches that are timed; the faster one counts. The first of a process is slower: memory is new, kernels are chosen.
BATCHES = 2


@dataclass(frozen=True, kw_only=True)
class Length:
    """The remaining steps of a training and its validations, with the seconds that each takes."""

    steps: int
    step_seconds: float
    validations: int
    validation_seconds: float

    @property
    def seconds(self) -> float:
        """The seconds of all of them."""
        return self.steps * self.step_seconds + self.validations * self.validation_seconds

    def __str__(self) -> str:
        """For example "2 h 10 min (2,600 steps of 3.0 s)"; validations are told where they take a tenth or more.

        >>> print(Length(steps=2600, step_seconds=3.0, validations=4, validation_seconds=2.0))
        2 h 10 min (2,600 steps of 3.0 s)
        """
        of = f"{self.steps:,} steps of {duration(self.step_seconds)}"
        if self.validations * self.validation_seconds > self.seconds / 10:
            plural = "validation" if self.validations == 1 else "validations"
            of += f" and {self.validations:,} {plural} of {duration(self.validation_seconds)}"
        return f"{duration(self.seconds)} ({of})"


def announce_length(run: TrainingRun) -> None:
    """Say how long the remaining steps of `run` will take, if that is long (collective). Changes nothing of the run."""
    # The processes have the same figures, but must not differ by a rounding: each waits for the others in what follows.
    if not all_reduce_any(run.world, [_may_be_long(run)])[0]:
        return
    length = measure_length(run)
    if length.seconds > LONG and run.world.is_main:
        patience = " at most, if no validation ends it earlier" if run.settings.patience else ""
        log(
            f"this training will take about {length}{patience}; Ctrl-C stops it, and the next `dvc repro` goes on from "
            "its last snapshot"
        )


def _may_be_long(run: TrainingRun) -> bool:
    """Whether the remaining steps would take LONG on a device that is used badly."""
    flops = run.model.flops_per_token() * run.tokens_per_step
    seconds = flops / (LEAST_UTILIZATION * run.yardstick.flops_per_second)
    seconds += KERNEL_SECONDS * run.model.config.n_layer * run.settings.accumulate * run.settings.state_windows
    return (run.settings.steps - run.step) * seconds > LONG


def measure_length(run: TrainingRun) -> Length:
    """The length of what remains of `run`, measured by a batch whose gradients are thrown away (collective)."""
    inputs, targets = run.batch(run.step)
    if run.model.config.dropout:
        seed_dropout(run.settings.seed, run.step, run.world.rank)
    backward, update = [], []
    for _ in range(BATCHES):
        start = now(run.device)
        # Without `exchange`, DDP does not touch its buckets, whose order may decide the last bit of a gradient.
        run.trainer.backward(inputs, targets, exchange=False)
        middle = now(run.device)
        with torch.no_grad():
            rehearse_update(run.trainer.optimizers)
        backward.append(middle - start)
        update.append(now(run.device) - middle)
        run.model.zero_grad()
    # The slowest process decides in truth; the mean is near it, as all have equally many rows.
    batch = all_reduce_mean(run.world, min(backward))
    steps = run.settings.steps - run.step
    # Validation is a forward pass, a third of forward and backward. Every process computes the whole of it.
    validated = run.data.counts(VALIDATION).tokens * run.world.ranks / run.tokens_per_step
    return Length(
        steps=steps,
        step_seconds=batch + all_reduce_mean(run.world, min(update)),
        validations=-(-steps // run.settings.validate_every),
        validation_seconds=validated * batch / 3,
    )
