"""DVC's queue where a test can have it without workers: what is refused, and whose process a number is."""

import json
import os
import subprocess
import sys

import pytest

from poet.errors import PoetError
from poet.experiments.grid import Trial
from poet.experiments.queue import Queue, is_alive
from poet.experiments.sweep import _patiently
from poet.params.sections import Params
from tests.clone import sh


def note(folder, pid, returncode=None):
    """A note of DVC that a process runs, or how it ended."""
    path = folder / "note.json"
    path.write_text(json.dumps({"pid": pid, "stdin": None, "returncode": returncode}), encoding="utf-8")
    return path


def test_a_number_that_another_process_has_by_now_is_no_sign_of_life(tmp_path):
    assert is_alive(note(tmp_path, os.getpid()))
    assert not is_alive(note(tmp_path, os.getpid(), returncode=0))
    old = note(tmp_path, os.getpid())
    os.utime(old, (1, 1))  # written before this process began, as before a reboot
    assert not is_alive(old)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    assert not is_alive(note(tmp_path, ended.pid)) and not is_alive(tmp_path / "none.json")


def test_a_file_that_is_replaced_at_this_moment_is_read_again(monkeypatch):
    monkeypatch.setattr("poet.experiments.sweep.POLL", 0.0)
    answers = [OSError(), ValueError(), {"steps=1": "abc"}]

    def look():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert _patiently(look) == {"steps=1": "abc"}
    answers += [OSError("what lasts")] * 9
    with pytest.raises(OSError, match="what lasts"):
        _patiently(look)


def test_what_dvc_does_not_queue_is_one_message(tmp_path, params: Params):
    """While an experiment runs in the working tree itself, DVC lets nobody queue another one."""
    (tmp_path / "dvc.yaml").write_text("stages:\n  one: {cmd: echo}\n", encoding="utf-8")
    (tmp_path / "params.yaml").write_text("a: 1\n", encoding="utf-8")
    sh("git init -q && dvc init -q && git add -A && git commit -qm start", tmp_path)
    trial = Trial(name="a=2", changes=("a=2",), values={"a": "2"}, params=params)
    code = (
        "from dvc.repo import Repo; from dvc.repo.experiments.utils import get_exp_rwlock;"
        "lock = get_exp_rwlock(Repo(), writes=['workspace']); lock.__enter__(); print(flush=True); input()"
    )
    queue = Queue(tmp_path)
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        try:
            with pytest.raises(PoetError, match=r"DVC does not queue a=2: (?s:.*)busy(?s:.*)The same command goes on"):
                queue.put(trial, "one", [])
        finally:
            other.kill()
            queue.close()
