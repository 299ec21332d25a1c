"""A sweep: its trials are queued, run by DVC's workers and watched until the last one has ended.

The workers are processes of their own. If this one is killed, they go on, and the same sweep takes up watching them.
Ctrl-C stops them: trainings save their state, and the same sweep continues them.
"""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from poet.errors import Interrupted, PoetError
from poet.experiments.finished import read_figures
from poet.experiments.grid import Trial
from poet.experiments.outcome import Outcome
from poet.experiments.queue import Entry, Queue, State
from poet.progress import ProgressBar, duration, log, progress_bar

# What each experiment builds: evaluate is the stage that measures bits per character.
TARGET = "evaluate"

# Seconds between two looks at the queue, and how many of them may fail in a row.
POLL, LOOKS = 1.0, 5

# Seconds for which nothing happens before workers are started again: they end ten seconds after the queue is empty, and
# a worker may have been about to end when the trials came. After STARTS starts in vain, something is wrong.
IDLE, STARTS = 20.0, 4

# Seconds after which a running experiment without a process is lost, and one that is in no list was removed. To make
# its folder takes a while where the cache is large.
LOST, REMOVED = 120.0, 10.0

# Seconds for running experiments to save their state after Ctrl-C.
STOPPING = 120.0

Found = TypeVar("Found")


@dataclass(kw_only=True)
class Watch:
    """The state of a sweep while it runs. `since` is when a trial was first seen in a state that must not last."""

    queue: Queue
    reports: Path
    models: Path
    waiting: dict[str, Trial]
    total: int
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    ended_here: int = 0


def run_sweep(
    queue: Queue,
    trials: Sequence[Trial],
    workers: int,
    threads: int,
    reports: Path,
    models: Path,
    copied: Sequence[str],
) -> list[Outcome]:
    """Run `trials` on `workers` workers of `threads` threads each; returns what became of the trials, in their order.

    What DVC keeps of an earlier sweep is taken as it is; what waits or runs already is not queued again. `copied` are
    files that neither git nor DVC keeps and experiments need. Interrupted after Ctrl-C.
    """
    watch = Watch(
        queue=queue, reports=reports, models=models, waiting={one.name: one for one in trials}, total=len(trials)
    )
    finished = queue.finished()
    for trial in trials:
        if trial.name in finished:
            # A problem with it is one of the sweep: to go on would hide that the name means something else here.
            figures = read_figures(queue.repo, finished[trial.name], trial, reports, models)
            watch.outcomes[trial.name] = Outcome(trial=trial, figures=figures)
            del watch.waiting[trial.name]
    log(f"{_count(len(trials))}: {len(watch.outcomes)} done before, {len(watch.waiting)} to run")
    try:
        if watch.waiting:
            _put(watch, copied)
            queue.start_workers(min(workers, len(watch.waiting)), threads)
            with progress_bar("sweep", total=len(trials), done=len(watch.outcomes)) as bar:
                _watch(watch, bar, workers, threads)
            _tidy(watch)
    except KeyboardInterrupt:
        _stop(watch)
        raise Interrupted(
            f"stopped; {len(watch.outcomes)} of {len(trials)} experiments have ended. The same command continues."
        ) from None
    return [watch.outcomes[trial.name] for trial in trials]


