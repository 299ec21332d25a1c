"""`make setup` repairs what an interrupted or impossible setup left, and the Makefile keeps to what old makes know."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.clone import ROOT

# What GNU make learned after version 3.81, which macOS has.
NEWER = (
    r"^\.(ONESHELL|RECIPEPREFIX|EXTRA_PREREQS|NOTINTERMEDIATE|WAIT)|^private |^undefine |^load |!=|::=|&:|"
    r"\.SHELLSTATUS|\$\((file|guile|let|intcmp) |^define .*[:?+]?=\s*$"
)


# A project that builds itself: its wheel is one module, `small`, and its backend needs no package.
SMALL = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "small"
version = "1"
dependencies = ["torch>=2"]

[project.optional-dependencies]
formats = []
"""
BACKEND = """\
import pathlib, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    project = pathlib.Path("pyproject.toml").read_text()
    needs = "Requires-Dist: torch>=2\\n" if "torch" in project else ""
    metadata = "Metadata-Version: 2.1\\nName: small\\nVersion: 1\\nProvides-Extra: formats\\n" + needs
    kind = "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files = {"small.py": "", "small-1.dist-info/METADATA": metadata, "small-1.dist-info/WHEEL": kind}
    files["small-1.dist-info/RECORD"] = ""
    with zipfile.ZipFile(pathlib.Path(folder) / "small-1-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return "small-1-py3-none-any.whl"
"""


def make(folder, target, *, fails=False, **variables):
    """`make` in `folder` without a package index, so that nothing is fetched; returns what it printed."""
    words = ["make", target, *(f"{key}={value}" for key, value in variables.items())]
    environment = os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "UV_NO_INDEX": "1", "UV_OFFLINE": "1"}
    result = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode != 0) == fails, result.stdout + result.stderr
    return result.stdout + result.stderr


def setup(folder, *, fails=True, **variables):
    """`make setup` by pip, or by the `UV` of `variables`. The whole project cannot be installed: it needs the index."""
    return make(folder, "setup", fails=fails, **{"UV": ""} | variables)


def script(path, commands):
    """A program at `path` that runs shell commands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{commands}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


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
    python = script(project / "python", 'mkdir -p "$3/bin" && ln -sf /nonexistent "$3/bin/python"; exit 1')
    printed = setup(project, PYTHON=python)
    assert "install python3-venv" in printed and not (project / ".venv").exists()


@pytest.mark.slow
@pytest.mark.parametrize("half_made", ["no interpreter", "no pip"])
def test_a_half_made_environment_is_repaired(project, half_made):
    python = project / ".venv/bin/python"
    if half_made == "no pip":
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", project / ".venv"], check=True)
    else:
        python.parent.mkdir(parents=True)
        python.symlink_to("/nonexistent")
    setup(project, PYTHON=sys.executable)
    assert (
        "pip" in subprocess.run([python, "-m", "pip", "--version"], capture_output=True, text=True, check=True).stdout
    )


@pytest.fixture
def small_project(project):
    """A project with the real Makefile that needs only PyTorch, and can be built without a package index."""
    (project / "backend.py").write_text(BACKEND, encoding="utf-8")
    (project / "pyproject.toml").write_text(SMALL, encoding="utf-8")
    return project


def pretend_torch(project):
    """An environment in which a CPU build of the tested PyTorch is installed, as far as installers can see."""
    subprocess.run([sys.executable, "-m", "venv", project / ".venv"], check=True)
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    version = re.search(r"^torch==(\S+)$", constraints, re.MULTILINE)[1] + "+cpu"
    (packages,) = (project / ".venv").glob("lib/python*/site-packages")
    folder = packages / f"torch-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n", encoding="utf-8")
    (folder / "RECORD").write_text("", encoding="utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_an_installed_cpu_build_of_pytorch_is_kept(small_project, installer):
    """As README says. Without an index, nothing could replace it."""
    uv = shutil.which("uv") if installer == "uv" else ""
    if uv is None:
        pytest.skip("there is no uv on PATH")
    torch = pretend_torch(small_project)
    assert "Nothing" not in setup(small_project, fails=False, UV=uv)
    assert torch.exists() and list(torch.parent.glob("small-1*"))
    assert "Nothing to be done" in setup(small_project, fails=False, UV=uv)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("uv"), reason="there is no uv on PATH")
def test_uv_repairs_a_half_made_environment_and_pip_repairs_one_of_uv(small_project):
    (small_project / "pyproject.toml").write_text(SMALL.replace('"torch>=2"', ""), encoding="utf-8")
    (small_project / ".venv/bin").mkdir(parents=True)
    (small_project / ".venv/bin/python").symlink_to("/nonexistent")
    setup(small_project, fails=False, UV=shutil.which("uv"), PYTHON=sys.executable)
    # uv makes environments without pip.
    (small_project / ".venv/ready").unlink()
    setup(small_project, fails=False, PYTHON=sys.executable)
    subprocess.run([small_project / ".venv/bin/python", "-c", "import pip, small"], check=True)


def test_when_uv_fails_it_says_that_uv_knows_nothing_of_the_settings_of_pip(project):
    uv = script(project / "uv", 'test "$1" = venv && mkdir -p .venv/bin && ln -s /bin/true .venv/bin/python')
    printed = setup(project, UV=uv)
    assert "set UV_DEFAULT_INDEX or UV_FIND_LINKS; or use pip: make setup UV=" in " ".join(printed.split())
    assert not (project / ".venv/ready").exists()


def test_every_target_runs_the_programs_of_the_environment(project):
    """And what runs the stages finds the environment's Python first."""
    for name in ("python", "poet", "dvc", "pytest", "ruff", "mypy"):
        script(project / ".venv/bin" / name, f'echo "{name} $1 with $(command -v python)"')
    for name in ("ready", "ready-team", "ready-dev"):
        (project / ".venv" / name).touch()
    python = project / ".venv/bin/python"
    for target, expected in {
        "repro": ["poet check", f"dvc repro with {python}"],
        "test": [f"pytest -q with {python}"],
        "lint": ["ruff check", "ruff format", "mypy "],
        "ui": [f"poet ui with {python}"],
        "share": [f"poet remote with {python}", f"dvc push with {python}"],
        "fetch": [f"poet remote with {python}", f"dvc pull with {python}"],
    }.items():
        printed = make(project, target)
        for line in expected:
            assert re.search(f"^{re.escape(line)}", printed, re.MULTILINE), printed
