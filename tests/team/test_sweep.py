"""Experiments of docs/team.md with the real queue: the page's commands as they stand there; a sweep that is stopped, of
which a part fails, and whose MLflow is away; what is refused before anything is queued.
"""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.clone import ENVIRONMENT, sh, wait_for_queue
from tests.team.page import blocks
from tests.test_sharing import with_own_texts

pytestmark = pytest.mark.slow

# The page's settings are for a shelf; these are for a test.
SMALL = {"1200": "21", "256": "40", "400": "20", "800": "30", "128": "32", "192": "48"}
SMALL |= {"jobs 2": "jobs 2 >start.log 2>&1"}


def page_commands() -> list[str]:
    """Each command under the heading, with small settings."""
    lines = "".join(text for _, text in blocks("Experiments: queue, compare, keep")).splitlines()
    return [re.sub("|".join(SMALL), lambda found: SMALL[found[0]], line) for line in lines]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A repository with own texts that DVC keeps, and their tokens.

    The later stages seem built, as after an earlier `dvc repro`: `dvc exp apply` fails where they never were.
    """
    folder = with_own_texts(tmp_path_factory.mktemp("team") / "project")
    sh("dvc add data/own/mine && dvc repro tokenize", folder)
    sh(f"python -c '{PRETEND}' && dvc commit --force && git add -A && git commit -qm Mine", folder)
    return folder


# Writes something in the place of every output that is not there, and of the files in it that a stage names.
PRETEND = """
from pathlib import Path
from dvc.repo import Repo
with Repo() as repo:
    for path in (Path(each.fs_path) for stage in repo.index.stages for each in (*stage.outs, *stage.deps)):
        if not path.exists():
            file = path if path.suffix else path / "file"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("{}", encoding="utf-8")
"""


def runs(folder: Path) -> list[dict]:
    """The runs in the project's MLflow: name, status, id, parent."""
    code = (
        "import json; from mlflow import MlflowClient; c = MlflowClient('sqlite:///mlflow.db');"
        "print('RUNS' + json.dumps([dict(name=r.info.run_name, status=r.info.status, id=r.info.run_id,"
        "  parent=r.data.tags.get('mlflow.parentRunId'), files=[f.path for f in c.list_artifacts(r.info.run_id)])"
        "  for r in c.search_runs([e.experiment_id for e in c.search_experiments()])]))"
    )
    return json.loads(sh(f'python -c "{code}"', folder).rpartition("RUNS")[2])


def test_the_page(project):
    """Its commands one after the other; MLflow has the names that DVC has, and the sweep nests its runs."""
    for command in page_commands():
        if command == "dvc queue status":
            wait_for_queue(project)
        printed = sh(command, project)
        if command.startswith("poet sweep"):
            assert "4 experiments: 0 done before, 4 to run" in printed and re.search(r"\(4 of 4\)$", printed, re.M)
            table = printed
    branches = sh("git branch", project)
    assert "wide" in branches
    kept = set(sh("dvc exp list --name-only", project).split())
    grid = {f"steps={steps},n_embd={width}" for steps in (20, 30) for width in (32, 48)}
    assert kept == grid | {"wider"}
    assert all(name in table for name in grid) and "GFLOPs" in table
    found = runs(project)
    assert kept | {"longer"} <= {run["name"] for run in found}
    (parent,) = [run for run in found if run["name"].startswith("sweep steps+n_embd-")]
    assert parent["status"] == "FINISHED" and {"sweep.html", "sweep.json"} <= {*parent["files"]}
    assert {run["name"] for run in found if run["parent"] == parent["id"]} == grid
    # `dvc exp apply` brought the experiment here: what its settings decide is built.
    assert "steps: 30" in (project / "params.yaml").read_text(encoding="utf-8")
    assert "evaluate@mine" not in sh("dvc status evaluate", project)
    assert "steps=" not in sh("dvc queue status", project), "of a sweep, only what failed stays in the queue"
    sh("git checkout -q . && git clean -qfd", project)


