"""Files for those who arrive: Dockerfile and development container, forms for issues, citation, changelog."""

import json
import re
import subprocess
import tomllib

import pytest
from ruamel.yaml import YAML

from tests.clone import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
CONTAINER = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))


def yaml(name):
    return YAML(typ="safe").load((ROOT / name).read_text(encoding="utf-8"))


def made_by(commands):
    """The targets of make in shell `commands`, or in the words of a Dockerfile's CMD."""
    return set(re.findall(r"\bmake\"?,? +\"?([a-z-]+)", commands))


def test_containers_run_targets_that_exist():
    instructions = "\n".join(re.findall(r"^(?:RUN|CMD) (?:.*\\\n)*.*", DOCKERFILE, re.MULTILINE))
    installed = re.sub(r"apt-get install [^\\]*", "", instructions)  # make itself
    assert made_by(installed) == {"setup", "repro"} <= TARGETS
    assert made_by(CONTAINER["postCreateCommand"]) == {"setup-dev"} <= TARGETS


def test_a_container_leaves_the_environment_of_its_machine_alone():
    """The folder of the project is that of the machine, whose .venv has programs that do not run in the container."""
    (mount,) = CONTAINER["mounts"]
    place = dict(part.split("=") for part in mount.split(","))
    assert (place["type"], place["target"]) == ("volume", "${containerWorkspaceFolder}/.venv")


def test_containers_have_a_python_that_the_project_takes():
    (version,) = re.findall(r"^FROM python:3\.(\d+)-slim", DOCKERFILE, re.MULTILINE)
    assert int(version) >= int(PROJECT["requires-python"].removeprefix(">=3."))
    # Both install what the Makefile calls.
    assert re.search(r"apt-get install .*\bgit make\b", DOCKERFILE)
    assert f"FROM python:3.{version}-slim AS {CONTAINER['build']['target']}" in DOCKERFILE


def test_an_image_has_the_files_of_git_and_none_that_are_made(tmp_path):
    """As git reads it, .dockerignore leaves out no file of git, and whatever git leaves out at the top."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text((ROOT / ".dockerignore").read_text(encoding="utf-8"), encoding="utf-8")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    check = ["git", "check-ignore", "--stdin"]
    lost = subprocess.run(check, cwd=tmp_path, input=tracked, capture_output=True, text=True, check=False).stdout
    assert lost == ""
    folders = re.findall(r"^/((?!reports/)[\w./-]+/)$", (ROOT / ".gitignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert {".venv/", "data/raw/"} < set(folders)
    made = "\n".join(f"{folder}file" for folder in folders)
    left_out = subprocess.run(check, cwd=tmp_path, input=made, capture_output=True, text=True, check=False).stdout
    assert left_out.splitlines() == made.splitlines()


@pytest.mark.parametrize("name", ["bug", "idea"])
def test_forms_for_issues(name):
    """What a code host wants of a form, and the question that every report needs an answer to."""
    form = yaml(f".github/ISSUE_TEMPLATE/{name}.yml")
    assert set(form) == {"name", "description", "labels", "body"}
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids))
    for field in form["body"]:
        assert field["type"] in {"input", "textarea"} and field["attributes"]["label"]
        assert set(field["attributes"]) <= {"label", "description", "render"}
        assert field["type"] == "textarea" or "render" not in field["attributes"]
    assert any("poet doctor" in field["attributes"]["label"] for field in form["body"])


def test_the_citation_is_that_of_the_project():
    """It was valid by the schema of version 1.2.0 of the format."""
    citation = yaml("CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert (citation["title"], str(citation["version"]), citation["license"]) == (
        PROJECT["name"],
        PROJECT["version"],
        PROJECT["license"],
    )


def test_the_changelog_has_the_version_of_the_project():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.findall(r"^## (.*)$", text, re.MULTILINE)[0]
    assert PROJECT["version"] in newest
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= kinds
    commands = set(re.findall(r"`make ([a-z-]+)", text))
    assert commands and commands <= TARGETS
