"""Two real users of one machine share a cache, or a folder as their remote. The commands are those of docs/team.md."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clone import ENVIRONMENT, sh
from tests.team.page import blocks
from tests.test_sharing import with_own_texts

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(
        os.name != "posix" or os.geteuid() != 0 or not all(map(shutil.which, ("setpriv", "useradd", "groupadd"))),
        reason="only root can make users",
    ),
]

GROUP, JANE, JOHN = "poet-test", "poet-jane", "poet-john"


@dataclass(frozen=True, kw_only=True)
class User:
    """A user of the system, with a clone."""

    name: str
    clone: Path

    def runs(self, command: str, *, umask: str = "022", fails: bool = False) -> str:
        """Run a shell command in the clone as this user; returns what it printed."""
        # The tests' Python may lie in a folder that is root's alone: the user may read everything. But to write, and to
        # change permissions, it has its own rights only.
        words = ["setpriv", f"--reuid={self.name}", f"--regid={self.name}", "--init-groups"]
        words += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        home = {"HOME": str(self.clone.parent), "XDG_CACHE_HOME": str(self.clone.parent / ".cache")}
        result = subprocess.run(
            [*words, "sh", "-c", f"umask {umask}; {command}"],
            cwd=self.clone,
            env=ENVIRONMENT | home,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert (result.returncode != 0) == fails, result.stdout
        return result.stdout


def words(text: str, folder: Path) -> str:
    """`text` of the page with the names of this test, and with `folder` for /srv."""
    for old, new in {"--group poet ": f"--group {GROUP} ", "groupadd poet": f"groupadd {GROUP}", "jane": JANE}.items():
        text = text.replace(old, new)
    return text.replace("--groups poet", f"--groups {GROUP}").replace("john", JOHN).replace("/srv", str(folder))


@pytest.fixture(scope="module")
def srv() -> Iterator[Path]:
    """What the page calls /srv, after the administrator has made users, group and folders."""
    # The folders of pytest are the tester's alone.
    folder = Path(tempfile.mkdtemp(prefix="poet-users-"))
    folder.chmod(0o755)
    try:
        for name in ("team", "poet"):
            (folder / name).mkdir()
        for user in (JANE, JOHN):
            sh(f"useradd --system {user}", folder)
        ((_, for_cache), _), ((_, for_remote), _) = (
            blocks("One cache for all users of a machine"),
            blocks("A folder, or NFS"),
        )
        sh(words(for_cache, folder), folder)
        sh(words(for_remote, folder), folder)
        yield folder
    finally:
        for command in (f"userdel {JANE}", f"userdel {JOHN}", f"groupdel {GROUP}"):
            subprocess.run(command.split(), capture_output=True, check=False)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def users(srv) -> tuple[User, User]:
    """Jane, who has cut own texts into tokens, and John, who has cloned her repository."""
    jane, john = (User(name=name, clone=srv / name / "clone") for name in (JANE, JOHN))
    john.clone.mkdir(parents=True)
    with_own_texts(jane.clone)
    for user in (jane, john):
        (user.clone.parent / ".gitconfig").write_text("[safe]\n\tdirectory = *\n", encoding="utf-8")
        sh(f"chown -R {user.name}:{user.name} {user.clone.parent}", srv)
    _, (_, in_each_clone) = blocks("One cache for all users of a machine")
    # Not even the strictest umask locks anybody out of the cache.
    jane.runs(words(in_each_clone, srv), umask="077")
    jane.runs("dvc add data/own/mine && dvc repro tokenize && git add -A && git commit -qm Mine", umask="077")
    john.runs(f"git clone -q {jane.clone} . && {words(in_each_clone, srv)}")
    return jane, john


def test_a_stage_that_one_user_finished_is_finished_for_the_other(users, srv):
    jane, john = users
    john.runs("dvc checkout data/own/mine.dvc tokenize download clean")
    assert (john.clone / "data/tokens/mine/train.bin").is_symlink()
    assert "Running stage" not in john.runs("dvc repro tokenize")
    change = "sed -i 's/vocab_size: .*/vocab_size: 400/' params.yaml && dvc repro tokenize"
    assert "Running stage 'tokenize@mine'" in john.runs(change)
    again = jane.runs(change, umask="077")
    assert "Running stage" not in again and "Stage 'tokenize@mine' is cached" in again
    made = [path for path in (srv / "poet/cache").rglob("*") if path.owner() != "root"]
    assert {path.group() for path in made} == {GROUP} and {path.owner() for path in made} == {JANE, JOHN}
    needed = {path: 0o070 if path.is_dir() else 0o040 for path in made}
    assert not [path for path in made if path.stat().st_mode & needed[path] != needed[path]]


def test_a_folder_takes_from_both_or_says_who_is_locked_out(users, srv):
    jane, john = users
    _, (_, add) = blocks("A folder, or NFS")
    for user in users:
        user.runs(words(add, srv))
    assert "this user's umask 022 would keep the group out" in jane.runs("poet remote check", fails=True)
    share = "poet remote check && poet remote share && dvc push --run-cache"
    jane.runs(share, umask="002")
    change = "sed -i 's/vocab_size: .*/vocab_size: 401/' params.yaml && dvc repro tokenize"
    john.runs(f"{change} && {share}", umask="002")
    store = srv / "team/poet"
    made = [path for path in store.rglob("*") if path.owner() != "root"]
    assert {path.owner() for path in made if path.is_file()} == {JANE, JOHN} and {path.group() for path in made} == {
        GROUP
    }
    jane.runs(f"mkdir {store}/files/md5/zz")
    printed = john.runs("poet remote check", umask="002", fails=True)
    assert f"{JANE} made {store}/files/md5/zz, and this user may not write to it. Let {JANE} run: find" in printed
    jane.runs(printed.split(" run: ")[1])
    john.runs("poet remote check", umask="002")
    (store / "files/md5/zz").rmdir()
