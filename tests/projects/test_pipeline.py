"""The dvc.yaml of a new project is the repository's, with the hash of the code in place of its files."""

import pytest
from ruamel.yaml import YAML

from poet.projects.lock import changed_stages, code_hash, installed_lock
from poet.projects.pipeline import LOCK, make_pipeline
from tests.clone import ROOT

HERE = YAML(typ="safe").load(ROOT / "dvc.yaml")
MADE = make_pipeline()
THERE = YAML(typ="safe").load(MADE.text)


def is_code(path):
    return path.startswith(("poet/", "stages/"))


def test_it_has_the_same_stages_and_the_same_model_by_name():
    assert list(THERE["stages"]) == list(HERE["stages"]) == list(MADE.code)
    assert {key: value for key, value in THERE.items() if key != "stages"} == {
        key: value for key, value in HERE.items() if key != "stages"
    }


@pytest.mark.parametrize("name", MADE.code)
def test_a_stage_differs_in_its_code_alone(name):
    here, there = ({**stages[name], **stages[name].get("do", {})} for stages in (HERE["stages"], THERE["stages"]))
    assert there.get("deps", []) == [path for path in here["deps"] if not is_code(path)]
    assert there.get("deps") != [], "DVC takes no empty list"
    assert MADE.code[name] == [path for path in here["deps"] if is_code(path)]
    assert there["params"] == [{LOCK: [f"code.{name}"]}, *here["params"]]
    assert there["cmd"] == here["cmd"].replace("python -m stages.", "python -m poet.projects.stage ")
    rest = {"deps", "params", "cmd", "do"}
    assert {key: there[key] for key in there.keys() - rest} == {key: here[key] for key in here.keys() - rest}


def test_the_lock_has_a_hash_for_each_stage():
    lock = installed_lock(MADE)
    assert list(lock.code) == list(MADE.code)
    assert len(set(lock.code.values())) == len(lock.code)


def test_the_hash_changes_with_every_file_and_every_name(tmp_path, monkeypatch):
    """As DVC's own does, which compares the files in the repository."""
    for path in ("poet/report/a.py", "poet/report/page/b.html", "stages/report.py", "poet/other.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path, encoding="utf-8")
    monkeypatch.setattr("poet.projects.lock.code_path", lambda path: tmp_path / path)

    def now():
        return code_hash(["poet/report", "stages/report.py"])

    seen = {now()}
    (tmp_path / "poet/other.py").write_text("other", encoding="utf-8")
    (tmp_path / "poet/report/__pycache__").mkdir()
    (tmp_path / "poet/report/__pycache__/a.pyc").write_text("", encoding="utf-8")
    assert {now()} == seen
    (tmp_path / "poet/report/page/b.html").write_text("", encoding="utf-8")
    seen.add(now())
    (tmp_path / "stages/report.py").write_text("", encoding="utf-8")
    seen.add(now())
    (tmp_path / "poet/report/a.py").rename(tmp_path / "poet/report/c.py")
    seen.add(now())
    assert len(seen) == 4


def test_code_of_the_report_concerns_the_report_alone(monkeypatch):
    before = installed_lock(MADE)
    file = "poet/report/verdict.py"
    real = code_hash
    monkeypatch.setattr("poet.projects.lock.code_hash", lambda paths: real(paths) + ("x" if file in paths else ""))
    after = installed_lock(MADE)
    assert changed_stages(before, after) == ["report", "start_page"]
    assert changed_stages(before, before) == []
