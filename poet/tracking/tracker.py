"""What a stage records of an execution: parameters, tags, measurements, texts and files.

`Tracker` forgets everything; `poet.tracking.spool_tracker.SpoolTracker` writes it down. A stage never asks which one
it has.
"""

from pathlib import Path
from typing import Any


class Tracker:
    """Takes records and forgets them: the base of SpoolTracker, and the tracker of whoever must not record."""

    # The name of the spool. A training keeps it in its snapshots, to continue the same run when it resumes.
    name = ""

    def start(self, key: str) -> None:
        """Begin the record of the training with the resume key `key`, if it does not continue one (`resume`)."""

    def resume(self, step: int, name: str) -> None:
        """Continue the record in the spool `name` after `step`; what it holds of later steps is not recorded again."""

    def params(self, **sections: Any) -> None:
        """Parameters: settings or mappings by the name of their section."""

    def tags(self, values: dict[str, str]) -> None:
        """Tags of the run."""

    def metrics(self, step: int, values: dict[str, float]) -> None:
        """Measurements at `step`."""

    def text(self, path: str, text: str) -> None:
        """A text artifact."""

    def file(self, path: Path) -> None:
        """A file artifact; it must exist until it is sent."""

    def save(self) -> None:
        """Write all records so far to the disk."""

    def flush(self) -> None:
        """Write all records so far to the disk, and send them to MLflow while the caller goes on."""


def numbers(prefix: str, values: dict[str, Any]) -> dict[str, float]:
    """The numbers in nested `values` by dotted key.

    >>> numbers("copying", {"longest": 40, "human": {"longest": 31}, "note": "x"})
    {'copying.longest': 40, 'copying.human.longest': 31}
    """
    found: dict[str, float] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= numbers(f"{prefix}.{key}", value)
        elif isinstance(value, (int, float)):
            found[f"{prefix}.{key}"] = value
    return found
