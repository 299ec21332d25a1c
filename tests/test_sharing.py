"""What a team shares arrives: own texts by `dvc add`, results in a clone of Windows, experiments in the queue; and a
shelf starts from the poet of another one.
"""

import pytest

from tests.clone import clone, sh, wait_for_queue
from tests.texts import babble

MINE = """collections:
  mine:
    title: Mine
    sources:
      - kind: folder
        path: data/own/mine
"""


def with_own_texts(folder):
    """A clone in `folder` that builds a collection of own texts."""
    clone(folder)
    (folder / "data/own/mine").mkdir()
    (folder / "data/own/mine/Winter - A Founder - en.txt").write_text(babble(1, 20_000), encoding="utf-8")
    params = (folder / "params.yaml").read_text(encoding="utf-8")
    (folder / "params.yaml").write_text(
        params.replace("collections:\n", MINE).replace("  - shakespeare\n", "  - mine\n", 1), encoding="utf-8"
    )
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("config", ["core.autocrlf=false", "core.autocrlf=true"])
def test_own_texts_and_results_reach_a_teammate(tmp_path, config):
    """As data/own/README.md says: `dvc add`, push, commit; the teammate pulls, and has nothing to compute. Also with
    Git for Windows, which turns every line end into two bytes unless told otherwise; DVC compares bytes.
    """
    one, two = with_own_texts(tmp_path / "one"), tmp_path / "two"
    sh(f"dvc remote add --default team {tmp_path}/store && dvc add data/own/mine && dvc repro tokenize", one)
    sh("git add -A && git commit -qm Mine && dvc push data/own/mine.dvc tokenize download clean", one)
    assert ".txt" not in sh("git ls-files data/own", one), "git holds the texts' hash only"
    sh(f"git -c {config} clone -q -c {config} {one} two", tmp_path)
    sh("dvc pull data/own/mine.dvc tokenize download clean", two)
    assert (two / "data/own/mine/Winter - A Founder - en.txt").read_text(encoding="utf-8") == babble(1, 20_000)
    assert "Running stage" not in sh("dvc repro tokenize", two)
    assert not sh("git status --porcelain", two)


@pytest.mark.slow
def test_two_experiments_in_the_queue_share_a_training(tmp_path):
    """The real queue with two workers. What differs between the experiments is nothing that training depends on."""
    folder = with_own_texts(tmp_path / "project")
    printed = sh("dvc exp run --temp download", folder, fails=True)
    assert "Let DVC keep it (`dvc add data/own/mine`, then `git add data/own/mine.dvc`)" in printed
    sh("dvc add data/own/mine && dvc repro tokenize && git add -A && git commit -qm Mine", folder)
    for name, temperature in (("cold", 0.5), ("warm", 1.5)):
        change = f"-S train.steps=1000 -S train.validate_every=1000 -S 'sample.temperatures=[{temperature}]'"
        sh(f"dvc exp run --queue --name {name} {change} train", folder)
    # The workers stay behind with the command's output open, so it goes to a file.
    sh("dvc queue start -j 2 >start.log 2>&1", folder)
    wait_for_queue(folder)
    status = sh("dvc queue status", folder)
    logs = [sh(f"dvc queue logs {name}", folder) for name in ("cold", "warm")]
    assert status.count("Success") == 2, (status, logs)
    waited = [log for log in logs if "another process is training the same model" in log]
    assert len(waited) == 1 and "its result was taken" in waited[0]
    assert not list((folder / ".poet/resume").iterdir())
    assert len(list((folder / ".poet/spool").glob("mine.train.*.jsonl"))) == 1, "one model, one run"


@pytest.mark.slow
def test_a_shelf_starts_from_the_poet_of_another(tmp_path):
    """As the README says; also in an experiment that sees only what git and DVC keep."""
    folder = with_own_texts(tmp_path / "project")
    sh("dvc add data/own/mine && dvc exp run -S 'build=[shakespeare]' train@shakespeare", folder)
    sh("cp -r models/shakespeare models/first && dvc add models/first", folder)
    sh("git add -A && git commit -qm First", folder)
    start = "dvc exp run -S 'build=[mine]' -S train.init_from=models/first -S train.steps=40 -S train.validate_every=5"
    # DVC takes a model away that the experiment does not build; the copy stays.
    sh(start, folder)
    assert not (folder / "models/shakespeare").exists()
    one, two = folder / "models/first", folder / "models/mine"
    assert (one / "tokenizer.json").read_bytes() == (two / "tokenizer.json").read_bytes()
    assert (one / "model.safetensors").read_bytes() != (two / "model.safetensors").read_bytes()
    assert "by the tokenizer of <code>models/first</code>" in (folder / "reports/mine/index.html").read_text("utf-8")
    assert "up to date" in sh("dvc status", folder)
    assert set(sh("git ls-files models", folder).split()) == {"models/none/README.md", "models/first.dvc"}
    # A copy of the repository, as for an experiment in the queue, and a model of another size than the section says.
    printed = sh(f"{start} --temp -S model.n_layer=3 train@mine", folder, fails=True)
    assert "model.n_layer: got 3, expected 2" in printed


@pytest.mark.slow
def test_a_poet_that_would_start_from_itself_is_one_message(tmp_path):
    folder = with_own_texts(tmp_path / "project")
    sh("sed -i 's#init_from: models/none#init_from: models/mine#' params.yaml", folder)
    printed = sh("poet check", folder, fails=True)
    assert "models/mine is what the training of mine writes" in printed and "Traceback" not in printed
    assert "Traceback" not in sh("dvc repro", folder, fails=True)
