"""The grid of a sweep: values as Hydra reads them, names that git takes, refusals before anything is queued."""

import shutil
import string
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.errors import ConfigError
from poet.experiments.grid import expand, shortened, sweep_name, trial_name
from tests.clone import ROOT

PARAMS = ROOT / "params.yaml"


def names(*changes):
    return [trial.name for trial in expand(PARAMS, changes)]


def test_every_combination_is_a_trial_with_its_settings():
    trials = expand(PARAMS, ["train.steps=400,800", "model.n_embd=128,192"])
    assert [trial.name for trial in trials] == [
        "steps=400,n_embd=128",
        "steps=400,n_embd=192",
        "steps=800,n_embd=128",
        "steps=800,n_embd=192",
    ]
    last = trials[-1]
    assert (last.params.train.steps, last.params.model.n_embd) == (800, 192)
    assert last.changes == ("train.steps=800", "model.n_embd=192")
    assert last.values == {"train.steps": "800", "model.n_embd": "192"}


def test_commas_within_a_value_are_no_grid():
    lists = expand(PARAMS, ["split.held_out_books=[a,b],[c]"])
    assert [trial.params.split.held_out_books for trial in lists] == [["a", "b"], ["c"]]
    assert [trial.name for trial in lists] == ["held_out_books=a+b", "held_out_books=c"]
    texts = expand(PARAMS, ["train.sample_prompt='a,b','c d'"])
    assert [trial.params.train.sample_prompt for trial in texts] == ["a,b", "c d"]
    yokes = expand(PARAMS, ["model.yoke={layer:0,width:16,residual:true,state:false},null"])
    assert [trial.params.model.yoke is None for trial in yokes] == [False, True]
    assert names("train.steps=range(400,1000,200)") == ["steps=400", "steps=600", "steps=800"]
    assert names("build=[shakespeare],[philosophers]") == ["build=shakespeare", "build=philosophers"]


def test_equal_settings_are_one_trial_and_different_ones_have_different_names():
    assert names("train.steps=400,400") == ["steps=400"]
    assert names("train.optimizer.momentum=0.9,9e-1") == ["momentum=0.9"]
    one, other = names("train.sample_prompt='a b','a/b'")
    assert one != other and one.startswith("sample_prompt=a+b-")


def test_the_name_of_a_sweep_says_what_it_varies_and_stands_for_all_of_it():
    trials = expand(PARAMS, ["train.steps=400,800", "model.n_embd=128"])
    assert sweep_name(trials, "a").startswith("steps-")
    assert sweep_name(trials, "a") == sweep_name(trials[::-1], "a") != sweep_name(trials, "b")
    assert sweep_name(trials, "a") != sweep_name(trials[:1], "a")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["train.stepz=400,800"], "train.stepz: unknown key"),
        (["steps=400"], "steps: unknown key"),
        (["train.steps=400,many"], "train.steps: should be a valid integer, got 'many'"),
        (["train.batch_size=7,8", "train.accumulate=2"], "train.batch_size: 7 must be a multiple"),
        (["train.steps"], "write KEY=VALUE,VALUE"),
        (["train.steps=(1"], "write KEY=VALUE,VALUE"),
        (["train.steps=1,2", "train.steps=3"], "sets train.steps twice"),
        (["~train.steps"], "takes a setting away"),
        (["sample.top_k=1,2"], "this setting cannot change them"),
        (["train.steps=range(1,1000000000)"], "more than 500 values"),
        (["train.steps=range(1,41)", "train.seed=range(1,41)"], "1,600 experiments"),
        (["train.steps=glob(*)"], "needs a list of values"),
        (["train.steps=interval(1,2)"], "needs a list of values"),
    ],
)
def test_what_cannot_be_meant_is_one_message(changes, said):
    with pytest.raises(ConfigError) as caught:
        expand(PARAMS, changes)
    assert said in caught.value.format_message()


def test_all_wrong_members_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        expand(PARAMS, ["train.steps=-1,0,40"])
    assert caught.value.message.count("train.steps: should be greater") == 2


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
@given(st.dictionaries(st.sampled_from(["train.steps", "build", "x.lock"]), st.text(max_size=200), min_size=1))
def test_git_takes_every_name(values):
    """What git refuses in a reference, by `git check-ref-format`'s own rules; a shell needs no quotes either."""
    name = trial_name(values, shortened(values, []))
    assert {*name} <= {*string.ascii_letters, *string.digits, *"_.,=+-"}
    assert ".." not in name and not name.endswith((".", ".lock")) and name[0] not in ".-"
    assert len(name.encode()) < 150


def test_git_itself_takes_a_long_name_of_odd_values():
    name = trial_name({"train.sample_prompt": "../~^:?*[\\@{ .lock" + "é" * 200, "build": "a.lock"}, {})
    subprocess.run(["git", "check-ref-format", f"refs/exps/{name}"], check=True)
