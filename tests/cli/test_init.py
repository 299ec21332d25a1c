"""`poet init` and `poet upgrade`: a whole project or none, errors that help, and an upgrade that says what will run."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from poet.cli import main
from poet.params.file import load_params
from poet.params.sections import CalibreSource, FolderSource
from poet.projects import lock
from poet.projects.pipeline import LOCK
from tests.clone import sh
from tests.sources.calibre_library import write_calibre_library
from tests.sources.gutenberg.small_mirror import write_catalog


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder outside of every repository, with git and somebody who commits; returns it."""
    for variable in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{variable}_NAME", "t")
        monkeypatch.setenv(f"{variable}_EMAIL", "t@example.org")
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
        (["con", "--folder", "full"], "this name is reserved"),
        (["p", "--folder", "full", "--name", "A B"], "collections.A B"),
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


def test_without_git_nothing_is_made(here, monkeypatch):
    monkeypatch.setenv("PATH", str(here))
    result = init("p")
    assert (result.exit_code, (here / "p").exists()) == (1, False)
    assert "git is not installed" in result.output


def test_without_somebody_who_commits_the_project_is_whole_and_staged(here, monkeypatch):
    for variable in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(here / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("EMAIL", "")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.useConfigOnly")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    result = init("p")
    assert result.exit_code == 0, result.output
    assert "nothing is committed yet, for git says:" in result.output
    staged = subprocess.run(["git", "-C", "p", "ls-files"], capture_output=True, text=True, check=True).stdout.split()
    assert {"params.yaml", "dvc.yaml", LOCK, "README.md", ".dvc/config", "models/none/README.md"} <= set(staged)


def upgrade(*words):
    return CliRunner().invoke(main, ["upgrade", *words])


@pytest.fixture
def project(here, monkeypatch):
    """A new project, which is the current folder."""
    assert init("p").exit_code == 0
    monkeypatch.chdir(here / "p")
    return here / "p"


@pytest.fixture
def newer(monkeypatch):
    """Another version is installed, with other code for the pages."""
    real = lock.code_hash
    other = "poet/report/verdict.py"
    monkeypatch.setattr(lock, "code_hash", lambda paths: real([path for path in paths if path != other]))
    monkeypatch.setattr(lock.importlib.metadata, "version", lambda name: "9.0")


def test_an_upgrade_says_which_stages_will_run(project, newer):
    old = (project / LOCK).read_text(encoding="utf-8")
    check = CliRunner().invoke(main, ["check"])
    assert "version 9.0 is installed" in check.output and "other code in: report, start_page" in check.output
    result = upgrade()
    assert result.exit_code == 0, result.output
    assert "`dvc repro` runs them again: report, start_page\n" in result.output
    changed = [
        one
        for one, other in zip(old.split("\n"), (project / LOCK).read_text().split("\n"), strict=True)
        if one != other
    ]
    assert [line.split('"')[1] for line in changed] == ["version", "report", "start_page"]
    assert upgrade().output == "nothing to do: the project has the installed version 9.0\n"
    assert "other code" not in CliRunner().invoke(main, ["check"]).output


def test_a_stage_refuses_other_code_than_the_projects(project, newer):
    assert lock.require_same_code(project, "train") is None
    with pytest.raises(lock.PoetError, match=r"stage report \(version 9.0\) .* \(version 0.* Run `poet upgrade`"):
        lock.require_same_code(project, "report")
    with pytest.raises(lock.PoetError, match="stage nonsense"):
        lock.require_same_code(project, "nonsense")


def test_an_edited_pipeline_is_not_replaced_unasked(project, newer):
    path = project / "dvc.yaml"
    edited = path.read_text(encoding="utf-8").replace("desc: one HTML", "desc: an HTML")
    path.write_text(edited, encoding="utf-8")
    before = (project / LOCK).read_bytes()
    result = upgrade()
    assert result.exit_code == 1 and "was edited, and an upgrade would replace it" in result.output
    assert (path.read_text(encoding="utf-8"), (project / LOCK).read_bytes()) == (edited, before)
    assert upgrade("--replace").exit_code == 0
    assert "desc: one HTML" in path.read_text(encoding="utf-8")


def test_an_upgrade_says_what_params_yaml_lacks(project, newer):
    path = project / "params.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("  findings: 8", "  # findings: 8"), encoding="utf-8")
    result = upgrade()
    assert result.exit_code == 1
    assert "report.findings: missing" in result.output or "report" in result.output
    assert "This version's own is " in result.output
    assert json.loads((project / LOCK).read_text(encoding="utf-8"))["version"] == "9.0"


def test_where_the_code_is_among_the_files_nothing_is_upgraded(here):
    (here / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    result = upgrade()
    assert result.exit_code == 1 and f"has no {LOCK}" in result.output


def test_a_calibre_library_is_a_source(here):
    library = write_calibre_library(here / "library")
    result = init("p", "--calibre", "library")
    assert result.exit_code == 0, result.output
    assert load_params(here / "p/params.yaml").collection("p").sources == [
        CalibreSource(kind="calibre", path=str(library))
    ]
