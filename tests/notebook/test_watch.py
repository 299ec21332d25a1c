"""A command that runs below a cell: its curve, its end, its failure, its interruption."""

import io
import os
import re
import signal
import sys
import textwrap
import threading
import time

import pytest

from poet.errors import PoetError
from poet.notebook import watch as watching
from poet.notebook.watch import Progress, watch
from poet.tracking.spool import append, claim
from tests.clone import ROOT


class Views(list):
    """What a cell has shown; after its first view, `then` is called."""

    then = staticmethod(lambda: None)

    def update(self, progress):
        self.append(progress._repr_html_())
        if len(self) == 1:
            self.then()


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """What the cell shows, one entry for each change; `tmp_path` is the project."""
    (tmp_path / "dvc.yaml").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.setattr(watching, "EVERY", 0.05)
    views = Views()
    monkeypatch.setattr("IPython.display.display", lambda progress, display_id: views)
    return views


def run(folder, code):
    """`code` as a command, in a file of its own."""
    path = folder / "command.py"
    path.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n" + textwrap.dedent(code), encoding="utf-8")
    watch(f"{sys.executable} {path}")


TRAINING = """
from pathlib import Path
from poet.tracking.spool import append, claim

spool = claim(Path(".poet/spool"), "shelf", "train", "a" * 16)
append(spool, [{"metrics": {"train/loss": 4.0 - step}, "step": step, "time": 0} for step in (1, 2, 3)])
unseen = {"validation/loss": 2.5, "validation/bits_per_character": 1.8765}
append(spool, [{"metrics": unseen, "step": 3, "time": 0}])
append(spool, [{"text": "The <b>night</b>", "path": "samples/step-000003.txt"}])
print("that was \\x1b[31mall\\x1b[0m & more")
"""


def test_the_training_is_shown(shown, tmp_path):
    run(tmp_path, TRAINING)
    last = shown[-1]
    assert len(re.findall("<polyline", last)) == 2 and "0,0 50,50 100,100" in last
    assert "after step 3, <b>1.877</b> bits per character" in last
    assert "The &lt;b&gt;night&lt;/b&gt;" in last and "all�[0m &amp; more" in last


def test_an_older_training_is_not_shown(shown, tmp_path):
    spool = claim(tmp_path / ".poet" / "spool", "shelf", "train", "b" * 16)
    append(spool, [{"metrics": {"train/loss": 4.0}, "step": 1, "time": 0}])
    os.utime(spool, (1, 1))
    run(tmp_path, "print('nothing to do')")
    assert "<polyline" not in shown[-1] and "nothing to do" in shown[-1]


def test_a_training_that_resumes_is_read_on_without_twins(tmp_path):
    """Its snapshot is older than its last records, so it records some steps again."""
    progress = Progress(spools=tmp_path / "spool", started=0)
    spool = claim(tmp_path / "spool", "shelf", "train", "c" * 16)
    for losses in ({1: 4.0, 2: 3.0}, {2: 3.0, 3: 2.0}):
        append(spool, [{"metrics": {"train/loss": loss}, "step": step, "time": 0} for step, loss in losses.items()])
        progress.read(io.StringIO("a line\n"))
    assert progress.measured["train/loss"] == {1: 4.0, 2: 3.0, 3: 2.0} and list(progress.lines) == ["a line"] * 2


def test_a_command_that_fails_ends_the_cell_and_its_reason_is_shown(shown, tmp_path):
    with pytest.raises(PoetError, match="failed; the reason stands above"):
        run(tmp_path, "sys.exit('no mirror has book 63022')")
    assert "no mirror has book 63022" in shown[-1]


def test_an_interrupted_cell_interrupts_the_command_once_and_waits_for_it(shown, tmp_path):
    def interrupt():
        while not (tmp_path / "ready").exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run(
            tmp_path,
            """
            import pathlib, time
            try:
                pathlib.Path("ready").touch()
                time.sleep(30)
            except KeyboardInterrupt:
                time.sleep(0.2)
                print("state saved")
            """,
        )
    assert "state saved" in shown[-1]


def test_the_last_words_are_shown_though_they_come_while_the_cell_is_drawn(shown, tmp_path):
    def let_it_end():
        (tmp_path / "go").touch()
        time.sleep(0.5)

    shown.then = let_it_end
    run(
        tmp_path,
        """
        import pathlib, time
        while not pathlib.Path("go").exists():
            time.sleep(0.01)
        print("last words")
        """,
    )
    assert "last words" in shown[-1]


def test_an_interruption_after_the_end_of_the_command_is_nothing_else(shown, tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "EVERY", 30.0)

    def interrupt():
        raise KeyboardInterrupt

    shown.then = interrupt
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, "print('done')")
    assert "done" in shown[-1]