def _count(number: int) -> str:
    return f"{number} experiment{'' if number == 1 else 's'}"


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back until the `with` block is done: DVC changes the working tree and the queue, and changes back."""
    held = list[int]()
    before = signal.signal(signal.SIGINT, lambda number, frame: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if held:
        raise KeyboardInterrupt


def _put(watch: Watch, copied: Sequence[str]) -> None:
    """Queue what neither waits nor runs."""
    entries = _patiently(watch.queue.entries)
    lost = [one for one in entries.values() if one.state is State.RUNNING and not watch.queue.has_process(one)]
    if lost:
        watch.queue.give_up(lost)
        entries = _patiently(watch.queue.entries)
    for trial in watch.waiting.values():
        entry = entries.get(trial.name)
        if entry and entry.state in (State.QUEUED, State.RUNNING):
            continue
        with _uninterrupted():
            # Each once: DVC would drop another one for the second time. A failed one is among those of all commits.
            watch.queue.remove(watch.queue.failed_before(trial.name))
            watch.queue.remove([entry] if entry and entry.state is State.DONE else [])
            watch.queue.put(trial, TARGET, copied)


def _watch(watch: Watch, bar: ProgressBar, workers: int, threads: int) -> None:
    """Wait until every trial has ended."""
    busy, starts = time.monotonic(), 0
    while watch.waiting:
        time.sleep(POLL)
        finished, entries = _patiently(watch.queue.finished), _patiently(watch.queue.entries)
        for trial in list(watch.waiting.values()):
            outcome = _outcome(watch, trial, finished.get(trial.name, ""), entries.get(trial.name))
            if outcome:
                del watch.waiting[trial.name]
                watch.outcomes[trial.name] = outcome
                watch.ended_here += 1
                log(_line(watch, outcome))
                bar(1)
        running = [one.name for one in entries.values() if one.name in watch.waiting and one.state is State.RUNNING]
        bar(0, f"{len(running)} running")
        if running or not watch.queue.is_idle():
            busy, starts = time.monotonic(), 0
        elif watch.waiting and time.monotonic() - busy > IDLE:
            if starts == STARTS:
                folder = watch.queue.root / ".dvc/tmp/exps/celery"
                raise PoetError(f"no worker takes an experiment; what they say is in {folder}/*.out")
            watch.queue.start_workers(min(workers, len(watch.waiting)), threads)
            busy, starts = time.monotonic(), starts + 1


def _patiently(look: Callable[[], Found]) -> Found:
    """What `look` finds in the queue, while workers change the files in which DVC keeps it."""
    from dvc.exceptions import DvcException

    for _ in range(LOOKS - 1):
        try:
            return look()
        except (OSError, ValueError, DvcException):
            time.sleep(POLL)  # a file was being replaced; what lasts is raised below
    return look()


def _outcome(watch: Watch, trial: Trial, commit: str, entry: Entry | None) -> Outcome | None:
    """What became of `trial`, by its `commit` ("" before it has one) and its `entry` in the queue; None before that."""
    if commit:
        try:
            figures = read_figures(watch.queue.repo, commit, trial, watch.reports, watch.models)
        except PoetError as error:
            return Outcome(trial=trial, problem=error.format_message(), log=entry.log if entry else None)
        return Outcome(trial=trial, figures=figures)
    if entry and entry.state is State.FAILED:
        return Outcome(trial=trial, problem=last_error(entry.log), log=entry.log)
    # The others are states that end by themselves, or else something is wrong.
    if entry and (entry.state is State.QUEUED or watch.queue.has_process(entry)):
        watch.since.pop(trial.name, None)
        return None
    age = time.monotonic() - watch.since.setdefault(trial.name, time.monotonic())
    if entry and age > LOST:
        watch.queue.give_up([entry])
    if not entry and age > REMOVED:
        return Outcome(trial=trial, problem="somebody took it out of the queue")
    return None


def last_error(path: Path | None) -> str:
    """The message with which the log at `path` ends, in one line."""
    words = path.read_text(encoding="utf-8", errors="replace") if path and path.is_file() else ""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    found = [line for line in lines if line.startswith("Error: ")] or [line for line in lines if "ERROR: " in line]
    return found[-1].partition(": ")[2] if found else "it ended without a message"


def _line(watch: Watch, outcome: Outcome) -> str:
    """What is said when a trial has ended."""
    bits = ", ".join(f"{one.bits_per_character:.3f}" for one in outcome.figures.values())
    said = f"{bits} bits per character" if bits else f"failed: {outcome.problem}"
    left = (time.monotonic() - watch.began) / watch.ended_here * len(watch.waiting)
    rest = f", about {duration(left)} left" if watch.waiting else ""
    return f"{outcome.trial.name}: {said} ({len(watch.outcomes)} of {watch.total}{rest})"


def _tidy(watch: Watch) -> None:
    """Leave nothing of this sweep in the queue but what failed, whose log people will read."""
    own = watch.outcomes.keys()
    deadline = time.monotonic() + REMOVED
    # An experiment is there a moment before its folder is gone.
    while any(one.name in own and one.state is State.RUNNING for one in _patiently(watch.queue.entries).values()):
        if time.monotonic() > deadline:
            break
        time.sleep(POLL)
    entries = _patiently(watch.queue.entries)
    done = [one for one in entries.values() if one.name in own and one.state is State.DONE]
    with _uninterrupted():
        watch.queue.remove(done)
    watch.queue.dismiss_workers()


def _stop(watch: Watch) -> None:
    """Take the trials that wait out of the queue, and stop those that run; a second Ctrl-C ends the waiting."""
    log("stopping: trainings save their state")
    names, asked = watch.waiting.keys(), set[str]()
    deadline = time.monotonic() + STOPPING
    while time.monotonic() < deadline:
        own = [one for one in _patiently(watch.queue.entries).values() if one.name in names]
        watch.queue.remove([one for one in own if one.state is not State.RUNNING])
        running = [one for one in own if one.state is State.RUNNING]
        if not running:
            break
        # Once: a second Ctrl-C would end a training before its state is saved.
        ready = {one.name for one in running if watch.queue.has_process(one)} - asked
        watch.queue.interrupt(ready)
        asked |= ready
        time.sleep(POLL)
    watch.queue.dismiss_workers()
