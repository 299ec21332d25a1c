"""What a stage records of an execution: parameters, tags, measurements, texts and files.

`Tracker` forgets everything; `poet.tracking.spool.SpoolTracker` writes it down. A stage never asks which one it has.
"""

from pathlib import Path
from typing import Any


class Tracker:
    """Takes records and forgets them: the base of SpoolTracker, and the tracker of whoever must not record."""

    def resume(self, step: int) -> None:
        """Continue the last run after `step`; its metrics up to there are recorded already."""

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

    def flush(self) -> None:
        """Write and send all records so far."""


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
