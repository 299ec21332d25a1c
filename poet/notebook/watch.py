"""A command that is run from a notebook; while it trains, the curve of the loss grows below the cell.

The records of a training are read from its spool (`poet.tracking.spool`), which gets new ones with each snapshot.
"""

import collections
import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from poet.errors import PoetError
from poet.project import require_project, state_folder
from poet.report.charts import CURVE_POINTS, Line, line_chart, thin
from poet.report.render import render_part
from poet.terminal import printable
from poet.tracking.figures import TRAINING
from poet.tracking.spool import SPOOL, is_training, read_records

# Lines of the command that are shown, its last ones.
LINES = 12

# Seconds between two looks at the records.
EVERY = 2.0


@dataclass(kw_only=True)
class Progress:
    """What a command printed, and the measurements of the newest training in the folder `spools` since `started`.

    `started` is in seconds since 1970.
    """

    spools: Path
    started: float
    lines: collections.deque[str] = field(default_factory=lambda: collections.deque(maxlen=LINES))
    # By key of `TRAINING` and by step; a training that resumes records the steps after its snapshot again.
    measured: dict[str, dict[int, float]] = field(default_factory=lambda: collections.defaultdict(dict))
    sample: str = ""
    # The spool that was read, and up to which byte.
    spool: Path | None = None
    offset: int = 0

    def read(self, output: IO[str]) -> None:
        """Take in what the command has printed to `output`, and the training recorded, since the last time."""
        self.lines.extend(line.rstrip() for line in output)
        written = [path for path in self.spools.glob("*.jsonl") if is_training(path)]
        new = {path: at for path in written if (at := path.stat().st_mtime) >= self.started}
        if not new:
            return
        newest = max(new, key=lambda path: new[path])
        if newest != self.spool:
            self.spool, self.offset, self.sample = newest, 0, ""
            self.measured.clear()
        for record, offset in read_records(newest, self.offset):
            self.offset = offset
            if record is None:  # damaged
                continue
            for key, value in record.get("metrics", {}).items():
                self.measured[key][record["step"]] = value
            if str(record.get("path", "")).startswith("samples/step-"):
                self.sample = record["text"]

    def _repr_html_(self) -> str:
        def points(name: str) -> list[tuple[float, float]]:
            return sorted((float(step), value) for step, value in self.measured[TRAINING[name]].items())

        loss, unseen, bits = (points(name) for name in ("train_loss", "validation_loss", "bits_per_character"))
        curves = [
            Line(name="training text", points=thin(loss, CURVE_POINTS)),
            Line(name="unseen text", points=unseen),
        ]
        return render_part(
            "notebook_progress.html",
            chart=line_chart("Loss", "step", "nats per token", curves) if loss else None,
            bits=bits[-1] if bits else None,
            sample=self.sample,
            lines=[printable(line) for line in self.lines],
        )


def watch(command: str) -> None:
    """Run `command` in the root of the project, and show what it prints and how its training goes.

    Where the cell is interrupted, the command gets Ctrl-C: a training saves its state, and the same cell goes on with
    it. PoetError where the command fails.
    """
    from IPython.display import display

    root = require_project()
    # Whole seconds: some file systems keep no parts of one.
    progress = Progress(spools=state_folder(root, SPOOL), started=int(time.time()))
    shown: Any = display(progress, display_id=True)  # type: ignore[no-untyped-call]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "output"
        # Not a pipe: what the command leaves running in the background would hold it open.
        with path.open("wb") as written, path.open(encoding="utf-8", errors="replace") as output:
            process = subprocess.Popen(
                shlex.split(command),
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                # Jupyter interrupts the whole group of the kernel, and a second Ctrl-C would end a training at once.
                start_new_session=True,
            )
            try:
                while process.poll() is None:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(EVERY)
                    progress.read(output)
                    shown.update(progress)
            except KeyboardInterrupt:
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    os.killpg(process.pid, signal.SIGINT)
                process.wait()
                raise
            finally:
                # What it wrote at its end may have come after the last look.
                progress.read(output)
                shown.update(progress)
    if process.returncode:
        raise PoetError(f"`{command}` failed; the reason stands above.")
