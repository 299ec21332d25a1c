"""Two colleagues who work at once, as docs/team.md says: nothing that either has made or recorded is lost."""

import hashlib
import json
import subprocess

import pytest
from ruamel.yaml import YAML

from poet.tracking.promotion import standing
from poet.tracking.registry import CHAMPION, versions
from tests.clone import ENVIRONMENT, sh
from tests.team.laboratory import Team, client_of

ROUNDS, STEPS = 10, 8

# A round of one colleague: edit, run, share, publish, promote, and bring it all into one branch with the other's work.
# Who is refused by git because the other was faster begins again with what the other has pushed.
ROUND = r"""set -euo pipefail
sed -i '/^train:/,/^[a-z]/ s/^  seed: .*/  seed: '$1'/' params.yaml
dvc repro --pull attribute
poet remote share
dvc push --run-cache
poet publish
poet promote mine >../promoted-$1 2>&1 || grep -q "is no better\|needs more\|copies more" ../promoted-$1
git add -A
git commit -qm "Seed $1"
cp reports/mine/evaluation.json ../evaluation-$1.json
cp reports/mine/history.csv ../history-$1.csv
until git pull --quiet --rebase --strategy-option theirs origin main && git push --quiet origin HEAD:main
do sleep 1; done
"""


def start(team: Team, name: str, first_seed: int) -> "subprocess.Popen[bytes]":
    """The rounds of a colleague, one after the other, in a process of their own."""
    home = team.folder / "homes" / name
    variables = ENVIRONMENT | {"HOME": str(home), "MLFLOW_TRACKING_URI": team.url}
    command = f"for seed in $(seq {first_seed} {first_seed + ROUNDS - 1}); do bash ../round.sh $seed; done"
    with (team.folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(["bash", "-ec", command], cwd=team.folder / name, env=variables, stdout=log, stderr=log)


@pytest.fixture(scope="module")
def worked(team: Team) -> Team:
    """The laboratory after ten rounds of both: one branch, one store, one tracking server."""
    ada = team.folder / "ada"
    sh(f"sed -i 's/  steps: 40/  steps: {STEPS}/; s/  validate_every: 20/  validate_every: {STEPS}/' params.yaml", ada)
    sh(f"dvc remote add --default team {team.folder}/store && dvc add data/own/mine", ada)
    sh("git init -q --bare -b main ../hub.git && git remote add origin ../hub.git", ada)
    sh("git add -A && git commit -qm Mine && git push -q origin HEAD:main && dvc push -q", ada)
    sh(
        "rm -rf bob && git clone -q hub.git bob && cd bob && git config user.name Bob && dvc pull -q data/own/mine.dvc",
        team.folder,
    )
    (team.folder / "round.sh").write_text(ROUND, encoding="utf-8")
    processes = [start(team, name, seed) for name, seed in (("ada", 100), ("bob", 200))]
    for name, process in zip(("ada", "bob"), processes, strict=True):
        assert process.wait() == 0, (team.folder / f"{name}.log").read_text(encoding="utf-8")[-5000:]
    return team


def seeds() -> list[int]:
    return [first + number for first in (100, 200) for number in range(ROUNDS)]


def evaluated(team: Team) -> dict[int, float]:
    """Bits per character of each round, as its colleague saw them, by seed."""
    files = {seed: team.folder / f"evaluation-{seed}.json" for seed in seeds()}
    return {seed: json.loads(path.read_text("utf-8"))["bits_per_character"] for seed, path in files.items()}


@pytest.mark.services
def test_no_commit_names_an_object_that_is_not_in_the_store(worked):
    """Every output of every lock file on the branch, and every file of every folder among them, byte for byte."""
    hub, store = worked.folder / "hub.git", worked.folder / "store" / "files" / "md5"
    commits = sh("git log --format=%H main -- dvc.lock", hub).split()
    assert len(commits) >= 2 * ROUNDS
    named = set()
    for commit in commits:
        lock = YAML(typ="safe").load(sh(f"git show {commit}:dvc.lock", hub))
        named |= {out["md5"] for stage in lock["stages"].values() for out in stage.get("outs", ())}
    for digest in list(named):
        content = (store / digest[:2] / digest[2:]).read_bytes()
        assert hashlib.md5(content).hexdigest() == digest.removesuffix(".dir")
        if digest.endswith(".dir"):
            named |= {entry["md5"] for entry in json.loads(content)}
    missing = [digest for digest in named if not (store / digest[:2] / digest[2:]).is_file()]
    assert not missing and len(named) > 8 * ROUNDS


@pytest.mark.services
def test_the_tracking_server_has_each_training_once_with_all_its_points(worked, monkeypatch):
    client = client_of(worked, "ada", monkeypatch)
    runs = client.search_runs([client.get_experiment_by_name("mine").experiment_id])
    by_seed = {int(run.data.params["train.seed"]): run for run in runs}
    assert sorted(by_seed) == seeds() and len(runs) == 2 * ROUNDS
    for seed, run in by_seed.items():
        points = client.get_metric_history(run.info.run_id, "train/loss")
        lines = (worked.folder / f"history-{seed}.csv").read_text("utf-8").splitlines()[1:]
        expected = [(int(line.split(",")[0]), float(line.split(",")[2])) for line in lines]
        assert sorted((point.step, point.value) for point in points) == expected and len(expected) == STEPS
        assert run.data.tags["mlflow.user"] == ("Ada" if seed < 200 else "Bob")


@pytest.mark.services
def test_both_see_the_same_table_and_it_is_right(worked):
    tables = [json.loads(worked.sh(name, "poet runs --json"))["mine"] for name in ("ada", "bob")]
    assert tables[0] == tables[1] and len(tables[0]) == 2 * ROUNDS
    shown = sorted(round(row["metrics"]["evaluation/bits_per_character"], 4) for row in tables[0])
    assert shown == sorted(round(bits, 4) for bits in evaluated(worked).values())


@pytest.mark.services
def test_the_champion_is_the_best_that_was_promoted(worked, monkeypatch):
    """Each version is there with its files. Whoever was told to have the champion has not a better one after it."""
    client = client_of(worked, "ada", monkeypatch)
    known = {one.number: one for one in versions(client, "mine")}
    assert len({one.model_sha256 for one in known.values()}) == len(known) == 2 * ROUNDS
    for number in known:
        assert client.get_model_version("mine", str(number)).status == "READY"
    champion = client.get_model_version_by_alias("mine", CHAMPION)
    best = standing(client, "mine", known[int(champion.version)])
    outcomes = {path: path.read_text("utf-8") for path in worked.folder.glob("promoted-*")}
    promoted = [
        one
        for one in known.values()
        if any(f"Version {one.number} is the champion" in text for text in outcomes.values())
    ]
    assert promoted and best.version in promoted
    assert best.rank == min(standing(client, "mine", one).rank for one in promoted)


@pytest.mark.services
def test_a_third_colleague_has_everything_and_computes_nothing(worked):
    sh("git clone -q hub.git eve && cd eve && dvc pull -q --run-cache --allow-missing", worked.folder)
    assert "Running stage" not in sh("dvc repro --pull attribute", worked.folder / "eve")
