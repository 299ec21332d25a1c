"""`poet remote check` against real servers: what works is one line, and each failure is told by its true cause."""

import datetime
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest
from click.testing import CliRunner

from poet.cli.remote import remote
from tests.servers import HOST, free_port, s3_server, ssh_server, webdav_server

pytestmark = pytest.mark.services

SECRETS = ("team-secret", "wrong-secret", "reader-secret", "team-password", "wrong-password", "hidden")


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Settings of a DVC remote that works, by kind of server."""
    folder = tmp_path_factory.mktemp("servers")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "other")], check=True)
    (folder / "text").write_text("no key", encoding="utf-8")
    with ExitStack() as stack:
        ssh = {
            name: stack.enter_context(ssh_server(folder / name, sftp=sftp))
            for name, sftp in (("ssh", "internal-sftp"), ("ssh read-only", "internal-sftp -R"))
        }
        dav = {
            name: stack.enter_context(webdav_server(folder / name, read_only=read_only))
            for name, read_only in (("webdav", False), ("webdav read-only", True))
        }
        s3 = stack.enter_context(s3_server(folder / "s3", "poet"))
        (dav["webdav"].folder / "poet").mkdir()
        yield {
            "folder": {"url": folder / "store"},
            "file": {"url": folder / "text/store"},
            "s3": {"url": "s3://poet/team", "endpointurl": s3.endpoint}
            | {"access_key_id": s3.key, "secret_access_key": s3.secret},
        } | {
            name: {"url": f"ssh://{HOST}{folder}/{name}/store", "user": server.user}
            | {"port": server.port, "keyfile": server.key}
            for name, server in ssh.items()
        } | {
            name: {"url": server.url.replace("http", "webdav") + ("/poet" if name == "webdav" else "")}
            | {"user": server.user, "password": server.password}
            for name, server in dav.items()
        }  # fmt: skip


@pytest.fixture
def project(tmp_path, monkeypatch, servers):
    """The smallest project, in a home whose owner has logged in to the SSH servers once."""
    for folder in (".dvc", "home/.ssh"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "dvc.yaml").write_text("", encoding="utf-8")
    ports = [servers[name]["port"] for name in ("ssh", "ssh read-only")]
    scans = [["ssh-keyscan", "-p", str(port), HOST] for port in ports]
    keys = b"".join(subprocess.run(scan, capture_output=True, check=True).stdout for scan in scans)
    (tmp_path / "home/.ssh/known_hosts").write_bytes(keys)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return tmp_path


def check(project, settings, *, fails=False):
    """`poet remote check` with a default remote of `settings`; returns what it prints, which holds no secret."""
    lines = [f"    {key} = {value}" for key, value in settings.items() if value is not None]
    config = "\n".join(["[core]", "    remote = team", "['remote \"team\"']", *lines, ""])
    (project / ".dvc/config").write_text(config, encoding="utf-8")
    result = CliRunner().invoke(remote, ["check"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert (result.exit_code != 0) == fails, result.output
    assert not [secret for secret in SECRETS if secret in result.output]
    assert len(result.output.splitlines()) == 1
    return result.output


@pytest.mark.parametrize("kind", ["folder", "ssh", "s3", "webdav"])
def test_what_works_is_one_line_and_leaves_nothing(project, servers, kind):
    said = check(project, servers[kind])
    assert said.startswith("team (") and "an object was put, read, listed and deleted in" in said
    if kind == "folder":
        assert not [path for path in servers[kind]["url"].rglob("*") if path.is_file()]


NOWHERE = f"{HOST}:{free_port()}"
FAILURES = [
    ("s3", {"access_key_id": "nobody"}, "put", "does not know the access key"),
    ("s3", {"secret_access_key": "wrong-secret"}, "", "the secret is not that of the key"),
    ("s3", {"url": "s3://nope/team"}, "", "has no such bucket"),
    ("s3", {"access_key_id": "reader-key", "secret_access_key": "reader-secret"}, "put", "but may not do that"),
    ("s3", {"access_key_id": None, "secret_access_key": None}, "", "No access key is set"),
    ("s3", {"endpointurl": f"http://{NOWHERE}"}, "", f"{HOST} is there, but no server listens at its port"),
    ("ssh", {"keyfile": "other"}, "", "with the private half"),
]
