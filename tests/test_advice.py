"""The advice for damaged files, followed to the letter in a real DVC repository: the damage is gone afterwards."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from poet.errors import rebuild

MAKE = "import pathlib; p = pathlib.Path('data'); p.mkdir(exist_ok=True); (p / 'train.bin').write_bytes(b'good' * 1000)"
USE = "import pathlib, sys; sys.exit(pathlib.Path('data/train.bin').read_bytes() != b'good' * 1000)"
STAGES = """stages:
  make: {cmd: python make.py, deps: [make.py], outs: [data]}
  use: {cmd: python use.py, deps: [use.py, data]}
"""


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A function that runs shell commands in a new DVC repository with two stages."""
    programs = str(Path(sys.executable).parent)
    about = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "DVC_NO_ANALYTICS": "1", "HOME": str(tmp_path)}
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("DVC_", "GIT_"))} | about
    (tmp_path / "repository").mkdir()

    def run(commands: str) -> int:
        return subprocess.run(
            ["bash", "-c", commands], cwd=tmp_path / "repository", env=environment, capture_output=True, check=False
        ).returncode

    for name, content in {"make.py": MAKE, "use.py": USE, "dvc.yaml": STAGES}.items():
        (tmp_path / "repository" / name).write_text(content, encoding="utf-8")
    run.folder = tmp_path / "repository"
    assert run("git init -q && dvc init -q") == 0
    return run


def damage(path: Path) -> None:
    """Flip a bit as a bad disk does: size, mode and times stay."""
    about = path.stat()
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    with path.open("r+b") as file:
        file.write(content)
    path.chmod(about.st_mode)
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


@pytest.mark.slow
@pytest.mark.parametrize("link", ["hardlink", "symlink", "copy"])
def test_the_advice_works_and_what_was_said_before_does_not(shell, link):
    assert shell(f"dvc config cache.type {link} && dvc repro -q") == 0
    (cached,) = [path for path in shell.folder.glob(".dvc/cache/files/md5/*/*") if path.stat().st_size == 4000]
    damage(cached)
    if link == "copy":
        damage(shell.folder / "data/train.bin")
    # Another use of the data, so that it is read again.
    (shell.folder / "use.py").write_text(USE + "\n", encoding="utf-8")
    assert shell("rm -r data; dvc repro -q") != 0, "DVC gives the damage back"

    # The command stands in the message on a line of its own.
    (command,) = [line for line in rebuild(Path("data")).splitlines() if line.startswith("  ")]
    assert shell(f"{command.strip()} && rm -r data; dvc repro -q") == 0
    assert (shell.folder / "data/train.bin").read_bytes() == b"good" * 1000
    assert shell("rm -r data; dvc checkout -q && python use.py") == 0, "the cache is right again"


@pytest.mark.slow
def test_the_advice_works_with_a_remote(shell, tmp_path):
    assert (
        shell(f"dvc config cache.type hardlink && dvc remote add -d r {tmp_path / 'r'} && dvc repro -q && dvc push")
        == 0
    )
    damage(shell.folder / "data/train.bin")
    assert shell("rm -r data; dvc pull -q && python use.py") != 0, "DVC takes it from its cache"
    (command,) = [line for line in rebuild(Path("data")).splitlines() if line.startswith("  ")]
    assert shell(f"{command.strip()} && rm -r data; dvc pull -q && python use.py") == 0


@pytest.mark.slow
def test_a_copy_alone_needs_only_the_first_half(shell):
    assert shell("dvc config cache.type copy && dvc repro -q") == 0
    damage(shell.folder / "data/train.bin")
    (shell.folder / "use.py").write_text(USE + "\n", encoding="utf-8")
    assert shell("rm -r data; dvc repro -q") == 0
