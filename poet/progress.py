"""What a person sees while waiting: progress bars on a terminal, plain lines everywhere."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from poet.addresses import hide_credentials
from poet.terminal import printable


class ProgressBar(Protocol):
    """Moves a bar by `advance` units and shows `status` beside it."""

    def __call__(self, advance: int = 1, status: str = "") -> None: ...


@contextlib.contextmanager
def progress_bar(title: str, total: int, done: int = 0) -> Iterator[ProgressBar]:
    """A progress bar of `total` units on standard error, of which `done` are done; silent where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda advance=1, status="": None
        return
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        # Without markup: brackets are text, also those in a title.
        TextColumn("{task.fields[status]}", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=total, completed=done, status="")

        def advance(advance: int = 1, status: str = "") -> None:
            progress.advance(task, advance)
            if status:
                progress.update(task, status=_shown(status))

        yield advance


def log(text: str) -> None:
    """Print one line on standard error, above any progress bar; books, file names and servers may have written it."""
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False).print(_shown(text))


def describe_cost(seconds: Sequence[float], tokens_per_second: Sequence[float]) -> str:
    """How long a training took, and how fast it was, by two columns of timing.csv; "" where no step was timed.

    >>> describe_cost([60, 30], [20_000, 50_000])
    '90 s at 30,000 tokens/s'
    """
    total = sum(seconds)
    tokens = sum(time * speed for time, speed in zip(seconds, tokens_per_second, strict=True))
    return f"{total:,.0f} s at {tokens / total:,.0f} tokens/s" if total else ""


def duration(seconds: float) -> str:
    """A time as a person says it, in at most two units.

    >>> [duration(seconds) for seconds in (0.0113, 3.04, 47, 185, 7_800, 200_000)]
    ['11 ms', '3.0 s', '47 s', '3 min', '2 h 10 min', '2 days 8 h']
    """
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.2g} ms"
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days} days {hours} h" if hours else f"{days} days"


def _shown(text: str) -> str:
    """`text` as a terminal may have it: with nothing to obey, and without passwords."""
    return printable(hide_credentials(text))
