"""Models as docs/team.md says: registered, promoted, served over HTTP, and imported by another repository."""

import contextlib
import json
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.clone import ENVIRONMENT, ROOT, sh
from tests.servers import free_port, mlflow_server, stop, wait_for_port
from tests.team.page import blocks
from tests.test_sharing import with_own_texts

pytestmark = pytest.mark.services

# The commands of the section, and those that were run.
SECTIONS = ("Models: register, promote, serve", "In another repository")
COMMANDS = "\n".join(text for section in SECTIONS for _, text in blocks(section)).split("\n")
RUN = set()


def documented(beginning, **places):
    """The one command of the section that begins so, with the names of the test; `places` replaces further words."""
    (command,) = [line for line in COMMANDS if line.startswith(beginning)]
    RUN.add(command)
    for word, place in places.items():
        command = command.replace({"address": "http://mlflow.lab:5000", "hub": "https://git.lab/poet.git"}[word], place)
    return command.replace("shakespeare", "mine")


PARAMS = {"max_new_tokens": 60, "temperature": 0.9, "top_k": 40, "top_p": 0.95, "seed": 7, "max_copy": 25}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A project with a trained and traced model, and the tracking server that has its runs: (project, address)."""
    folder = tmp_path_factory.mktemp("lab")
    with mlflow_server(folder) as address:
        project = folder / "project"
        project.mkdir()
        with_own_texts(project)
        sh(f"git init -q --bare -b main ../hub.git && dvc remote add --default team {folder}/store", project)
        sh(f"MLFLOW_TRACKING_URI={address} dvc repro attribute", project)
        sh("git add -A && git commit -qm Mine && git remote add origin ../hub.git", project)
        yield project, address


@contextlib.contextmanager
def served(address, folder):
    """The address at which MLflow serves the champion, in a folder that has nothing of the project."""
    folder.mkdir()
    port = free_port()
    command = [sys.executable, "-m", *shlex.split(documented("mlflow models serve").replace("5001", str(port)))]
    variables = ENVIRONMENT | {"MLFLOW_TRACKING_URI": address, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
    variables.pop("PYTHONPATH", None)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for_port(port, process, folder / "log")
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        stop(process)


def test_a_promoted_model_is_served_as_the_commands_write_and_trace(lab, tmp_path):
    project, address = lab
    variable = documented("export MLFLOW", address=address)
    printed = sh(f"{variable}; {documented('poet register')}", project)
    assert "version 1 of mine is the candidate now: models:/mine/1" in printed
    printed = sh(f"{variable}; {documented('poet promote')}", project)
    assert "Version 1 is the champion now: models:/mine@champion" in printed and "bits/char" in printed

    with served(address, tmp_path / "elsewhere") as url:
        asked = documented("curl ").replace("http://127.0.0.1:5001/invocations", url)
        assert json.loads(sh(f"{asked} --silent", project))["predictions"][0]["text"]
        prompts = ["The old king ", "Seven birds "]
        reply = requests.post(url, json={"inputs": {"prompt": prompts}, "params": PARAMS}, timeout=60)
        assert reply.status_code == 200, reply.text
        answers = reply.json()["predictions"]
        assert any(answer["spans"] for answer in answers), "else nothing is compared"
        for prompt, answer in zip(prompts, answers, strict=True):
            assert_like_the_commands(project, prompt, answer)
        # Each of several people who ask at once has the answer that nobody else's request changes.
        with ThreadPoolExecutor(4) as pool:
            asked = [{"inputs": [{"prompt": prompts[0]}], "params": PARAMS | {"seed": 7 + i % 2}} for i in range(6)]
            replies = list(pool.map(lambda body: requests.post(url, json=body, timeout=60).json(), asked))
        assert [one["predictions"][0]["text"] == answers[0]["text"] for one in replies] == [True, False] * 3
        for wrong, message in (
            ({"params": {"max_new_tokens": 5000}}, "max_new_tokens should be less than or equal to 1000, got 5000."),
            ({"params": {"temperature": -1}}, "temperature should be greater than or equal to 0, got -1.0."),
            ({"params": {"seed": "x"}}, "Can not safely convert `<class 'str'>` to `DataType.long` for value `x`"),
            ({"inputs": [{"prompt": ""}]}, "prompt 1 should have 1 to 10,000 characters, got 0."),
            ({"inputs": [{"text": "a"}]}, "Model is missing inputs ['prompt']"),
        ):
            refused = requests.post(url, json={"inputs": [{"prompt": "a"}]} | wrong, timeout=60)
            assert refused.status_code == 400 and message in refused.json()["message"]
            assert "Traceback" not in refused.text and str(ROOT) not in refused.text


def assert_like_the_commands(project, prompt, answer):
    """The answer is what `poet generate` writes, and its spans are those that `poet attribute` finds."""
    options = " ".join(f"--{key.replace('_', '-')} {value}" for key, value in PARAMS.items() if key != "max_new_tokens")
    printed = sh(f"poet generate '{prompt}' --tokens {PARAMS['max_new_tokens']} {options} --json", project)
    assert json.loads(printed)["text"] == answer["text"]
    (project / "text.tmp").write_text(answer["text"], encoding="utf-8")
    traced = json.loads(sh("poet attribute text.tmp --json; rm text.tmp", project))
    for kind in ("spans", "near"):
        shown = [{key: value for key, value in span.items() if "running" not in key} for span in traced[kind]]
        assert answer[kind] == shown


def test_another_repository_imports_the_model_by_its_name(lab, tmp_path):
    project, _ = lab
    for beginning in ("dvc push", "git tag", "git push"):
        sh(documented(beginning), project)
    hub, other = str(project.parent / "hub.git"), tmp_path / "other"
    other.mkdir()
    sh("git init -q -b main && dvc init -q && git commit -qm Other", other)
    sh(documented("dvc artifacts get", hub=hub), other)
    sh(f"dvc get {hub} models/mine --out by-path", other)
    (other / "models").mkdir()
    sh(documented("dvc import", hub=hub), other)
    weights = (project / "models/mine/model.safetensors").read_bytes()
    for name in ("first", "by-path", "models/first"):
        assert (other / name / "model.safetensors").read_bytes() == weights
    assert sh("git ls-files --others --exclude-standard models", other).split() == [
        "models/.gitignore",
        "models/first.dvc",
    ]


def test_every_command_of_the_section_was_run():
    assert {command for command in COMMANDS if command} == RUN


def test_a_worse_model_is_refused_with_figures_and_the_champion_stays(lab):
    project, address = lab
    variable = f"MLFLOW_TRACKING_URI={address}"
    sh(f"{variable} poet promote", project)
    # The last test of the file: the project has another model from here on.
    sh(f"{variable} dvc exp run -S train.steps=4 -S train.validate_every=2 attribute", project)
    printed = sh(f"{variable} poet promote", project, fails=True)
    assert "is not promoted: it needs more bits per character than the champion, version 1" in printed
    assert len(re.findall(r"^[12] +[0-9a-f]{8} +\d\.\d{3} ", printed, re.MULTILINE)) == 2 and "Traceback" not in printed
    assert "is the champion of mine already" in sh(f"{variable} poet promote --version 1", project)
    assert "mine has no version 9: there are 1, 2" in sh(f"{variable} poet promote --version 9", project, fails=True)
