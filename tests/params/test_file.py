"""params.yaml: the shipped file is valid, and each kind of mistake is told by its key, all at once."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from poet.errors import ConfigError
from poet.params.file import load_params
from tests.clone import ROOT


def broken(tmp_path: Path, **changes: object) -> str:
    """The message for the shipped params.yaml with dotted keys changed ("__" for "."), or deleted by None."""
    yaml = YAML()
    raw = yaml.load(ROOT / "params.yaml")
    for dotted, value in changes.items():
        *parents, key = dotted.split("__")
        section = raw
        for parent in parents:
            section = section[parent]
        if value is None:
            del section[key]
        else:
            section[key] = value
    path = tmp_path / "params.yaml"
    yaml.dump(raw, path)
    with pytest.raises(ConfigError) as error:
        load_params(path)
    assert error.value.exit_code == 1
    return error.value.message


def test_the_shipped_file_is_valid(params):
    assert params.build == ["shakespeare"]
    assert [len(source.ids) for source in params.collections["philosophers_plato"].sources] == [20, 3]


def test_all_problems_are_reported_at_once(tmp_path):
    message = broken(
        tmp_path,
        build=["shakespear"],
        train__stepz=4,
        train__steps=None,
        model__n_layer="four",
        split__validation=0.9,
        tokenize__kind="words",
    )
    assert "6 problems" in message
    for line in (
        "build: unknown collection 'shakespear' (did you mean 'shakespeare'?)",
        "train.stepz: unknown key (did you mean 'steps'?)",
        "train.steps: missing",
        "model.n_layer: should be a valid integer, got 'four'",
        "split.validation: should be less than or equal to 0.5, got 0.9",
        "tokenize.kind: should be 'char', 'byte', 'word', 'ngram', 'bytegram' or 'bpe', got 'words'",
    ):
        assert line in message


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model__n_head": 5}, "model: n_embd 192 must be a multiple of n_head 5"),
        ({"model__n_embd": True}, "model.n_embd: should be a valid integer, got True"),
        ({"train": None}, "train: missing"),
        ({"sample__top_k": None}, "sample.top_k: missing"),
        ({"sample__top_p": 1.5}, "sample.top_p: should be less than or equal to 1, got 1.5"),
        ({"train": 3}, "train: should be a mapping, got 3"),
        ({"collections__x": {"title": "X", "sources": [{"kind": "web"}]}}, "collections.x.sources.0"),
        ({"collections__../x": {"title": "X", "sources": [{"kind": "folder", "path": "x"}]}}, "collections.../x"),
        ({"collections__x": {"title": "X", "sources": [{"kind": "gutenberg", "ids": [0]}]}}, "sources.0.ids.0"),
        ({"sample__temperatures": [-1.0]}, "sample.temperatures.0: should be greater than or equal to 0"),
    ],
)
def test_each_mistake_names_its_key(tmp_path, changes, expected):
    assert expected in broken(tmp_path, **changes)


@pytest.mark.parametrize("content", ["a: [", "- 1\n", "build: a\nbuild: b\n"])
def test_a_file_that_is_no_mapping(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"params\.yaml"):
        load_params(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        load_params(tmp_path / "params.yaml")
