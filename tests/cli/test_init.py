"""`poet init`: a whole project or none, and errors that help."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from poet.cli import main
from poet.params.file import load_params
from poet.params.sections import CalibreSource, FolderSource
from poet.projects import template
from poet.projects.create import new_project
from poet.projects.pipeline import LOCK
from poet.projects.recipe import make_recipe
from poet.projects.template import COPIED
from tests.clone import ROOT, sh
from tests.sources.calibre_library import write_calibre_library
from tests.sources.gutenberg.small_mirror import write_catalog


def init(*words):
    return CliRunner().invoke(main, ["init", *map(str, words)])


def test_a_project_of_own_texts(write_books, here):
    write_books(a="Once upon a time. " * 90)
    result = init("My Shelf", "--folder", "texts", "--title", "Ours")
    assert result.exit_code == 0, result.output
    assert "1 of 1 file used" in result.output
    assert "cd 'My Shelf'" in result.output
    settings = load_params(here / "My Shelf/params.yaml")
    assert settings.build == ["my_shelf"]
    # From the new folder, too.
    source = FolderSource(kind="folder", path=str(here / "texts"))
    assert (settings.collection("my_shelf").title, settings.collection("my_shelf").sources) == ("Ours", [source])
    assert (here / "My Shelf/data/own/.outside-sources.json").is_file()
    # DVC takes the folder for a repository of its own, and everything is committed.
    assert sh("git status --short && git rev-list --count HEAD", here / "My Shelf") == "1\n"
    assert "download@my_shelf" in sh("python -m dvc stage list --name-only", here / "My Shelf")
    assert json.loads((here / "My Shelf" / LOCK).read_text(encoding="utf-8"))["version"]


def test_a_project_of_gutenbergs_books(here):
    write_catalog(here / "mirror")
    result = init("p", "--books", "768, 1260,768", "--mirror", "mirror", "--name", "bronte")
    assert result.exit_code == 0, result.output
    assert "Wuthering Heights" in result.output and "Jane Eyre" in result.output
    settings = load_params(here / "p/params.yaml")
    assert settings.collection("bronte").sources[0].ids == [768, 1260]
    assert settings.download.mirrors[0] == str(here / "mirror")
    unknown = init("q", "--books", "768,9846,7", "--mirror", "mirror")
    assert (unknown.exit_code, (here / "q").exists()) == (1, False)
    assert "Gutenberg's catalog has no text 9846, 7; look for books with `poet search`" in unknown.output


def test_collections_can_be_added_in_it(here, monkeypatch):
    write_catalog(here / "mirror")
    assert init("p", "--books", "768", "--mirror", "mirror").exit_code == 0
    monkeypatch.chdir(here / "p")
    for words in ("add kant --id 4280", "add p --id 1260", "show p", "remove kant"):
        result = CliRunner().invoke(main, ["collection", *words.split()])
        assert result.exit_code == 0, result.output
    assert load_params(here / "p/params.yaml").collections["p"].sources[0].ids == [768, 1260]


def test_books_are_found_before_there_is_a_project(here, monkeypatch):
    write_catalog(here / "mirror")
    recipe = here / "recipe.yaml"
    monkeypatch.setattr(sys.modules["poet.cli.search"], "template_path", lambda name: recipe)
    assert init("p", "--mirror", "mirror").exit_code == 0
    (here / "p/params.yaml").rename(recipe)
    result = CliRunner().invoke(main, ["search", "jane", "eyre"])
    assert result.exit_code == 0, result.output
    assert "Next: poet init bronte --books 1260" in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["full"], "full is not empty; name a new folder, or an empty one"),
        (["file"], "file is a file"),
        (["repository/x/p"], "would be in the git repository"),
        (["data/p"], "would be in the DVC repository"),
        (["p", "--books", "12,x"], "'x' is not the number of a book; say 1342,158"),
        (["p", "--name", "x"], "say which books: --books, --folder or --calibre"),
        (["p", "--folder", "nowhere"], "does not exist"),
        (["p", "--folder", "empty"], "empty"),
        (["p", "--calibre", "empty"], "empty"),
        (["...", "--folder", "full"], "choose one with --name"),
        (["con", "--folder", "full"], "'con' is no name for a collection"),
        (["l" * 65, "--folder", "full"], "choose one with --name"),
        (["p", "--folder", "full", "--name", "A B"], "'A B' is no name for a collection"),
        (["full/p", "--folder", "full"], "full/p would be in full, and the project would read its own files"),
        (["full/x/p", "--calibre", "full"], "full/x/p would be in full, and the project would read its own files"),
        (["p", "--books", ""], "'' is not the number of a book; say 1342,158"),
        (["p", "--books", "1000000"], "'1000000' is not the number of a book"),
        (["new/parents/p", "--folder", "empty"], "empty"),
        (["n" * 300], "File name too long"),
        (["new/" + "n" * 300], "File name too long"),
        (["file/p"], "no project can be made in file/p"),
        (["p", "--mirror", "http://user:word@mirror.example"], "holds a user or a password"),
    ],
)
def test_a_mistake_leaves_nothing(here, words, message):
    for folder in ("full", "repository/.git", "repository/x", "data/.dvc", "empty"):
        (here / folder).mkdir(parents=True)
    for file in ("full/a.txt", "file"):
        (here / file).write_text("words " * 400, encoding="utf-8")
    before = sorted(here.rglob("*"))
    result = init(*words)
    assert result.exit_code in (1, 2), result.output
    assert message in " ".join(result.output.replace("│", " ").split())
    assert "Traceback" not in result.output
    assert sorted(path for path in here.rglob("*") if ".poet" not in path.parts) == before


def test_an_empty_folder_stays_empty_after_a_mistake_and_is_taken_else(here, monkeypatch):
    (here / "p").mkdir()
    (here / "empty").mkdir()
    monkeypatch.chdir(here / "p")
    assert init(".", "--folder", "../empty").exit_code == 1
    assert list((here / "p").iterdir()) == []
    assert init(".").exit_code == 0
    assert load_params(here / "p/params.yaml").build == ["shakespeare"]


def test_texts_beside_the_project_are_taken_and_a_link_into_them_is_not(here):
    (here / "texts").mkdir()
    (here / "texts/a.txt").write_text("words " * 400, encoding="utf-8")
    (here / "link").symlink_to(here / "texts")
    inside = init("link/p", "--folder", "texts")
    assert inside.exit_code == 1 and "would be in texts" in inside.output
    assert init("texts-p", "--folder", "texts").exit_code == 0


def test_the_current_folder_gives_its_name(here, monkeypatch):
    (here / "full").mkdir()
    (here / "full/a.txt").write_text("words " * 400, encoding="utf-8")
    for folder, output in (("My Shelf", "1 of 1 file used"), ("con", "'con' is no name for a collection")):
        (here / folder).mkdir()
        monkeypatch.chdir(here / folder)
        assert output in init(".", "--folder", "../full").output
    assert load_params(here / "My Shelf/params.yaml").build == ["my_shelf"]


def test_what_others_put_there_stays_after_a_mistake(here):
    with pytest.raises(RuntimeError), new_project(here / "new/p", make_recipe(None)):
        (here / "new/p/mine.txt").write_text("mine", encoding="utf-8")
        raise RuntimeError
    assert [path.relative_to(here).as_posix() for path in sorted(here.rglob("*"))] == ["new", "new/p", "new/p/mine.txt"]


def test_git_makes_the_new_repository_also_in_a_hook_of_another(here, monkeypatch):
    sh("git init --quiet other", here)
    for name, value in (("DIR", ".git"), ("WORK_TREE", ""), ("INDEX_FILE", ".git/index")):
        monkeypatch.setenv(f"GIT_{name}", str(here / "other" / value))
    result = init("p")
    assert result.exit_code == 0, result.output
    assert sh("git rev-list --count HEAD", here / "p") == "1\n"
    assert not (here / "other/.git/index").exists()


def test_all_that_git_says_is_shown(here, monkeypatch):
    hooks = here / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\nprintf 'first\\nlast\\n' >&2\nexit 1\n", encoding="utf-8")
    (hooks / "pre-commit").chmod(0o755)
    for name, value in (("COUNT", "1"), ("KEY_0", "core.hooksPath"), ("VALUE_0", str(hooks))):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    result = init("p")
    assert result.exit_code == 0, result.output
    assert "nothing is committed yet, for git says:\nfirst\nlast\n" in result.output


def test_from_a_clone_the_recipe_is_its_own_and_its_remotes_are_not_taken(here, monkeypatch):
    """Of this repository, which may have a remote in .dvc/config, and somebody's folders in params.yaml."""
    for name in (*COPIED, "dvc.yaml", "params.yaml"):
        (here / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "clone" / name).write_bytes((ROOT / name).read_bytes())
    (here / "clone/.dvc/config").write_text("[core]\n    remote = team\n", encoding="utf-8")
    monkeypatch.setattr(template, "CODE_ROOT", here / "clone")
    result = init("p")
    assert result.exit_code == 0, result.output
    assert f"its recipe is made from {here / 'clone' / 'params.yaml'}" in result.output
    assert sh("python -m dvc remote list && git ls-files .dvc", here / "p").split() == [
        *(".dvc/.gitignore", ".dvc/config", ".dvc/plots/learning.json"),
    ]


def test_without_git_nothing_is_made(here, monkeypatch):
    monkeypatch.setenv("PATH", str(here))
    result = init("p")
    assert (result.exit_code, (here / "p").exists()) == (1, False)
    assert "git is not installed" in result.output


def test_without_somebody_who_commits_the_project_is_whole_and_staged(here, monkeypatch):
    for variable in ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"):
        monkeypatch.delenv(f"GIT_{variable}")
    monkeypatch.setenv("EMAIL", "")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.useConfigOnly")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    result = init("p")
    assert result.exit_code == 0, result.output
    assert "nothing is committed yet, for git says:" in result.output
    staged = subprocess.run(["git", "-C", "p", "ls-files"], capture_output=True, text=True, check=True).stdout.split()
    assert {"params.yaml", "dvc.yaml", LOCK, "README.md", ".dvc/config", "models/none/README.md"} <= set(staged)


def test_a_calibre_library_is_a_source(here):
    library = write_calibre_library(here / "library")
    result = init("p", "--calibre", "library")
    assert result.exit_code == 0, result.output
    assert load_params(here / "p/params.yaml").collection("p").sources == [
        CalibreSource(kind="calibre", path=str(library))
    ]
