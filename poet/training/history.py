"""What a training records about itself: the rows of history.csv and timing.csv, and the training samples."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

import pandas as pd

from poet.files import write_csv
from poet.progress import describe_cost
from poet.results.samples import TrainingSample

# The training loss of one step is noisy. Where a single figure is shown, it is the mean over this many last steps.
SMOOTHING_STEPS = 50


@dataclass(frozen=True, kw_only=True)
class HistoryRow:
    """One step in history.csv. The fields are its columns, in this order."""

    # Steps taken and tokens trained on, from the start of the training to this step.
    step: int
    tokens: int
    # The loss on this step's batch, in nats per token.
    train_loss: float
    # The loss on the validation text in nats per token, and the same text in bits per character. None for a step after
    # which the model was not validated.
    validation_loss: float | None = None
    bits_per_character: float | None = None
    # The learning rate of the matrices in this step, and the norm of the gradient before clipping.
    learning_rate: float
    gradient_norm: float


@dataclass(frozen=True, kw_only=True)
class TimingRow:
    """The speed of the steps since the row before, in timing.csv. The fields are its columns, in this order."""

    # The last of the steps, and the seconds for all of them together, without validations, samples and snapshots.
    step: int
    seconds: float
    tokens_per_second: int
    # The share of the FLOP/s below (MFU).
    utilization: float
    # What the devices reached in a large matrix product, in the precision of the training, just before its first step
    # or, in the rows after an interruption, before it continued.
    matmul_flops_per_second: int


@dataclass
class History:
    """Everything that a training recorded so far, by step."""

    rows: list[HistoryRow] = field(default_factory=list)
    timing: list[TimingRow] = field(default_factory=list)
    samples: list[TrainingSample] = field(default_factory=list)

    @property
    def train_loss(self) -> float:
        """Mean training loss of the last steps in nats per token; NaN before the first step."""
        losses = [row.train_loss for row in self.rows[-SMOOTHING_STEPS:]]
        return sum(losses) / len(losses) if losses else math.nan

    @property
    def cost(self) -> str:
        """What the steps took, in words; "" where none was timed."""
        return describe_cost([row.seconds for row in self.timing], [row.tokens_per_second for row in self.timing])

    @property
    def validations(self) -> list[HistoryRow]:
        """The rows with validation figures. There are none without validation text."""
        return [row for row in self.rows if row.validation_loss is not None]

    @property
    def best_validation(self) -> HistoryRow | None:
        """The row with the lowest validation loss, the first one of equals; None before the first validation."""
        return min(self.validations, key=attrgetter("validation_loss"), default=None)

    def to_json(self) -> dict[str, Any]:
        """JSON values for a snapshot."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "History":
        """The history that `to_json` turned into `content`."""
        return cls(
            rows=[HistoryRow(**row) for row in content["rows"]],
            timing=[TimingRow(**row) for row in content["timing"]],
            samples=[TrainingSample(**sample) for sample in content["samples"]],
        )


def write_history(path: Path, history: History) -> None:
    """Write history.csv, one row a step; what was not measured at a step is left empty."""
    write_csv(path, _table(history.rows, HistoryRow))


def write_timing(path: Path, history: History) -> None:
    """Write timing.csv, one row for every few steps."""
    write_csv(path, _table(history.timing, TimingRow))


def _table(rows: Sequence[HistoryRow] | Sequence[TimingRow], kind: type[HistoryRow] | type[TimingRow]) -> pd.DataFrame:
    # The columns are the fields in their order, so that a table without rows has its header too.
    columns = [field.name for field in dataclasses.fields(kind)]
    return pd.DataFrame([vars(row) for row in rows], columns=columns)
