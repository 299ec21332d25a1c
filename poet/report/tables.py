"""The two CSV tables that a collection's page shows: history.csv of the training, removals.csv of the cleaning."""

import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from poet.files import read_text


@dataclass(frozen=True, kw_only=True)
class ShownRemoval:
    """A part that cleaning removed: the rule that named it, its size in bytes of UTF-8, its first and last words."""

    rule: str
    bytes: int
    first_words: str
    last_words: str


def read_history(path: Path) -> pd.DataFrame:
    """The rows of history.csv, one per step; NaN where a column was not measured. DataError when it is missing."""
    # `read_text` raises the DataError; pandas would raise an error that does not say what to do next.
    return pd.read_csv(io.StringIO(read_text(path)))


def read_removals(path: Path) -> dict[str, list[ShownRemoval]]:
    """The removals of each book, by its id, in the order of removals.csv. DataError when it is missing."""
    # Ids such as "0158" stay text. So do words such as "NA", which pandas takes for a missing value by default.
    table = pd.read_csv(io.StringIO(read_text(path)), dtype={"book": str}, keep_default_na=False)
    removals: dict[str, list[ShownRemoval]] = {}
    for row in table.to_dict("records"):
        removal = ShownRemoval(
            rule=str(row["rule"]),
            bytes=int(row["bytes"]),
            first_words=str(row["first_words"]),
            last_words=str(row["last_words"]),
        )
        removals.setdefault(str(row["book"]), []).append(removal)
    return removals
