"""The tracking server of docs/team.md, started as the page says: PostgreSQL, S3, passwords. Two colleagues use it."""

import os
import re
import shlex
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient
from ruamel.yaml import YAML

from poet.tracking.finished_runs import read_runs
from poet.tracking.mlflow_store import MODEL_TAG, SPOOL_TAG, delete_twins
from tests.clone import ROOT, sh
from tests.servers import HOST
from tests.team.laboratory import INSTALL, SECRETS, SERVE, SETTINGS, client_of, settings

# Trainings of a clone that are sent while another clone sends its own, and their points: two requests each.
TRAININGS, POINTS = 2, 1500
STRESS = f"""
import sys
from pathlib import Path
from poet.tracking.run import tracking
root = Path.cwd()
for number in range({TRAININGS}):
    with tracking(root, "stress", "train") as tracker:
        tracker.start(f"{{number:016}}")
        for step in range({POINTS}):
            tracker.metrics(step, {{"loss": 1 / (step + 1)}})
        tracker.text("a.txt", "To be")
        tracker.tags({{"poet.model_sha256": f"{{sys.argv[1]}}-{{number}}"}})
with tracking(root, "stress", "evaluate", "shared") as tracker:
    tracker.metrics(0, {{"evaluation/bits_per_character": 2.0}})
"""


def points(client: MlflowClient, run_id: str, key: str) -> list[tuple[int, float]]:
    return sorted((one.step, one.value) for one in client.get_metric_history(run_id, key))


@pytest.mark.services
def test_two_colleagues_log_at_once_and_lose_no_run_and_no_point(team, monkeypatch):
    """Both begin an experiment, send it again as if they did not know, and evaluate a model that neither trained."""
    (team.folder / "stress.py").write_text(STRESS, encoding="utf-8")
    send = f"PYTHONPATH={ROOT} python ../stress.py"
    team.at_once(ada=f"{send} ada", bob=f"{send} bob")
    team.at_once(ada="rm .poet/spool/*.sent; poet publish", bob="rm .poet/spool/*.sent; poet publish")
    client = client_of(team, "ada", monkeypatch)
    experiment = client.get_experiment_by_name("stress").experiment_id
    runs = client.search_runs([experiment], "tags.`poet.model_sha256` != 'shared'")
    names = {f"{name}-{number}" for name in ("ada", "bob") for number in range(TRAININGS)}
    assert sorted(run.data.tags[MODEL_TAG] for run in runs) == sorted(names)
    for run in runs:
        assert points(client, run.info.run_id, "loss") == [(step, 1 / (step + 1)) for step in range(POINTS)]
        assert run.data.tags["mlflow.user"].lower() == run.data.tags[MODEL_TAG].partition("-")[0]
    assert len(read_runs(team.folder, "stress")["stress"]) == len(names) + 1, "the shared model counts once"


@pytest.mark.services
def test_a_training_is_there_for_a_colleague_with_each_point(team, monkeypatch):
    """The real stage; Bob reads what Ada's training recorded, by the client and as a table."""
    assert "does not take records" not in team.sh("ada", "dvc repro train@mine")
    client = client_of(team, "bob", monkeypatch)
    (run,) = client.search_runs([client.get_experiment_by_name("mine").experiment_id])
    assert (run.info.status, run.data.tags["mlflow.user"]) == ("FINISHED", "Ada")
    history = pd.read_csv(team.folder / "ada/reports/mine/history.csv")
    for column, key in (("train_loss", "train/loss"), ("bits_per_character", "validation/bits_per_character")):
        expected = history[["step", column]].dropna()
        assert points(client, run.info.run_id, key) == list(expected.itertuples(index=False, name=None))
    table = team.sh("bob", "poet runs")
    assert "mine-" in table and len(re.findall("  (Ada|Bob)  ", table)) == 2 * TRAININGS + 1


@pytest.mark.services
def test_a_clone_without_keys_of_s3_stores_artifacts_and_reads_them(team, monkeypatch):
    client = client_of(team, "bob", monkeypatch)
    experiment = client.get_experiment_by_name("stress")
    (run, *_) = client.search_runs([experiment.experiment_id], "tags.`poet.model_sha256` = 'ada-0'")
    path = Path(client.download_artifacts(run.info.run_id, "a.txt"))
    assert path.read_text(encoding="utf-8") == "To be"
    stored = [item["Key"] for item in team.s3.client().list_objects_v2(Bucket="mlflow")["Contents"]]
    assert f"artifacts/{experiment.experiment_id}/{run.info.run_id}/artifacts/a.txt" in stored


