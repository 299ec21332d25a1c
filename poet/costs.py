"""What a stage takes: time, work of the processors, memory.

A stage measures itself: `records_cost` adds the option `--cost` to it, and writes the file that the option names after
all work is done. These files are leaves of the pipeline. Only the report reads them.
"""

import dataclasses
import functools
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import psutil

from poet.errors import DataError
from poet.files import read_json_as, write_json

Main = Callable[..., None]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one run of a stage took.

    `wall_seconds` counts from the start of the process, so that slow imports are in it. `cpu_seconds` is the sum over
    all cores, and over the processes that the stage started and that have ended. `memory_bytes` is the most resident
    memory that one of its processes had. `cuda_bytes` is the most memory that tensors of this process had on GPUs;
    None where it used none.
    """

    wall_seconds: float
    cpu_seconds: float
    memory_bytes: int
    cuda_bytes: int | None = None


def records_cost(main: Main) -> Main:
    """Decorator for the `main` of a stage, below its options: adds `--cost`, the file for what the stage took.

    A stage that fails or is interrupted writes no such file. Without the option, nothing is measured.
    """
    return records_cost_if(lambda: True)(main)


def records_cost_if(is_speaker: Callable[[], bool]) -> Callable[[Main], Main]:
    """As `records_cost`, for a stage that runs in several processes: only where `is_speaker()` holds, one records."""

    def decorate(main: Main) -> Main:
        @functools.wraps(main)
        def measured(*arguments: Any, cost: Path | None, **options: Any) -> None:
            main(*arguments, **options)
            if cost is not None and is_speaker():
                write_json(cost, dataclasses.asdict(cost_so_far()))

        option = click.option("--cost", type=click.Path(path_type=Path), help="What this stage took, as JSON.")
        return option(measured)

    return decorate


def read_costs(folder: Path) -> dict[str, Cost]:
    """What each stage took, by its name, from the files `folder`/<stage>.json; DataError when there are none."""
    costs = {path.stem: read_json_as(path, Cost) for path in sorted(folder.glob("*.json"))}
    if not costs:
        raise DataError(f"{folder} holds no costs of stages. Run `dvc repro` to build it.")
    return costs


def cost_so_far() -> Cost:
    """What this process took since it began, with the processes that it started and that have ended."""
    times = os.times()
    return Cost(
        wall_seconds=round(_age(), 3),
        cpu_seconds=round(times.user + times.system + times.children_user + times.children_system, 3),
        memory_bytes=_most_memory(),
        cuda_bytes=_most_cuda_memory(),
    )


def _age() -> float:
    """Seconds since this process began."""
    if sys.platform == "linux":
        # psutil would be up to a second wrong: it adds the time of the boot, which Linux rounds to a second. The name
        # of the program, in brackets, may hold spaces. The 20th number behind it is the start, in ticks since the boot.
        fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return float(time.time() - psutil.Process().create_time())


def _most_memory() -> int:
    """The most resident memory, in bytes, that this process or one of its ended children had."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource  # Windows has no such module

    # macOS counts bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    own, children = (
        resource.getrusage(who).ru_maxrss * unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return max(high_water_mark() or own, children)


def high_water_mark(process: int | None = None) -> int:
    """The most resident memory of `process` (None: this one) in bytes, from Linux's own record; 0 where there is none.

    On Linux, `ru_maxrss` is wrong for this: a process inherits the figure of the process that started it, and DVC,
    which starts the stages, takes more memory than the smaller ones.
    """
    try:
        text = Path(f"/proc/{process or 'self'}/status").read_text(encoding="utf-8")
    except OSError:  # another system, or a process that has ended
        return 0
    # A process that has just ended has no such line.
    found = re.search(r"^VmHWM:\s*(\d+) kB$", text, re.MULTILINE)
    return 1024 * int(found[1]) if found else 0


def _most_cuda_memory() -> int | None:
    """The most memory of tensors on all GPUs, in bytes; None where this process used no GPU."""
    # Looked up and not imported: most stages do without torch, which takes seconds to import.
    cuda = sys.modules.get("torch.cuda")
    if cuda is None or not cuda.is_initialized():
        return None
    return sum(int(cuda.max_memory_allocated(number)) for number in range(cuda.device_count()))
