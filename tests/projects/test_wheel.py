"""The wheel alone: it takes one name, and goes from `poet init` to a report where this repository is not installed.

The environment is a fresh one. It borrows the libraries of the tests' own, because installing PyTorch takes minutes.
"""

import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from poet.projects.lock import code_hash
from poet.projects.pipeline import make_pipeline
from poet.projects.template import COPIED
from tests.clone import ENVIRONMENT, ROOT
from tests.shrink import SMALL
from tests.texts import babble

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this working tree."""
    folder = tmp_path_factory.mktemp("wheel")
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", *words, str(ROOT)], check=True)
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def sh(wheel, tmp_path_factory):
    """Runs shell commands where the wheel is installed, and returns what they printed."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, symlinks=True)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(place), "platbase": str(place)}))
    # Only the folder itself: what else lies in it to be read at the start, such as the path to this repository, is not.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    words = ["--python", str(place / "bin/python"), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    environment = {key: value for key, value in ENVIRONMENT.items() if key != "PYTHONPATH"}
    environment["PATH"] = f"{place / 'bin'}{os.pathsep}{environment['PATH']}"

    def run(command, folder, *, fails=False):
        words = {"cwd": folder, "env": environment, "text": True, "stdout": subprocess.PIPE}
        result = subprocess.run(command, shell=True, check=False, stderr=subprocess.STDOUT, **words)
        assert (result.returncode != 0) == fails, result.stdout
        return result.stdout

    run.site = site
    return run


def test_the_wheel_takes_one_name_and_has_all_that_a_project_needs(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names} == {"poet", "torch_transformer_poet-0.1.0.dist-info"}
    stages = {path.name for path in (ROOT / "stages").glob("*.py")}
    assert {name.removeprefix("poet/stages/") for name in names if name.startswith("poet/stages/")} == stages
    files = {name.removeprefix("poet/projects/files/") for name in names if name.startswith("poet/projects/files/")}
    assert files == {*COPIED, "params.yaml", "dvc.yaml"}
    listed = subprocess.run(["git", "ls-files", "poet"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(listed.split()) <= names


def test_from_init_to_a_report_and_on_to_an_upgrade(sh, tmp_path):
    texts = tmp_path / "texts"
    texts.mkdir()
    for i in range(3):
        (texts / f"Book {i} - An Author - en.txt").write_text(babble(i, 9000), encoding="utf-8")
    assert "3 of 3 files used" in sh("poet init shelf --folder texts", tmp_path)
    project = tmp_path / "shelf"
    yaml = YAML()
    params = yaml.load(project / "params.yaml")
    for section, values in SMALL.items():
        params[section] |= values
    yaml.dump(params, project / "params.yaml")
    code = sh("python -c 'import poet, sys; print(poet.__file__); import stages'", project, fails=True)
    assert code.startswith(str(sh.site)) and "No module named 'stages'" in code

    # As its page says, but for the last command, which waits for somebody who writes.
    sh("git commit --quiet --all --message small", project)
    page = (project / "README.md").read_text(encoding="utf-8")
    *commands, last = "".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)).splitlines()
    assert last == "poet write"
    for command in commands:
        sh(command, project)
    for page in ("index.html", "shelf/index.html", "shelf/poet.html"):
        assert "<html" in (project / "reports" / page).read_text(encoding="utf-8")
    assert sh("git status --short", project) == "", "git has all that DVC does not keep"
    assert "up to date" in sh("python -m dvc repro", project)
    assert "old" in sh("poet generate 'The old ' --tokens 20", project)

    # The repository and the wheel agree on what a stage is.
    pipeline = make_pipeline()
    lock = YAML(typ="safe").load(project / "poet.lock.json")["code"]
    assert lock == {name: code_hash(paths) for name, paths in pipeline.code.items()}

    # Another version is installed, in which one page of the report says something else.
    template = sh.site / "poet/report/templates/costs.html"
    template.write_text(template.read_text(encoding="utf-8") + "<p>another version</p>", encoding="utf-8")
    assert "other code in: report\n" in sh("poet check", project).replace(". `poet upgrade` takes it over", "")
    refused = sh("python -m dvc repro --force --single-item report", project, fails=True)
    assert "Run `poet upgrade` to take the installed one" in refused
    assert "runs them again: report\n" in sh("poet upgrade", project)
    # The start page reads the summary that the report writes.
    assert running(sh("python -m dvc repro", project)) in (["report@shelf"], ["report@shelf", "start_page"])
    assert "another version" in (project / "reports/shelf/index.html").read_text(encoding="utf-8")


def running(said):
    """The stages of which DVC said that they run."""
    return [line.split("'")[1] for line in said.splitlines() if line.startswith("Running stage")]


def test_books_of_the_mirror(sh, mirror, tmp_path):
    assert "Pride and Prejudice" in sh(f"poet init austen --books 1342,158 --mirror '{mirror}'", tmp_path)
    sh("python -m dvc repro clean@austen", tmp_path / "austen")
    assert len(list((tmp_path / "austen/data/clean/austen").glob("*.txt"))) == 2