@pytest.mark.services
def test_a_wrong_password_and_an_unallowed_host_are_one_line_each(team):
    """Of a stage, which goes on, and of a command, which fails."""
    stranger = team.url.replace(HOST, "localhost")
    for change, message in (
        ("MLFLOW_TRACKING_PASSWORD=wrong", "The server wants another user or password. Set MLFLOW_TRACKING_USERNAME"),
        (f"MLFLOW_TRACKING_URI={stranger}", f"does not answer to the name {stranger.removeprefix('http://')}. Use"),
    ):
        stage = team.sh("bob", f"{change} PYTHONPATH={ROOT} python ../stress.py refused")
        assert stage.count(message) == len(stage.splitlines()) == TRAININGS + 1, "one line for each execution"
        assert "`poet publish` sends them" in stage
        command = team.sh("bob", f"{change} poet runs", fails=True)
        assert message in command and len(command.splitlines()) == 1 and "wrong" not in command


@pytest.mark.services
def test_a_twin_that_a_colleague_may_not_delete_is_no_run_any_more(team, monkeypatch):
    """Ada began the experiment, so the server lets Bob add to it and not delete from it."""
    first = client_of(team, "ada", monkeypatch)
    experiment = first.create_experiment("twins")
    client = client_of(team, "bob", monkeypatch)
    tags = {SPOOL_TAG: "twins.train.x", MODEL_TAG: "twin"}
    kept, twin = (client.create_run(experiment, tags=tags).info.run_id for _ in range(2))
    delete_twins(client, kept, tags[SPOOL_TAG])
    found = client.search_runs([experiment], f"tags.`{MODEL_TAG}` = 'twin'")
    assert [run.info.run_id for run in found] == [kept]
    assert client.get_run(twin).info.status == "KILLED"


@pytest.mark.services
def test_passwords_are_in_no_process_list_and_no_log_and_not_in_git(team):
    """The last one here: the server has worked, and was refused work."""
    words = [word.encode() for word in team.secrets]
    commands = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if os.access(path, os.R_OK))
    assert b"basic-auth" in commands
    one = team.folder / "ada"
    sh("git add --all", one)
    assert str(SECRETS) not in sh("git ls-files", one)
    # The S3 server's keys are those of tests/servers.py.
    kept = [one / name for name in sh("git ls-files", one).splitlines() if not name.startswith("tests/")]
    in_git = b"".join(path.read_bytes() for path in kept if path.is_file())
    records = b"".join(path.read_bytes() for path in team.folder.glob("*/.poet/**/*") if path.is_file())
    for place in (commands, team.log.read_bytes(), in_git, records):
        assert not [word for word in words if word in place]


# Both forms of the recipe.

COMPOSE = YAML(typ="safe").load(ROOT / "docs/tracking-server/compose.yaml")["services"]


def test_the_containers_are_started_as_the_recipe_says():
    """One file of settings serves both. Between containers, only addresses and the place of auth.ini differ."""
    lines = (ROOT / SETTINGS).read_text(encoding="utf-8").splitlines()
    mlflow, here = COMPOSE["mlflow"], settings("\n".join(lines))
    assert COMPOSE.keys() == {"postgres", "s3", "mlflow"}
    assert mlflow["env_file"] == [SETTINGS.name, SECRETS.name]
    assert f"\n{mlflow['command']}\n" in f"\n{SERVE}"
    assert set(mlflow["environment"]) == {"PGHOST", "MLFLOW_S3_ENDPOINT_URL", "MLFLOW_AUTH_CONFIG_PATH"} <= set(here)
    assert mlflow["environment"]["PGHOST"] == "postgres"
    assert mlflow["environment"]["MLFLOW_S3_ENDPOINT_URL"].startswith("http://s3:")
    inside = mlflow["environment"]["MLFLOW_AUTH_CONFIG_PATH"]
    assert f"./{Path(here['MLFLOW_AUTH_CONFIG_PATH']).name}:{inside}:ro" in mlflow["volumes"]
    assert mlflow["ports"] == [f"{here['MLFLOW_PORT']}:{here['MLFLOW_PORT']}"]
    # Nothing but MLflow is open to others, and no secret stands in the file.
    assert not [name for name in ("postgres", "s3") if "ports" in COMPOSE[name]]
    names = re.findall(r"for name in (.*)\n", INSTALL)[0].split()
    values = {key: value for name in COMPOSE for key, value in COMPOSE[name].get("environment", {}).items()}
    assert {value for value in values.values() if "$" in value} == {
        f"${{{name}:?}}" for name in names if "MLFLOW" not in name
    }


def test_the_containers_hold_what_the_recipe_installs():
    """The same packages by the same constraints, and they are those of the extra that tests use."""
    installed = next(line for line in INSTALL.splitlines() if "pip install" in line)
    packages = set(shlex.split(installed)[4:])
    build = COMPOSE["mlflow"]["build"]["dockerfile_inline"]
    assert packages <= set(shlex.split(build)) and "--constraint /constraints.txt" in build
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["server"]
    assert packages == {"mlflow", *(re.split("[<>=]", one)[0] for one in extra)}
    url = settings((ROOT / SETTINGS).read_text("utf-8"))["MLFLOW_BACKEND_STORE_URI"]
    assert f"database_uri = {url}\n" in (ROOT / "docs/tracking-server/auth.ini").read_text("utf-8")
    assert url.endswith(f"/{COMPOSE['postgres']['environment']['POSTGRES_DB']}")
