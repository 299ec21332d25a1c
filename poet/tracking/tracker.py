"""What a stage records of an execution: parameters, tags, measurements, texts and files.

There are no system metrics: MLflow samples them in a thread of the training and sends them itself, past the spool, so a
server that is down would hold the training up; `speed/utilization` and the tags of the machine say what compares.

`Tracker` forgets everything; `poet.tracking.spool_tracker.SpoolTracker` writes it down. A stage never asks which one
it has.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# The tag of a run that started from another model: the hash of that model's weights.
START_TAG = "poet.start_sha256"

# The tags that say which figures compare: the hash of the text that the model was evaluated on, and of how its samples
# were written.
UNSEEN_TAG, SAMPLING_TAG = "poet.unseen_sha256", "poet.sampling_sha256"


class Tracker:
    """Takes records and forgets them: the base of SpoolTracker, and the tracker of whoever must not record."""

    # The name of the spool. A training keeps it in its snapshots, to continue the same run when it resumes.
    name = ""

    def start(self, key: str) -> None:
        """Begin the record of the training with the resume key `key`, if it does not continue one (`resume`)."""

    def resume(self, step: int, name: str) -> None:
        """Continue the record in the spool `name` after `step`; what it holds of later steps is not recorded again."""

    def params(self, **sections: Any) -> None:
        """Parameters: settings or mappings by the name of their section.

        What a training recorded stays: a later stage adds parameters that its run lacks, as that of a model from files.
        """

    def tags(self, values: dict[str, str]) -> None:
        """Tags of the run."""

    def metrics(self, step: int, values: dict[str, float]) -> None:
        """Measurements at `step`."""

    def text(self, path: str, text: str) -> None:
        """A text artifact."""

    def table(self, path: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """A table artifact, which MLflow shows beside those of other runs; all rows have the keys of the first."""

    def dataset(self, sha256: str, profile: Mapping[str, int]) -> None:
        """The text of the collection that the run learns from, by the hash of its tokens, and its sizes.

        A later stage adds it to a run that has none.
        """

    def learns_from(self, text: Mapping[str, Any]) -> None:
        """The dataset `text`: what meta.json of the tokens says of the training text."""
        sizes = {key: text[key] for key in ("characters", "tokens")} | {"books": len(text["books"])}
        self.dataset(text["sha256"], sizes)

    def children(self, tags: Sequence[Mapping[str, str]]) -> None:
        """This run becomes the parent of the runs that have all of one of these sets of tags; there may be none.

        A run has one parent: the last one that asks.
        """

    def file(self, path: Path) -> None:
        """A text file as an artifact, with what it holds now."""

    def save(self) -> None:
        """Write all records so far to the disk."""

    def flush(self) -> None:
        """Write all records so far to the disk, and send them to MLflow while the caller goes on."""
