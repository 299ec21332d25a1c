"""The params.yaml of a new project is the repository's, and what was chosen comes back when it is read."""

import difflib
import re

import pytest
from dvc.utils.serialize import modify_yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from poet.errors import ConfigError
from poet.params.file import load_params
from poet.params.sections import CalibreSource, FolderSource, GutenbergSource
from poet.projects import recipe
from poet.projects.recipe import Shelf, make_recipe
from tests.clone import ROOT

SHIPPED = (ROOT / "params.yaml").read_text(encoding="utf-8")


def read(text, folder):
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    return load_params(folder / "params.yaml")


def test_without_a_choice_it_is_the_shipped_one():
    assert make_recipe(None) == SHIPPED


def test_what_was_chosen_comes_back(tmp_path):
    shelf = Shelf(name="shelf-1", title="Tom's: #1 «x»", books=[1342, 158], folders=["/a b/ü: c"], calibre=["C:\\x"])
    params = read(make_recipe(shelf, ["/mirror", "https://mirror.example/x"]), tmp_path)
    assert params.build == ["shelf-1"] == list(params.collections)
    collection = params.collection("shelf-1")
    assert collection.title == shelf.title
    assert collection.sources == [
        GutenbergSource(kind="gutenberg", ids=[1342, 158]),
        FolderSource(kind="folder", path="/a b/ü: c"),
        CalibreSource(kind="calibre", path="C:\\x"),
    ]
    assert params.download.mirrors[:2] == ["/mirror", "https://mirror.example/x"]
    assert params.split.held_out_books == []


def test_all_else_is_the_shipped_recipe_comments_and_all(tmp_path):
    made = make_recipe(Shelf(name="mine", title="Mine", books=[5]), ["/mirror"])
    old, new = SHIPPED.splitlines(), made.splitlines()
    changed = [line for line in difflib.ndiff(old, new) if line[0] in "+-"]
    start, end = old.index("collections:"), old.index("download:")
    gone = {line[2:] for line in changed if line[0] == "-"}
    assert gone <= {*old[start:end], "  - shakespeare", next(line for line in old if "held_out_books" in line)}
    assert len([line for line in changed if line[0] == "+"]) <= 8
    here, there = (read(text, tmp_path) for text in (SHIPPED, made))
    for section in set(YAML(typ="safe").load(SHIPPED)) - {"build", "collections", "download", "split"}:
        assert getattr(here, section) == getattr(there, section)


@settings(max_examples=30)
@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30),
    st.from_regex(r"[a-z0-9][a-z0-9_-]{0,9}", fullmatch=True),
)
@example("\U00012544\u2028\xa0\ufeff \U0001f600", "on")
def test_any_title_path_and_name_come_back(text, name):
    shelf = YAML(typ="safe").load(make_recipe(Shelf(name=name, title=text, folders=[text])))
    assert shelf["build"] == [name]
    assert shelf["collections"] == {name: {"title": text, "sources": [{"kind": "folder", "path": text}]}}


@pytest.mark.parametrize("name", ["true", "null", "no", "1342", "1e3"])
def test_a_name_is_never_a_number_or_a_truth(name):
    assert list(YAML(typ="safe").load(make_recipe(Shelf(name=name, title="", books=[1])))["collections"]) == [name]


@pytest.fixture
def original(tmp_path, monkeypatch):
    """The params.yaml of a clone, from which recipes are made, for the test to change."""
    path = tmp_path / "clone" / "params.yaml"
    path.parent.mkdir()
    path.write_text(SHIPPED, encoding="utf-8")
    monkeypatch.setattr(recipe, "template", lambda name: path.read_text(encoding="utf-8"))
    return path


def by_hand(path):
    """As somebody may write it."""
    text = SHIPPED.replace("\n  - shakespeare", " [shakespeare]")
    path.write_text(re.sub(r"mirrors:\n.*\n.*\n", "mirrors: [https://a.example]\n", text), encoding="utf-8")


def by_dvc(path):
    """As `dvc exp run -S` leaves it: every list is moved to the left."""
    with modify_yaml(str(path)) as content:
        content["train"]["steps"] = 1000
    assert "\n- shakespeare" in path.read_text(encoding="utf-8")


def by_dvc_with_lists(path):
    with modify_yaml(str(path)) as content:
        content["split"]["held_out_books"] = ["hamlet", "macbeth"]


@pytest.mark.parametrize("rewrite", [by_hand, by_dvc, by_dvc_with_lists])
def test_a_recipe_in_another_hand_is_understood(original, tmp_path, rewrite):
    rewrite(original)
    before = YAML(typ="safe").load(original)
    params = read(make_recipe(Shelf(name="mine", title="Mine", books=[5]), ["/mirror"]), tmp_path)
    assert (params.build, list(params.collections), params.split.held_out_books) == (["mine"], ["mine"], [])
    assert params.download.mirrors == ["/mirror", *before["download"]["mirrors"]]
    assert params.train.steps == before["train"]["steps"]


@pytest.mark.parametrize(
    "text",
    ["train: {}\n", "build: [x\n", "- 1\n", "", SHIPPED.replace("held_out_books", "x")],
    ids=["another file", "broken", "a list", "empty", "one key missing"],
)
def test_a_recipe_that_is_none_is_an_error(original, text):
    original.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"params\.yaml, from which new recipes are made, has no "):
        make_recipe(Shelf(name="mine", title="Mine", books=[5]), ["/mirror"])
