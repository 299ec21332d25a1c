"""The notebook's installation keeps the PyTorch that the machine has, or says that it is too old."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version

import pytest

from tests.clone import ROOT
from tests.test_setup import BACKEND, SMALL

SCRIPT = ROOT / "notebooks" / "install.py"


@pytest.mark.parametrize("has_torch", [True, False])
def test_only_the_line_of_pytorch_changes(has_torch):
    """Without site-packages, no PyTorch is installed."""
    code = (
        "import runpy, sys; script = runpy.run_path(sys.argv[1]); "
        "sys.stdout.write(script['constraints'](script['installed']()))"
    )
    command = [sys.executable, *([] if has_torch else ["-S"]), "-c", code, str(SCRIPT)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    expected = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert re.search(r"^torch==", expected, re.MULTILINE)
    if has_torch:
        expected = re.sub(r"^torch==.*$", f"torch=={version('torch')}", expected, flags=re.MULTILINE)
    assert shown == expected


@pytest.mark.slow
@pytest.mark.parametrize(("installed", "kept"), [("2.11.0+cu128", True), ("1.13.1", False)])
def test_pip_keeps_the_installed_pytorch_or_refuses(tmp_path, installed, kept):
    """The project is a small one that needs torch>=2; without an index, nothing could replace what there is."""
    for name, text in {"backend.py": BACKEND, "pyproject.toml": SMALL, "constraints.txt": "torch==2.13.0\n"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "notebooks").mkdir()
    script = shutil.copy(SCRIPT, tmp_path / "notebooks")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    (packages,) = (tmp_path / "env").glob("lib/python*/site-packages")
    (packages / f"torch-{installed}.dist-info").mkdir()
    for name, text in {"METADATA": f"Metadata-Version: 2.1\nName: torch\nVersion: {installed}\n", "RECORD": ""}.items():
        (packages / f"torch-{installed}.dist-info" / name).write_text(text, encoding="utf-8")
    environment = os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
    result = subprocess.run(
        [tmp_path / "env/bin/python", script], env=environment, capture_output=True, text=True, check=False
    )
    assert (result.returncode == 0) == kept, result.stderr
    assert bool(list(packages.glob("small-1*"))) == kept and list(packages.glob(f"torch-{installed}*"))
    assert kept or f"cannot be installed beside PyTorch {installed}; pyproject.toml" in result.stderr
