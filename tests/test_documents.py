"""docs/architecture.md, CONTRIBUTING.md and .ci say what is so: files exist, the rooms are the rooms."""

import re
import subprocess

import pytest

from tests.clone import ROOT
from tests.imports import MAY_IMPORT

ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
# What the pipeline writes: named in the documents, not in git.
MADE = ("data/", "models/", "reports/")


def named_paths(text: str) -> set[str]:
    """Every path in backquotes or behind a link that has a folder in it."""
    quoted = re.findall(r"`((?:poet|stages|tests|docs|data|models|reports)/[\w./<>-]*)`", text)
    linked = re.findall(r"\]\(\.?\.?/?([\w./-]+)\)", text)
    return {*quoted, *linked}


@pytest.mark.parametrize("document", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_file_that_is_named_exists(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    named = {path for path in named_paths(text) if not path.startswith(MADE)}
    assert len(named) >= 2
    # A link may also lead to a neighbour of the document.
    places = (ROOT, (ROOT / document).parent)
    assert {path for path in named if not any((place / path).exists() for place in places)} == set()


def test_functions_that_are_named_exist():
    """A name in backquotes before "(`file`)" or "in `file`" stands in that file."""
    for name, path in re.findall(r"`(\w+)`[^`|]{0,12}\(?`(poet/[\w/]+\.py)`", ARCHITECTURE):
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text(encoding="utf-8")), f"{name} in {path}"


def test_the_picture_shows_every_room():
    (picture,) = re.findall(r"```text\n(.*?)```", ARCHITECTURE, re.DOTALL)
    shown = re.findall(r"^  (\w+)/", picture, re.MULTILINE)
    listed = subprocess.run(["git", "ls-files", "poet"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    rooms = {name.split("/")[1] for name in listed.splitlines() if name.count("/") > 1}
    assert sorted(shown) == sorted(rooms)
    ground = re.findall(r"^  ((?:\w+\.py )+)", picture, re.MULTILINE)[0].split()
    assert set(ground) == {name.split("/")[1] for name in listed.splitlines() if name.count("/") == 1} - {"__init__.py"}


def test_the_picture_is_in_the_order_of_the_imports():
    (picture,) = re.findall(r"```text\n(.*?)```", ARCHITECTURE, re.DOTALL)
    order = re.findall(r"^  (\w+)/", picture, re.MULTILINE)
    for room, below in MAY_IMPORT.items():
        for other in below & set(order):
            assert order.index(room) < order.index(other) or (room, other) == ("params", "tokenizers"), (room, other)


@pytest.mark.parametrize("name", ["run", "readme"])
def test_no_check_of_ci_is_passed_over(name):
    """With `set -e`, bash goes on after a command behind `!` whatever it returns: such a check could never fail."""
    script = (ROOT / ".ci" / name).read_text(encoding="utf-8")
    assert "set -euo pipefail" in script
    assert not re.findall(r"^\s*!.*", script, re.MULTILINE)
    shell = "set -e; ! true; echo passed over"
    assert subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True).stdout == "passed over\n"
