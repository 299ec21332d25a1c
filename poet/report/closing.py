"""The lines in which a build says what came of it, on the terminal: they stand at its end, for each collection."""

import io
import shlex
from pathlib import Path

import pandas as pd

from poet.errors import DataError
from poet.files import read_text
from poet.progress import describe_cost
from poet.report.summary import Summary
from poet.report.verdict import NAMES
from poet.report.words import excess_in_words, share
from poet.results.copying import EXCESS_AT

# The longest prompt of the last line. Chinese and Japanese have no spaces between words.
PROMPT_CHARACTERS = 20


def closing_lines(one: Summary, folder: Path, *, is_default: bool) -> list[str]:
    """Four lines on a built collection: its bits, what it copied, what the training took, what to open and to try next.

    `folder` holds its results; `is_default` says whether a command that names no collection means this one.
    """
    # The sample begins with a prompt that suits the books. Its first word does, too, and fits into the line.
    prompt = " ".join(one.sample.split()[:1])[:PROMPT_CHARACTERS] or "The"
    name = "" if is_default else f" --collection {one.collection}"
    ranked = sorted(one.compressors.items(), key=lambda item: item[1])
    compressors = "".join(f", {NAMES.get(key, key)} {bits:.3f}" for key, bits in ranked)
    return [
        f"{one.collection}: {one.bits_per_character:.3f} bits per character of unseen text{compressors}",
        f"  copied: {_copied(one)}",
        f"  trained: {one.steps:,} steps, {one.parameters:,} parameters{_time(folder)}",
        f"  open {folder / 'poet.html'}, which writes, and {folder / 'index.html'}; all runs: poet ui; "
        f"try: poet generate {shlex.quote(prompt)}{name}",
    ]


def _copied(one: Summary) -> str:
    human = one.human_share_at[EXCESS_AT]
    said = f"{share(one.share_at[EXCESS_AT])} of its text in passages of {EXCESS_AT} characters or more"
    if human is None or one.excess is None:
        return f"{said}; no unseen text of the authors to compare with"
    return f"{said}, the authors {share(human)}; {excess_in_words(one.excess, one.excess_interval)}"


# timing.csv changes no page, only these lines, and differs from build to build. So no stage depends on it, and a line
# does without what it lacks.


def _time(folder: Path) -> str:
    """How long the training took, and how fast it was."""
    try:
        table = pd.read_csv(io.StringIO(read_text(folder / "timing.csv")))
        cost = describe_cost(table["seconds"].tolist(), table["tokens_per_second"].tolist())
    except (DataError, KeyError, TypeError, ValueError):  # missing, without these columns or numbers, or empty
        return ""
    return f", {cost}" if cost else ""
