"""What a training records of itself, and the tables it leaves."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from poet.files import write_text

HISTORY_COLUMNS = [
    "step",
    "tokens",
    "train_loss",
    "validation_loss",
    "bits_per_character",
    "learning_rate",
    "gradient_norm",
]
TIMING_COLUMNS = ["step", "seconds", "tokens_per_second", "utilization"]

# Steps over which a train loss is averaged where one figure is shown.
SMOOTHING = 50


@dataclass
class History:
    """Rows of history.csv and timing.csv and the samples by step; plain JSON values, so that snapshots can hold
    them.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    timing: list[dict[str, Any]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def train_loss(self) -> float:
        """Mean training loss of the last steps, in nats per token; NaN before the first."""
        losses = [row["train_loss"] for row in self.rows[-SMOOTHING:]]
        return sum(losses) / len(losses) if losses else math.nan

    @property
    def best_validation(self) -> dict[str, Any]:
        """The row with the lowest validation loss; an empty one when there is no validation text."""
        measured = [row for row in self.rows if "validation_loss" in row]
        return min(measured, key=lambda row: float(row["validation_loss"]), default={})

    def write(self, history: Path, timing: Path) -> None:
        """Write both tables; what was not measured at a step is left empty."""
        for path, rows, columns in ((history, self.rows, HISTORY_COLUMNS), (timing, self.timing, TIMING_COLUMNS)):
            write_text(path, pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n"))
