"""`poet upgrade`: the files of the installed version, none of somebody's edits lost, and what will run again."""

import json

import pytest
from click.testing import CliRunner

from poet.cli import main
from poet.projects import lock
from poet.projects import upgrade as upgrading
from poet.projects.pipeline import LOCK
from poet.projects.template import CONSTRAINTS
from tests.clone import sh


def upgrade(*words):
    return CliRunner().invoke(main, ["upgrade", *words])


@pytest.fixture
def project(here, monkeypatch):
    """A new project, which is the current folder."""
    assert CliRunner().invoke(main, ["init", "p"]).exit_code == 0
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


@pytest.fixture
def other_files(monkeypatch):
    """In the version that is installed, every file of a project has one more line."""
    real = lock.project_files
    monkeypatch.setattr(
        lock, "project_files", lambda made: {name: f"{text}# new\n" for name, text in real(made).items()}
    )
    monkeypatch.setattr(upgrading, "project_files", lock.project_files)


def append(path):
    path.write_bytes(path.read_bytes() + b"# edited\n")
    return path.read_bytes()


@pytest.mark.parametrize("name", ["dvc.yaml", CONSTRAINTS])
def test_an_edited_file_that_is_needed_is_not_replaced_unasked(project, other_files, name):
    edited, before = append(project / name), (project / LOCK).read_bytes()
    result = upgrade()
    assert result.exit_code == 1 and f"{name} in {project}: edited, and an upgrade would replace it" in result.output
    assert ((project / name).read_bytes(), (project / LOCK).read_bytes()) == (edited, before)
    assert sh("git status --short", project) == f" M {name}\n"
    result = upgrade("--replace")
    assert result.exit_code == 0, result.output
    assert (project / name).read_text(encoding="utf-8").endswith("# new\n")
    assert upgrade().output.startswith("nothing to do")


def test_other_files_are_replaced_unless_edited(project, other_files):
    kept = append(project / ".gitignore")
    (project / ".dvcignore").unlink()
    result = upgrade()
    assert result.exit_code == 0, result.output
    written = (".gitattributes", ".dvc/plots/learning.json", CONSTRAINTS, "data/own/README.md")
    for name in ("dvc.yaml", *written):
        assert (project / name).read_text(encoding="utf-8").endswith("# new\n"), name
        assert name in result.output.partition("written anew: ")[2].split("\n")[0]
    assert "a stage in dvc.yaml has another command" in result.output
    assert "edited, so kept, but this version has others: .dvcignore, .gitignore\n" in result.output
    assert ((project / ".gitignore").read_bytes(), (project / ".dvcignore").exists()) == (kept, False)
    assert upgrade().output.startswith("nothing to do")


def test_what_is_edited_stays_if_this_version_has_changed_nothing_there(project, newer):
    edited = [append(project / name) for name in ("dvc.yaml", CONSTRAINTS, ".gitignore")]
    result = upgrade()
    assert result.exit_code == 0 and "written anew" not in result.output and "kept" not in result.output
    assert edited == [(project / name).read_bytes() for name in ("dvc.yaml", CONSTRAINTS, ".gitignore")]
    assert "written anew: dvc.yaml, constraints.txt\n" in upgrade("--replace").output
    assert (project / ".gitignore").read_bytes() == edited[2]


@pytest.mark.parametrize("content", [None, "", "{}", '{"version": "0", "code": {"x": 1}}', "<<<<<<< HEAD\n"])
def test_a_lock_that_is_missing_or_damaged_is_written_anew_on_request(project, content):
    path = project / LOCK
    before = path.read_bytes()
    path.unlink() if content is None else path.write_text(content, encoding="utf-8")
    for words in (["upgrade"], ["check"])[: 1 if content is None else 2]:
        result = CliRunner().invoke(main, words)
        output = " ".join(result.output.split())
        assert result.exit_code == 1 and f"`git checkout {LOCK}` brings back" in output and "dvc repro" not in output
    result = upgrade("--replace")
    assert result.exit_code == 0, result.output
    assert "it had one that no lock says" in result.output and "runs them again: download" in result.output
    assert path.read_bytes() == before and sh("git status --short", project) == ""


def test_an_upgrade_says_what_params_yaml_lacks(project, newer):
    path = project / "params.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("  findings: 8", "  # findings: 8"), encoding="utf-8")
    result = upgrade()
    assert result.exit_code == 1
    assert "report.findings: missing" in result.output
    assert "runs them again: report, start_page\n" in result.output
    assert "This version's own is " in result.output
    assert json.loads((project / LOCK).read_text(encoding="utf-8"))["version"] == "9.0"


def test_where_the_code_is_among_the_files_nothing_is_upgraded(here):
    (here / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    for words in ([], ["--replace"]):
        result = upgrade(*words)
        assert result.exit_code == 1 and f"has no {LOCK}" in result.output
    assert [path.name for path in here.iterdir()] == ["dvc.yaml"]