def test_ctrl_c_a_failure_and_an_mlflow_that_is_away(project):
    """Ctrl-C stops the sweep, and the same command continues it; one experiment fails, and the other goes on; records
    wait for MLflow; what is done is not run again.
    """
    # Points reach the spool with each snapshot.
    sh("sed -i 's/snapshot_seconds: 60.0/snapshot_seconds: 0.5/' params.yaml && git commit -qam Often", project)
    short = "poet sweep -S train.steps=3000 -S train.validate_every=100"
    command, away = f"{short} -S model.sequence_len=64,40000", "http://127.0.0.1:9"
    with (project.parent / "sweep.log").open("w+", encoding="utf-8") as out:
        process = subprocess.Popen(
            command.split(),
            cwd=project,
            env=ENVIRONMENT | {"MLFLOW_TRACKING_URI": away},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        spool = wait_for_points(project, process)
        # As a terminal does; the workers have process groups of their own.
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(200) == 130
        out.seek(0)
        assert "stopped; 0 of 2 experiments have ended. The same command continues." in out.read()
    assert "validate_every=100" not in sh("dvc queue status", project), "neither runs nor waits"
    assert not list((project / ".dvc/tmp/exps").glob("tmp*")), "no folder of an experiment is left"
    assert list((project / ".poet/resume").glob("*/step-*"))

    printed = sh(f"MLFLOW_TRACKING_URI={away} {command}", project, fails=True)
    records = [json.loads(line) for line in spool.read_text(encoding="utf-8").splitlines()]
    assert [record["status"] for record in records if "status" in record] == ["KILLED", "RUNNING", "FINISHED"]
    points = [(record["step"], key) for record in records if "metrics" in record for key in record["metrics"]]
    assert len(points) == len({*points}), "no step was computed twice"
    assert "Traceback" not in printed and "Error: 1 of 2 experiments failed:" in printed
    assert "too few for windows of sequence_len 40000" in printed and "They wait in" in printed
    (log,) = re.findall(r"\.dvc/tmp/exps/run/\S+", printed)
    assert "too few for windows" in (project / log).read_text(encoding="utf-8")
    assert "too few" in sh("dvc queue logs steps=3000,validate_every=100,sequence_len=40000", project)
    (page,) = (project / "reports/sweeps").glob("sequence_len-*.html")
    assert "too few" not in page.read_text(encoding="utf-8") and "failed</td>" in page.read_text(encoding="utf-8")
    assert not sh("git status --porcelain", project)

    sh("poet publish", project)
    (parent,) = [run for run in runs(project) if run["name"].startswith("sweep sequence_len-")]
    assert parent["status"] == "FAILED"
    assert sum(run["parent"] == parent["id"] for run in runs(project)) >= 2, "the one that failed too"
    again = sh(f"{short} -S model.sequence_len=64", project)
    assert "1 experiment: 1 done before, 0 to run" in again and "steps=3000,validate_every=100,sequence_len=64" in again


def wait_for_points(project: Path, process: subprocess.Popen[bytes]) -> Path:
    """The spool of the training that runs now, once its first validation is in it."""
    deadline = time.monotonic() + 400
    while True:
        for alive in (project / ".poet/spool").glob("mine.train.*.alive"):
            spool = alive.with_suffix(".jsonl")
            if spool.is_file() and "metrics" in spool.read_text(encoding="utf-8"):
                return spool
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)


def test_what_cannot_go_right_is_refused_before_anything_is_queued(project):
    def refused(command: str, *said: str) -> None:
        printed = sh(f"poet sweep {command}", project, fails=True)
        assert all(words in printed for words in said) and "Traceback" not in printed, printed
        assert "Queued" not in sh("dvc queue status", project)

    refused("-S train.stepz=1,2", "train.stepz: unknown key")
    # Experiments that somebody made by hand: one with other settings, one that stopped early.
    sh("dvc exp save --name steps=21", project)
    refused("-S train.steps=21,22", "an experiment called steps=21 with other settings", "dvc exp rename steps=21")
    sh("dvc exp run --temp --name steps=22 -S train.steps=22 download", project)
    refused("-S train.steps=22", "the experiment steps=22 did not build", "@mine with its settings")
    (project / "data/own/yours").mkdir()
    (project / "data/own/yours/a.txt").write_text("It was a text. " * 99, encoding="utf-8")
    sources = "++collections.mine.sources=[{kind:folder,path:data/own/yours}],[{kind:folder,path:../x}]"
    refused(f"-S '{sources}'", "data/own/yours is kept by neither git nor DVC", "../x leads out of the repository")
    with (project / "poet/errors.py").open("a", encoding="utf-8") as code:
        code.write("\n")
    (project / "poet/model/new.py").write_text("", encoding="utf-8")
    (project / "data/own/mine/Summer.txt").write_text("It was a summer. " * 99, encoding="utf-8")
    changed = "data/own/mine has changed since `dvc add`"
    refused("-S train.steps=1,2", "not committed: poet/errors.py", "lack it: poet/model/new.py", changed)
    (project / "data/own/mine/Summer.txt").unlink()
    sh("git checkout -q . && git clean -qfd", project)
