"""The program of the worker as text: small files, which reach for nothing outside of the page."""

import re
import subprocess

import pytest

from poet.export.html import PAGE, PROGRAM, worker_program
from tests.export.engine.node import NODE


@pytest.mark.parametrize("name", PROGRAM)
def test_every_file_is_small_strict_and_says_what_it_holds(name):
    lines = (PAGE / name).read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 320 and max(map(len, lines)) <= 120
    assert lines[0] == '"use strict";' and lines[1].startswith("/* ")


@pytest.mark.parametrize("name", PROGRAM)
def test_every_file_is_a_script_of_its_own(name):
    if NODE is None:
        pytest.skip("Node is not installed")
    subprocess.run([NODE, "--check", str(PAGE / name)], check=True)


def test_it_reaches_for_nothing_outside_and_makes_no_code():
    assert not re.findall(
        r"\b(?:fetch|XMLHttpRequest|importScripts|import|eval|Function|innerHTML)\b", worker_program()
    )
    assert "http" not in worker_program()


def test_no_name_is_defined_twice():
    """The files share their top-level names."""
    names = re.findall(r"^(?:class|const|let|async function|function\*?) (\w+)", worker_program(), re.MULTILINE)
    assert len(names) == len(set(names)) > 40
