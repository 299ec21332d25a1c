"""`make setup` repairs what an interrupted or impossible setup left, and the Makefile keeps to what old makes know."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.clone import ROOT

# What GNU make learned after version 3.81, which macOS has.
NEWER = r"^\.ONESHELL|^private |^undefine |!=|::=|\$\((file|guile|let|intcmp) |^define .*[:?+]?=\s*$"


def setup(folder, **variables):
    """`make setup` in `folder` without a package index, so that nothing is installed; returns what it printed."""
    words = ["make", "setup", "UV=", *(f"{key}={value}" for key, value in variables.items())]
    environment = os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
    result = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode
    return result.stdout + result.stderr


@pytest.fixture
def project(tmp_path):
    """A folder that `make setup` can begin in."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_makefile_needs_no_newer_make_and_no_exported_path():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert not re.findall(NEWER, text, re.MULTILINE)
    assert "\nexport" not in text
    for line in re.findall(r"^\t@?(\w+)", text, re.MULTILINE):
        assert line in {"grep", "echo", "rm", "touch", "if", "fi"}, f"{line} must be found in $(BIN)"


def test_without_ensurepip_it_says_what_to_install(project):
    """As Debian's Python without python3-venv, which fails after it has made half of the folder."""
    python = project / "python"
    python.write_text('#!/bin/sh\nmkdir -p "$3/bin" && ln -sf /nonexistent "$3/bin/python"\nexit 1\n', encoding="utf-8")
    python.chmod(0o755)
    printed = setup(project, PYTHON=python)
    assert "install python3-venv" in printed and not (project / ".venv").exists()


@pytest.mark.slow
@pytest.mark.parametrize("half_made", ["no interpreter", "no pip"])
def test_a_half_made_environment_is_repaired(project, half_made):
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/bin/python").symlink_to("/nonexistent" if half_made == "no interpreter" else "/bin/true")
    setup(project, PYTHON=sys.executable)
    python = project / ".venv/bin/python"
    assert (
        "pip" in subprocess.run([python, "-m", "pip", "--version"], capture_output=True, text=True, check=True).stdout
    )
