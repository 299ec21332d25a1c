"""Several training processes on this machine: started together, ended together, and started again when one was killed.

torchrun does this too, but all attempts share one store, in which a restarted worker may find keys of the attempt
before (pytorch#135712). Here every attempt has new processes and a new store. `leave_world` says why workers sometimes
did not end.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch.distributed as dist

from poet.errors import Interrupted, TrainingError
from poet.progress import log
from poet.training.distributed import LAUNCHED, STOP_SIGNALS, check_processes

# How often a training is started again after a process was killed, by the system for want of memory or by somebody.
RESTARTS = 3

# Seconds that the other processes get to end by themselves, with a message of their own, when one has failed.
GRACE = 10.0


def launch(module: str, processes: int, device: str) -> None:
    """Run `module` in `processes` processes with this process's command line, and wait for them.

    `device` is the value of `train.device`. When a process was killed by a signal, all are started again and go on from
    the last snapshot. Raises ConfigError if there are too few devices, TrainingError when a process fails by itself or
    is killed again and again. A stop request is passed on, and ends this process like an interrupted training.
    """
    check_processes(device, processes)
    for restart in range(RESTARTS + 1):
        codes = _run(module, processes)
        if not any(codes):
            return
        # The processes have said at which step they stopped.
        if Interrupted.exit_code in codes:
            sys.exit(Interrupted.exit_code)
        # An error of its own would come back after a restart. A signal is negative here.
        killed = [(rank, -code) for rank, code in enumerate(codes) if code < 0]
        if not killed or restart == RESTARTS:
            break
        rank, number = killed[0]
        log(
            f"training process {rank} was ended by {_name(number)}; all {processes} start again from the last snapshot "
            f"({restart + 1} of {RESTARTS} restarts)"
        )
    raise TrainingError(
        f"one of the {processes} training processes ended early, so the others were stopped; its own message is "
        "above. `dvc repro` continues from the last snapshot."
        + (f" {RESTARTS} restarts ended the same way: is there enough memory?" if killed else "")
    )


def _run(module: str, processes: int) -> list[int]:
    """The exit codes of `processes` new processes, by rank; 0 for one that ended only because another failed."""
    # Through the store the processes find each other. It lives here, so it outlives each of them.
    store = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)  # type: ignore[attr-defined]
    workers = []
    for rank in range(processes):
        # A session of its own: Ctrl-C reaches this process only, which passes it on once.
        command, environment = [sys.executable, "-m", module, *sys.argv[1:]], _environment(rank, processes, store.port)
        workers.append(subprocess.Popen(command, env=environment, start_new_session=True))
    try:
        with _signals_for(workers):
            return _wait(workers)
    finally:
        # Nothing may go on in the background if this process fails.
        for worker in workers:
            worker.kill()


def _environment(rank: int, processes: int, port: int) -> dict[str, str]:
    """The variables of one process, with the names that torchrun uses."""
    # Threads of all processes together use every core once.
    threads = str(max(1, (os.cpu_count() or 1) // processes))
    return {
        "OMP_NUM_THREADS": threads,
        **os.environ,
        LAUNCHED: str(os.getpid()),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(processes),
        "LOCAL_WORLD_SIZE": str(processes),
    }


def _wait(workers: "list[subprocess.Popen[bytes]]") -> list[int]:
    """Wait until all have ended; when one has failed, end those that do not follow within GRACE seconds."""
    ended: dict[int, int] = {}
    deadline = float("inf")
    while len(ended) < len(workers) and time.monotonic() < deadline:
        time.sleep(0.05)
        ended |= {rank: code for rank, worker in enumerate(workers) if (code := worker.poll()) is not None}
        if any(ended.values()):
            deadline = min(deadline, time.monotonic() + GRACE)
    # A process that waits for a dead one in a collective operation may wait for ever.
    for rank, worker in enumerate(workers):
        if rank not in ended:
            worker.kill()
            worker.wait()
    return [ended.get(rank, 0) for rank in range(len(workers))]


@contextmanager
def _signals_for(workers: "list[subprocess.Popen[bytes]]") -> Iterator[None]:
    """Pass stop requests on to `workers` inside the `with` block: whoever stops the stage knows this process only."""

    def pass_on(number: int, frame: object) -> None:
        for worker in workers:
            worker.send_signal(number)

    previous = {number: signal.signal(number, pass_on) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _name(number: int) -> str:
    """The name of a signal.

    >>> _name(9)
    'SIGKILL'
    """
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
