"""Runs are ranked, told apart and made again; with a real MLflow store, real git, and DVC's own reading of -S."""

import dataclasses
import hashlib
import itertools
import json
import shlex
import shutil

import pytest
from click.testing import CliRunner
from dvc.utils.hydra import apply_overrides

import poet.tracking.finished_runs
from poet.cli.runs import runs as runs_command
from poet.params.decided import decided
from poet.params.file import load_params
from poet.params.model import Yoke, model_settings
from poet.tracking.compare import difference, table, tables
from poet.tracking.figures import with_new_names
from poet.tracking.finished_runs import read_runs
from poet.tracking.reproduce import overrides, reproduction
from poet.tracking.run import tracking
from tests.clone import ROOT, sh

SHA = {"modern": "aa1" + "0" * 61, "classic": "aa2" + "0" * 61, "yoked": "bb3" + "0" * 61}


def model(name):
    sizes = {"n_layer": 4, "n_head": 2, "n_embd": 64, "sequence_len": 128}
    if name == "classic":
        return model_settings("classic", **sizes, bias=True)
    yoke = Yoke(layer=1, width=8, residual=False, state=False) if name == "yoked" else None
    return model_settings("modern", **sizes, yoke=yoke)


@pytest.fixture(scope="module")
def filled(tmp_path_factory, empty_store):
    """A repository with the shipped params.yaml and three runs, of which one is not evaluated."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copy(ROOT / "params.yaml", folder)
    shutil.copy(empty_store, folder / "mlflow.db")
    (folder / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    (folder / ".gitignore").write_text("mlflow.db\n.poet\nmlartifacts\n", encoding="utf-8")
    sh("git init -q && git add . && git -c user.name=a -c user.email=a@b commit -qm first", folder)
    params = load_params(folder / "params.yaml")
    optimizer = dataclasses.replace(params.train.optimizer, weight_decay=0.5)
    split = dataclasses.replace(params.split, held_out_books=["the-tempest", "hamlet"])
    for number, (name, digest) in enumerate(SHA.items()):
        train = dataclasses.replace(params.train, steps=800 + number, sample_prompt='She said "no', optimizer=optimizer)
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("MLFLOW_TRACKING_URI", raising=False)
            patch.setenv("DVC_EXP_NAME", f"{name}-owl")
            with tracking(folder, "shelf", "train") as tracker:
                tracker.params(split=split, tokenize=dataclasses.replace(params.tokenize, kind="char"))
                tracker.params(**decided(model(name), train, device="cpu", precision="float32"))
                tracker.tags({"poet.model_sha256": digest})
                if name != "yoked":
                    tracker.metrics(0, {"evaluation/bits_per_character": 2.0 - number})
    return folder


@pytest.fixture
def project(filled, tmp_path, monkeypatch):
    """A copy of that repository, in which the test is."""
    shutil.copytree(filled, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    for variable in ("DVC_ROOT", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path / "project"


def call(*arguments):
    return CliRunner().invoke(runs_command, list(arguments))


def test_the_table_has_the_best_run_first_and_only_what_differs(project):
    lines = call().output.splitlines()
    assert lines[0] == "shelf" and lines[1].split()[:4] == ["model", "name", "bits/char", "held-out"]
    assert [line.split()[0] for line in lines[2:]] == ["aa200000", "aa100000", "bb300000"]
    # What the preset decides is said once, by its name; the bias was set beside it.
    assert "preset" in lines[1] and "norm" not in lines[1] and "optimizer" not in lines[1]
    assert "bias" in lines[1] and "train.steps" in lines[1] and "n_layer" not in lines[1]
    listed = json.loads(call("--json").output)["shelf"]
    assert [run["name"] for run in listed] == ["classic-owl", "modern-owl", "yoked-owl"]
    assert "did you mean" not in call("--collection", "shelf").output and call("--collection", "shelv").exit_code == 1


def test_two_runs_differ_in_parameters_and_metrics(project):
    rows = {line.split()[0]: line.split()[1:] for line in call("diff", "modern-owl", "aa2").output.splitlines()[1:]}
    assert rows["model.norm"] == ["rms", "layer"] and rows["evaluation/bits_per_character"] == ["2", "1"]
    assert "model.n_layer" not in rows
    assert json.loads(call("diff", "aa1", "aa2", "--json").output)["model.preset"] == ["modern", "classic"]


def test_runs_that_do_not_compare_have_tables_of_their_own(project):
    modern, classic, yoked = sorted(read_runs(project)["shelf"], key=lambda run: run.model_sha256)
    runs = [
        dataclasses.replace(modern, text="3 books"),
        dataclasses.replace(classic, text="3 books", params=classic.params | {"split.validation": "0.5"}),
        dataclasses.replace(yoked, text="3 books"),
        dataclasses.replace(modern, text="2 books", model_sha256="cc4"),
    ]
    usual = f"split.validation: {modern.params['split.validation']}"
    lines = tables(runs)
    assert "do not compare" in lines[0] and tables(runs[:1]) == table(runs[:1])
    found = [[line.split()[0] for line in group.splitlines()[1:]] for group in "\n".join(lines[2:]).split("\n\n")]
    assert found == [["model", "aa100000", "bb300000"], ["model", "aa200000"], ["model", "cc4"]]
    heads = [line for before, line in itertools.pairwise(lines) if not before]
    assert heads == [f"books: 3 books, {usual}", "books: 3 books, split.validation: 0.5", f"books: 2 books, {usual}"]
    # Older runs may have recorded less.
    runs = [dataclasses.replace(modern, text="3 books", params=params) for params in ({"split.validation": "0.5"}, {})]
    assert {"split.validation: 0.5", "split: not recorded"} < {*tables(runs)}


def test_the_table_says_whose_the_runs_are_where_several_made_them(filled, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    runs = [dataclasses.replace(run, tags={}) for run in read_runs(filled, "shelf")["shelf"]]
    assert "user" not in table(runs)[0]
    several = [dataclasses.replace(runs[0], tags={"mlflow.user": "Ada"}), runs[1]]
    assert "  user  " in table(several)[0] and any("  Ada   " in line for line in table(several))


def test_runs_that_are_left_out_are_counted_aloud(project, monkeypatch):
    assert "newest" not in call().stderr
    monkeypatch.setattr(poet.tracking.finished_runs, "NEWEST", 2)
    result = call("--json")
    assert "Of the runs of shelf, only the newest 2 are compared." in result.stderr
    assert len(json.loads(result.stdout)["shelf"]) == 2


def test_runs_on_other_books_or_other_code_differ(project):
    (run,) = [run for run in read_runs(project)["shelf"] if run.name == "modern-owl"]
    one = dataclasses.replace(run, text="3 books", data_sha256="ab", tags={"poet.git_commit": "c1"})
    other = dataclasses.replace(run, text="2 books", data_sha256="", tags={})
    rows = [("text", "3 books", "2 books"), ("data_sha256", "ab", "-"), ("poet.git_commit", "c1", "-")]
    assert difference(one, other) == rows and difference(one, one) == []


def test_the_figures_of_older_runs_are_listed_once(project):
    (run,) = [run for run in read_runs(project)["shelf"] if run.name == "modern-owl"]
    metrics = ({"evaluation.bits_per_character": bits, "train_loss": bits, "epoch": bits} for bits in (1.0, 2.0))
    one, other = (dataclasses.replace(run, metrics=with_new_names(old)) for old in metrics)
    assert [row[0] for row in difference(one, other)] == ["evaluation/bits_per_character", "train/loss"]
    one, other = (dataclasses.replace(run, metrics={"epoch": value}) for value in (1.0, 2.0))
    assert difference(one, other) == [("epoch", "1", "2")]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [("aa", "names 2 runs: aa"), ("clasic-owl", "Did you mean classic-owl"), ("zzz", "`poet runs` lists all")],
)
def test_an_unknown_or_ambiguous_run_says_what_is_near(project, wanted, words):
    result = call("reproduce", wanted)
    assert result.exit_code == 1 and words in result.output


@pytest.mark.parametrize("name", list(SHA))
def test_the_printed_changes_lead_to_the_recipe_of_the_run(project, name):
    """DVC itself applies the changes to params.yaml; what that file then says is what was recorded."""
    command = call("reproduce", f"{name}-owl").output.splitlines()
    (line,) = [one for one in command if not one.startswith("#")]
    words = shlex.split(line)
    assert words[:4] == ["dvc", "exp", "run", "-S"] and words[4] == "build=[shelf]"
    shutil.copy(project / "params.yaml", project / "changed.yaml")
    apply_overrides(project / "changed.yaml", words[6::2])
    changed = load_params(project / "changed.yaml")
    assert changed.model == model(name)
    assert changed.train.sample_prompt == 'She said "no' and changed.split.held_out_books == ["the-tempest", "hamlet"]
    (run,) = [run for run in read_runs(project)["shelf"] if run.name == f"{name}-owl"]
    assert overrides(run, changed) == []
    # Minutes in the file would pick another size than the one that the run has.
    timed = dataclasses.replace(changed, train=dataclasses.replace(changed.train, minutes=10.0))
    assert overrides(run, timed) == ["train.minutes=null"]


def test_a_run_that_started_from_another_model_names_it(project):
    (run,) = [run for run in read_runs(project)["shelf"] if run.name == "modern-owl"]
    weights = project / "models/first/model.safetensors"
    params = run.params | {"train.init_from": "models/first"}
    tags = run.tags | {"poet.start_sha256": hashlib.sha256(b"weights").hexdigest()}
    started = dataclasses.replace(run, params=params, tags=tags)

    def said():
        return "\n".join(reproduction(started, "shelf", project))

    assert """-S 'train.init_from="models/first"'""" in said()
    assert f"# It started from the model {tags['poet.start_sha256'][:8]} in models/first, which is not here." in said()
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    assert "models/first, which is here." in said()
    weights.write_bytes(b"others")
    assert "models/first, which is another model here." in said()
    assert "started from" not in "\n".join(reproduction(run, "shelf", project))


def test_what_is_missing_is_said(project):
    (project / "params.yaml").write_text((project / "params.yaml").read_text() + "# more\n", encoding="utf-8")
    sh("git add . && git -c user.name=a -c user.email=a@b commit -qm second", project)
    (project / "dvc.yaml").write_text("stages:  {}\n", encoding="utf-8")
    first = sh("git rev-parse HEAD~1", project).strip()
    printed = call("reproduce", "aa1").output
    assert f"\ngit checkout {first}\n" in printed and "commit or stash them first" in printed
    sh("rm -rf .git && git init -q", project)
    assert f"lacks the commit {first}" in call("reproduce", "aa1").output


@pytest.mark.parametrize("commit", ["--output=stolen", "HEAD", "abc", "a1b2c3d\nrm -rf ~", ""])
def test_what_others_wrote_to_mlflow_is_no_command_and_no_option(project, commit):
    (run,) = [run for run in read_runs(project)["shelf"] if run.name == "modern-owl"]
    tags = run.tags | {"poet.git_commit": commit, "poet.device_name": "a\u2028rm -rf ~"}
    prompt = run.params | {"train.sample_prompt": "It's\nrm -rf ~\x85é\\"}
    bad = dataclasses.replace(run, name="owl\nrm -rf ~\r$(reboot)", tags=tags, params=prompt, data_sha256="1\n;reboot")
    lines = "\n".join(reproduction(bad, "shelf'\nrm -rf ~", project)).splitlines()
    assert [line for line in lines if not line.startswith(("#", "dvc exp run -S "))] == []
    assert any(repr(commit) in line for line in lines) == bool(commit)
    assert not (project / "stolen:params.yaml").exists()
    (command,) = [line for line in lines if not line.startswith("#")]
    words = sh(f"bash -c {shlex.quote(command.replace('dvc exp run', 'printf %s+'))}", project)
    assert "build=[shelf'\nrm -rf ~]+" in words and "It's\nrm -rf ~\x85é\\" in words


def test_without_a_run_the_next_command_is_named(client, tmp_path, monkeypatch):
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    for arguments in ([], ["diff", "a", "b"], ["reproduce", "a"]):
        result = call(*arguments)
        assert result.exit_code == 1 and "dvc repro" in result.output
