"""A folder as the remote of a team, without a server: what `poet remote` says of it."""

import os
import stat
import subprocess
import sys

import pytest
from click.testing import CliRunner

from poet.cli.remote import remote
from poet.errors import RemoteError
from poet.remote.folder import OPEN, require_open
from poet.remote.results import share_results

NOBODYS = 54_321


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The smallest project, with a folder as its remote."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "dvc.yaml").write_text("", encoding="utf-8")
    config = f"[core]\n    remote = team\n    no_scm = true\n['remote \"team\"']\n    url = {tmp_path}/store\n"
    (tmp_path / ".dvc/config").write_text(config, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_who_fetches_learns_that_nothing_is_there(project):
    """As where the address is misspelled, or the disk of the team is not mounted."""
    said = CliRunner().invoke(remote, ["check", "--read"]).output
    assert "it can be looked into, but nobody has shared anything at that address yet: checked in" in said
    assert not (project / "store").exists(), "a look changes nothing"
    assert CliRunner().invoke(remote, ["check"]).exit_code == 0
    assert "it can be looked into in" in CliRunner().invoke(remote, ["check", "--read"]).output


def test_sharing_while_another_command_of_dvc_works_is_one_message(project):
    code = "from dvc.repo import Repo; lock = Repo().lock; lock.lock(); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        try:
            with pytest.raises(RemoteError, match="another command of DVC works in this repository, such as"):
                share_results(project)
        finally:
            other.kill()
    assert share_results(project) == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_user_and_a_group_without_names_are_told_by_their_numbers(tmp_path, monkeypatch):
    """As on NFS, where the other machine knows them, and in a container."""
    root = tmp_path / "a store"
    made = root / "files/md5/zz"
    made.mkdir(parents=True)
    root.chmod(stat.S_IRWXU | OPEN)
    os.chown(root, -1, NOBODYS)
    os.chown(made, NOBODYS, -1)
    before = os.umask(0o022)
    try:
        with pytest.raises(RemoteError, match=f"is for the group {NOBODYS}, but this user's umask 022"):
            require_open(root)
        os.umask(0o002)
        require_open(root)
        monkeypatch.setattr(os, "access", lambda path, mode: path != made)  # root may do everything
        with pytest.raises(
            RemoteError, match=f"{NOBODYS} made {made}.* find '{root}' -user {NOBODYS} .* chgrp {NOBODYS}"
        ):
            require_open(root)
    finally:
        os.umask(before)
