"""The summary of a collection: the figures by which the start page, `dvc exp show` and `dvc metrics` compare it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poet.errors import DataError, rebuild
from poet.files import read_json, write_json
from poet.results.copying import EXCESS, EXCESS_AT, excess_to_json, read_interval

# Match lengths, in characters, for which the summary gives the share of copied text: of a phrase and of a clause. Both
# are among the LENGTHS of copying.json.
COMPARED_AT = (20, EXCESS_AT)

# The keys of the file that are columns of `dvc exp show`, which then fits a screen; all others stand under DETAILS.
COLUMNS = ("bits_per_character", f"share_at_{EXCESS_AT}", EXCESS, "longest", "parameters")
DETAILS = "details"

# The largest size of the sample that the start page shows.
EXCERPT_CHARACTERS, EXCERPT_LINES = 420, 24

# The first keys of all details and columns. Each is the name of the field that it holds.
FIRST_KEYS = (
    "collection title books characters parameters steps epochs "
    "bits_per_character held_out_bits_per_character best_compressor"
).split()


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a poet (`poet.report.best_line`): a sentence of the sample with the number `sample`."""

    text: str
    prompt: str
    temperature: float
    sample: int


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What the start page shows of a collection.

    `books` and `characters` count the cleaned text. `share_at[n]` is the share of the samples' running text inside
    verbatim matches of at least n characters, for n in COMPARED_AT; `human_share_at[n]` is the same for human text,
    None if there is no such text. `excess`, `excess_interval` and `longest` are those of running text in copying.json.
    `compressors` has the bits per character of each compressor. `sample` is the beginning of the first sample, `line` a
    good line of all samples, None if no line is good; `language` is the one that all books share, or "".
    """

    collection: str
    title: str
    books: int
    characters: int
    parameters: int
    steps: int
    epochs: float
    bits_per_character: float
    held_out_bits_per_character: float | None
    best_compressor: float | None
    share_at: Mapping[int, float]
    human_share_at: Mapping[int, float | None]
    excess: float | None
    excess_interval: tuple[float, float] | None
    longest: float
    model_sha256: str
    language: str
    sample: str
    compressors: Mapping[str, float]
    line: Line | None


def write_summary(path: Path, summary: Summary) -> None:
    """Write `summary` to the file `path`."""
    content = {key: getattr(summary, key) for key in FIRST_KEYS}
    content |= {f"share_at_{length}": summary.share_at[length] for length in COMPARED_AT}
    content |= {f"human_share_at_{length}": summary.human_share_at[length] for length in COMPARED_AT}
    content |= {
        **excess_to_json(summary.excess, summary.excess_interval),
        "longest": summary.longest,
        "model_sha256": summary.model_sha256,
        "language": summary.language,
        "sample": summary.sample,
        "compressors": dict(summary.compressors),
        "line": summary.line and dict(vars(summary.line)),
    }
    # DVC passes over lists, so what no one compares run by run is an entry of one.
    columns = {key: content.pop(key) for key in COLUMNS}
    write_json(path, columns | {DETAILS: [content]})


def read_summary(path: Path) -> Summary:
    """The content of the file `path`; DataError when it is missing, damaged or from another version."""
    content: dict[str, Any] = read_json(path)
    try:
        # Older files have all keys side by side.
        for details in content.pop(DETAILS, ()):
            content = {**content, **details}
        return Summary(
            **{key: content[key] for key in FIRST_KEYS},
            share_at={length: content[f"share_at_{length}"] for length in COMPARED_AT},
            human_share_at={length: content[f"human_share_at_{length}"] for length in COMPARED_AT},
            excess=content[EXCESS],
            excess_interval=read_interval(content),
            longest=content["longest"],
            # Missing in older files.
            model_sha256=content.get("model_sha256", ""),
            language=content.get("language", ""),
            sample=content["sample"],
            compressors=content.get("compressors", {}),
            line=Line(**line) if (line := content.get("line")) else None,
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} does not hold a summary as this version writes it ({type(error).__name__}: {error}). "
            f"{rebuild(path)}"
        ) from None


def read_summaries(folder: Path) -> list[Summary]:
    """The summaries in `folder`, the best model first; none if `folder` does not exist."""
    # Sorted by name first, so that equally good models have a fixed order.
    summaries = [read_summary(path) for path in sorted(folder.glob("*.json"))]
    return sorted(summaries, key=lambda summary: summary.bits_per_character)


def excerpt(text: str) -> str:
    """The beginning of `text`: at most EXCERPT_CHARACTERS and at most EXCERPT_LINES.

    >>> excerpt("To be, or\\nnot to be")
    'To be, or\\nnot to be'
    >>> len(excerpt("a" * 1000)), len(excerpt("a\\n" * 1000))
    (420, 48)
    """
    return "".join(text[:EXCERPT_CHARACTERS].splitlines(keepends=True)[:EXCERPT_LINES])
