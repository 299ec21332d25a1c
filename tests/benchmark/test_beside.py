"""The command that measures what other programs cost leaves none of them behind."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from poet.benchmark.beside import busy, main


def children():
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="utf-8").split())


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system does not list processes there")
def test_programs_run_inside_the_block_only():
    before = children()
    with pytest.raises(KeyError), busy(2):
        assert len(children() - before) == 2
        raise KeyError
    assert children() <= before


def test_the_command_compares_alone_and_beside():
    result = CliRunner().invoke(main, ["--rounds", "1"], catch_exceptions=False)
    assert result.exit_code == 0
    rows = [line for line in result.output.splitlines() if line.startswith(("| a step", "| 16 texts"))]
    assert len(rows) == 2 and all(row.count(" s |") == 2 for row in rows)
