"""`poet serve` as a process of its own."""

import contextlib
import os
import subprocess
import sys

from tests.clone import ROOT


@contextlib.contextmanager
def served(*options, names="model", port=0, **environment):
    """`poet serve` with `options`, and its address without the last slash; `names` are those of its models."""
    command = [sys.executable, "-m", "poet.cli", "serve", "--port", str(port), *map(str, options)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | environment,
    )
    try:
        line = process.stdout.readline()
        assert line.startswith(f"{names}: http://"), line + process.stderr.read()
        yield process, line.split(": ")[1].split(" ;")[0].rstrip("/")
    finally:
        # Also one that a test has halted, or that waits for texts that nobody reads.
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
