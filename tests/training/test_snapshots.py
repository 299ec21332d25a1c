"""Snapshots: what is damaged is passed over, what was killed continues, what has changed starts afresh."""

import dataclasses
import math
import signal
import time

import pytest
import torch

from poet.errors import Interrupted
from poet.params.sections import RuntimeSettings
from poet.training.history import History, HistoryRow
from poet.training.snapshots import Snapshot, Snapshots, resume_key
from stages.train import CODE
from tests.recipes import ALWAYS, TRAIN
from tests.small_disk import SIZE, small_disk
from tests.training.runs import FIRST, OnStep, interrupt_at, run, save_first, snapshots_of, start, train_command


def snapshot(step, best_loss=math.inf):
    row = HistoryRow(step=step, tokens=8 * step, train_loss=2.5, learning_rate=0.1, gradient_norm=1.0)
    history = History(rows=[row])
    return Snapshot(step=step, tensors={"x": torch.tensor([step])}, history=history, best_step=0, best_loss=best_loss)


def test_a_damaged_snapshot_falls_back_to_the_one_before(tmp_path):
    snapshots = Snapshots(folder=tmp_path / "key", interval=1.0)
    for step in (1, 2, 3):
        snapshots.save(snapshot(step))
    assert [path.name for path in sorted((tmp_path / "key").iterdir())] == ["step-000000002", "step-000000003"]
    assert snapshots.newest() == snapshot(3)
    newest = tmp_path / "key" / "step-000000003" / "tensors.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    assert snapshots.newest() == snapshot(2)
    (tmp_path / "key" / "step-000000002" / "state.json").write_text("{", encoding="utf-8")
    assert snapshots.newest() is None


def test_a_full_disk_keeps_the_snapshots_before(tmp_path, capsys):
    with small_disk(tmp_path / "disk") as disk:
        snapshots = Snapshots(folder=disk / "key", interval=1.0)
        large = dataclasses.replace(snapshot(2), tensors={"x": torch.zeros(SIZE)})
        assert snapshots.save(snapshot(1))
        assert not snapshots.save(large)
        printed = capsys.readouterr().err
        expected = f"no snapshot after step 2: {disk / 'key' / 'step-000000002'} could not be written: no space left"
        assert expected in printed and printed.count("\n") == 1
        assert [path.name for path in (disk / "key").iterdir()] == ["step-000000001"]
        assert snapshots.newest() == snapshot(1)
        assert snapshots.save(snapshot(3))


def test_training_goes_on_without_the_snapshots_that_a_full_disk_refuses(tokens, tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        (disk / "filler").write_bytes(bytes(SIZE - 8192))
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "resume").symlink_to(disk)
        assert run(tokens, tmp_path / "out", runtime=ALWAYS) == run(tokens, tmp_path / "whole")
        with pytest.raises(Interrupted, match="continues from the snapshot before, if there is one"):
            run(tokens, tmp_path / "out", runtime=ALWAYS, tracker=interrupt_at(5))


ADAMW = {"optimizer": dataclasses.asdict(TRAIN.optimizer) | {"kind": "adamw", "weight_decay": 0.1, "clip_norm": 1.0}}
YOKE = {"layer": 0, "width": 5, "residual": False, "state": True}

# A variant for every state that a training has: its changes of the sections model and train.
VARIANTS = {
    "muon": ({}, {}),
    "adamw": ({}, ADAMW),
    "yoke state": ({"yoke": YOKE}, {"state_windows": 2}),
    "dropout": ({"dropout": 0.2}, {}),
    "accumulated": ({}, {"accumulate": 2}),
    "bfloat16": ({}, {"precision": "bfloat16"}),
    "early stop and best weights": ({}, {"patience": 3, "validate_every": 10}),
    "compiled": ({}, {"compile": "on"}),
    "from another model": ({}, {"init_from": FIRST}),
}


@pytest.mark.slow
@pytest.mark.parametrize(("model", "changes"), VARIANTS.values(), ids=VARIANTS)
def test_a_killed_training_ends_like_an_uninterrupted_one(tokens, tmp_path, model, changes):
    """The real command, killed in the middle; the next call continues from its last snapshot."""
    save_first(tmp_path, tokens)
    changes = {"steps": 200, "validate_every": 50} | changes
    command = train_command(tmp_path, tokens, "cut", model, **changes)
    with start(tmp_path, command) as job:
        while len(snapshots_of(tmp_path)) < 2 and job.poll() is None:
            time.sleep(0.01)
        job.kill()
    assert job.returncode == -signal.SIGKILL
    printed = {}
    for name, words in (("cut", command), ("whole", train_command(tmp_path, tokens, "whole", model, **changes))):
        with start(tmp_path, words) as job:
            printed[name] = job.communicate()[1]
        assert job.returncode == 0, printed[name]
    assert "continuing from step" in printed["cut"] and "continuing" not in printed["whole"]
    for name in ("model/model.safetensors", "model/last.safetensors", "history.csv", "samples.jsonl", "train.json"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


@pytest.mark.parametrize(
    ("change", "first_step"), [({"seed": 2}, 1), ({}, 6)], ids=["another seed", "nothing that matters"]
)
def test_only_what_changes_the_result_starts_afresh(tokens, tmp_path, change, first_step):
    with pytest.raises(Interrupted):
        run(tokens, tmp_path / "out", tracker=interrupt_at(5))
    settings, steps = dataclasses.replace(TRAIN, **change), []
    # How often snapshots are saved does not change the result.
    runtime = RuntimeSettings(snapshot_seconds=500.0)
    result = run(tokens, tmp_path / "out", settings, runtime, tracker=OnStep(steps.append))
    assert steps[0] == first_step
    assert result == run(tokens, tmp_path / "fresh", settings)


@pytest.fixture
def code(tmp_path):
    """A small project, of which the key takes a folder and a file."""
    for name in ("poet/room/a.py", "poet/room/deep/b.py", "poet/other.py", "stages/train.py", "poet/room/note.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"# {name}", encoding="utf-8")
    return tmp_path


LISTED = ("poet/room", "stages/train.py")


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("poet/room/a.py", True),
        ("poet/room/deep/b.py", True),
        ("stages/train.py", True),
        ("poet/room/new.py", True),
        ("poet/other.py", False),
        ("poet/room/note.txt", False),
    ],
)
def test_the_key_depends_on_the_listed_code_only(code, name, counts):
    before = resume_key(["data"], LISTED, code)
    (code / name).write_text("changed", encoding="utf-8")
    assert (resume_key(["data"], LISTED, code) != before) == counts


def test_the_key_depends_on_names_but_not_on_the_order_of_the_list(code):
    before = resume_key(["data"], LISTED, code)
    assert resume_key(["data"], (*reversed(LISTED), "poet/room/a.py"), code) == before
    (code / "poet/room/a.py").rename(code / "poet/room/z.py")
    assert resume_key(["data"], LISTED, code) != before


def test_the_key_depends_on_the_identity(code):
    assert len({resume_key(identity, LISTED, code) for identity in (["ab", "c"], ["a", "bc"], ["abc"])}) == 3


def test_code_that_does_not_exist_is_an_error(code):
    with pytest.raises(FileNotFoundError, match=r"poet/rom"):
        resume_key(["data"], ("poet/rom",), code)


def test_the_stage_lists_code_that_exists_wherever_it_is_started(monkeypatch, tmp_path):
    here = resume_key(["data"], CODE)
    monkeypatch.chdir(tmp_path)
    assert resume_key(["data"], CODE) == here
