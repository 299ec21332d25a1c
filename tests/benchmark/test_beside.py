"""The command that measures what another program costs leaves no program behind."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from poet.benchmark.beside import LOOP, busy_program, main


def test_the_program_runs_inside_the_block_only():
    with pytest.raises(KeyError), busy_program() as program:
        assert program.poll() is None
        raise KeyError
    assert program.poll() is not None


def test_the_program_ends_when_whoever_started_it_is_gone():
    subprocess.run([sys.executable, "-c", LOOP, "0"], check=True, timeout=60)  # 0 is no process that starts another


def test_the_command_compares_alone_and_beside():
    result = CliRunner().invoke(main, ["--rounds", "1"], catch_exceptions=False)
    assert result.exit_code == 0
    rows = [line for line in result.output.splitlines() if line.startswith(("| a step", "| 16 texts"))]
    assert len(rows) == 2 and all(row.count(" s |") == 2 for row in rows)
