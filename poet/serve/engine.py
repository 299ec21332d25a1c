"""The engine of a server: one thread that owns torch and writes all requests to one model in one running batch.

    Engine.write -> a helper encodes the prompt -> a queue -> the batch, token by token -> a Ticket -> its reader

A request that leaves frees its place at the next token. An error in one request ends that request alone. An error of
the whole batch ends all of them, and the engine says so from then on.
"""

import threading
import time
import traceback
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import click

from poet.device.threads import use_threads
from poet.errors import PoetError
from poet.generation.batching import Batch, Row
from poet.generation.ending import Ending
from poet.serve.answers import Poet
from poet.serve.jobs import Job, Order, Workshop
from poet.serve.request import Writing
from poet.serve.tickets import Done, Event, Ticket, wake
from poet.terminal import printable

# One thread: a step of a small model is many small operations, and two threads wait for each other at each of them. It
# also makes a text independent of the texts beside it (poet/generation/rows.py).
THREADS = 1

CLOSING = "the server is closing"


class Busy(PoetError):
    """The engine takes no request now; it may later."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What an engine is doing: requests that are written, requests that wait, tokens and texts written in all.

    `fault` says why it can write no more; empty while it can.
    """

    running: int
    waiting: int
    tokens: int
    texts: int
    fault: str


class Engine:
    """Writes up to `places` texts of `poet` at once; `waiting` more requests may wait for a place."""

    def __init__(self, poet: Poet, *, places: int = 16, waiting: int = 64, threads: int = THREADS) -> None:
        self.poet, self.places, self.waiting, self.threads = poet, places, waiting, threads
        self._workshop = Workshop(poet)
        # All below is shared between threads and guarded by this condition, but what only the engine's thread touches.
        self._changed = threading.Condition()
        self._open: dict[Ticket, Job] = {}  # every request that has not ended, in the order in which they came
        self._ready: deque[Job] = deque()  # those that are encoded and wait for a place
        self._closing, self._deadline, self._fault = False, 0.0, ""
        # These are the engine's thread's own.
        self._batch = Batch(poet.trained.model, places)
        self._running: dict[Row, Job] = {}
        self._tokens = self._texts = 0
        # Encoding a long prompt takes milliseconds, making a guard a tenth of a second. Nobody else waits for that.
        self._helper = ThreadPoolExecutor(1, thread_name_prefix="poet-prompts")
        self._thread = threading.Thread(target=self._run, name="poet-engine", daemon=True)
        self._thread.start()

    @property
    def figures(self) -> Figures:
        """What the engine is doing now."""
        with self._changed:
            running = len(self._running)
            waiting = max(0, len(self._open) - running)
            return Figures(running=running, waiting=waiting, tokens=self._tokens, texts=self._texts, fault=self._fault)

    def write(
        self,
        prompt: str,
        writing: Writing,
        forced: Mapping[int, int] | None = None,
        *,
        trace: bool = True,
        alternatives: int = 0,
        ending: Ending | None = None,
    ) -> Ticket:
        """Have `prompt` continued; returns at once.

        The text is that of `stream_texts` with these settings. `forced`, `alternatives`: as in `Request`. `trace`: name
        the books of its passages, if there is an index. Busy when too many requests wait or the engine is closing,
        PoetError when it has failed.
        """
        order = Order(
            prompt=prompt,
            writing=writing,
            forced=dict(forced or {}),
            trace=trace,
            alternatives=alternatives,
            ending=ending,
        )
        job = Job(self._workshop, order, Ticket(self._leave))
        with self._changed:
            if self._fault:
                raise PoetError(self._fault)
            if self._closing:
                raise Busy(CLOSING)
            if len(self._open) >= self.places + self.waiting:
                raise Busy(f"busy: {self.places} texts are being written and {self.waiting} wait. Try again soon.")
            self._open[job.ticket] = job
            self._helper.submit(self._prepare, job)
        return job.ticket

    def close(self, grace: float) -> None:
        """Take no new request, let the texts that are being written end within `grace` seconds, and end the thread.

        What waits ends with an error, what is not finished in time as stopped.
        """
        with self._changed:
            self._closing, self._deadline = True, time.monotonic() + grace
            self._changed.notify()
        self._thread.join()
        self._helper.shutdown()

    def _leave(self, ticket: Ticket) -> None:
        """Called by the reader of `ticket`."""
        with self._changed:
            self._open.pop(ticket, None)
            self._ready = deque(job for job in self._ready if job.ticket is not ticket)

    def _prepare(self, job: Job) -> None:
        """Encode the prompt of `job`, in the helper's thread."""
        try:
            if not job.ticket.left:
                job.request = self._workshop.request(job.order)
        except Exception as error:
            _report(error)
            self._end(job, job.failed(error))
            return
        with self._changed:
            if job.ticket in self._open:
                self._ready.append(job)
                self._changed.notify()

    def _end(self, job: Job, *events: Event) -> None:
        """The last events of `job`."""
        job.ticket.put(events)
        with self._changed:
            self._open.pop(job.ticket, None)
            self._texts += 1
        wake([job.ticket])

    def _run(self) -> None:
        """The engine's thread."""
        message = CLOSING
        try:
            use_threads(self.threads)
            while self._take_in():
                self._step()
        except Exception as error:
            _report(error)
            message = f"the engine failed ({type(error).__name__}). Start the server again."
            with self._changed:
                self._fault = message
        with self._changed:
            self._closing = True
            jobs = list(self._open.values())
            running = set(self._running.values())
            self._running.clear()
        for job in jobs:
            stopped = job in running and not self._fault
            self._end(job, job.done("stopped") if stopped else job.done("error", message))

    def _take_in(self) -> bool:
        """Let requests leave and join the batch, and wait where there is none; False when the thread is to end."""
        for row, job in list(self._running.items()):
            if job.ticket.left:
                self._drop(row)
        joining: list[Job] = []
        with self._changed:
            while not (self._running or self._ready or self._closing):
                self._changed.wait()
            if self._closing and (not self._running or time.monotonic() >= self._deadline):
                return False
            while self._ready and len(joining) < self._batch.free and not self._closing:
                joining.append(self._ready.popleft())
        for job in joining:
            try:
                assert job.request is not None
                row = self._batch.join(job.request)
            except PoetError as error:
                self._end(job, job.failed(error))
            else:
                with self._changed:
                    self._running[row] = job
        return True

    def _step(self) -> None:
        """Write one token of every request."""
        told: list[Ticket] = []
        for row, chosen in self._batch.step():
            job = self._running[row]
            events: list[Event]
            if isinstance(chosen, Exception):
                events = [job.failed(_report(chosen))]
            else:
                self._tokens += 1
                # What fails here has to do with this one text.
                try:
                    events = job.take(chosen)
                except Exception as error:
                    events = [job.failed(_report(error))]
            if isinstance(events[-1], Done):
                self._drop(row)
                self._end(job, *events)
            else:
                job.ticket.put(events)
                told.append(job.ticket)
        wake(told)

    def _drop(self, row: Row) -> None:
        self._batch.leave(row)
        with self._changed:
            del self._running[row]


def _report(error: Exception) -> Exception:
    """Show our own fault to whoever runs the server; errors of a request go to its reader alone."""
    if not isinstance(error, PoetError):
        click.echo(printable("".join(traceback.format_exception(error))), err=True)
    return error
