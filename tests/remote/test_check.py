"""`poet remote check` against real servers: success is one line, and each failure names its true cause."""

import datetime
import gc
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest
from click.testing import CliRunner

from poet.cli.remote import remote
from tests.servers import HOST, free_port, s3_server, ssh_server, webdav_server

pytestmark = [
    pytest.mark.services,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

# Settings that no line may quote.
SECRETS = ("access_key_id", "secret_access_key", "password")


SFTP = {"ssh": "internal-sftp", "ssh-read-only": "internal-sftp -R", "ssh-without-sftp": ""}


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Settings of a DVC remote that works, by kind of server."""
    folder = tmp_path_factory.mktemp("servers")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "other")], check=True)
    (folder / "text").write_text("no key", encoding="utf-8")
    with ExitStack() as stack:
        ssh = {name: stack.enter_context(ssh_server(folder / name, sftp=sftp)) for name, sftp in SFTP.items()}
        dav = {
            name: stack.enter_context(webdav_server(folder / name, read_only=read_only))
            for name, read_only in (("webdav", False), ("webdav-read-only", True))
        }
        s3 = stack.enter_context(s3_server(folder / "s3", "poet"))
        (dav["webdav"].folder / "poet").mkdir()
        yield {
            "reader": {"reader_key": s3.reader_key, "reader_secret": s3.reader_secret},
            "unknown": {"port": stack.enter_context(ssh_server(folder / "unknown")).port},
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
        # DVC's file systems keep their connections until the process ends, which pytest would take for a leak.
        from dvc_ssh.spec import SSHFileSystem
        from s3fs import S3FileSystem
        from webdav4.fsspec import WebdavFileSystem

        for kind in (S3FileSystem, SSHFileSystem, WebdavFileSystem):
            kind.clear_instance_cache()
        gc.collect()


@pytest.fixture(scope="module")
def known_hosts(servers):
    """What is in ~/.ssh/known_hosts after a login to each SSH server."""
    scans = [["ssh-keyscan", "-p", str(servers[name]["port"]), HOST] for name in SFTP]
    return b"".join(subprocess.run(scan, capture_output=True, check=True).stdout for scan in scans)


@pytest.fixture
def places(servers):
    """Words in braces of FAILURES."""
    return {
        "folder": servers["folder"]["url"].parent,
        "webdav": servers["webdav"]["url"].removesuffix("/poet"),
        "tls": servers["s3"]["endpointurl"].replace("http:", "https:"),
        "unknown": servers["unknown"]["port"],
        **servers["reader"],
    }


@pytest.fixture
def project(tmp_path, monkeypatch, known_hosts):
    """The smallest project, in a home whose owner has logged in to the SSH servers once."""
    for folder in (".dvc", "home/.ssh"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "dvc.yaml").write_text("", encoding="utf-8")
    (tmp_path / "home/.ssh/known_hosts").write_bytes(known_hosts)
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
    assert not [key for key in SECRETS if settings.get(key) and settings[key] in result.output]
    assert len(result.output.splitlines()) == 1
    return result.output


@pytest.mark.parametrize("kind", ["folder", "ssh", "s3", "webdav"])
def test_what_works_is_one_line_and_leaves_nothing(project, servers, kind):
    said = check(project, servers[kind])
    assert said.startswith("team (") and "an object was put, read, listed and deleted in" in said
    if kind == "folder":
        assert not [path for path in servers[kind]["url"].rglob("*") if path.is_file()]


# What is set otherwise than in the remote that works, and what is then said. {folder} is that of the servers.
NOWHERE = f"{HOST}:{free_port()}"
FAILURES = {
    "wrong key": ("s3", {"access_key_id": "nobody"}, "does not know the access key"),
    "wrong secret": ("s3", {"secret_access_key": "wrong-secret"}, "the secret is not that of the key"),
    "no bucket": ("s3", {"url": "s3://nope/team"}, "has no such bucket"),
    "reader": (
        "s3",
        {"access_key_id": "{reader_key}", "secret_access_key": "{reader_secret}"},
        "cannot put an object. The access key is right",
    ),
    "no key": ("s3", {"access_key_id": None, "secret_access_key": None}, "No access key is set"),
    "nobody listens to s3": ("s3", {"endpointurl": f"http://{NOWHERE}"}, f"{HOST} is there, but no server listens"),
    "tls to s3": ("s3", {"endpointurl": "{tls}"}, f"{HOST} does not speak TLS"),
    "http": (
        "folder",
        {"url": f"http://{NOWHERE}/poet"},
        f"the address is s3://BUCKET/FOLDER, and http://{NOWHERE} is its endpointurl",
    ),
    "unknown host key": ("ssh", {"port": "{unknown}"}, "is not the one in ~/.ssh/known_hosts"),
    "wrong ssh key": ("ssh", {"keyfile": "{folder}/other"}, "refuses"),
    "no ssh key": ("ssh", {"keyfile": "{folder}/nowhere"}, "no private key is in"),
    "no key at all": ("ssh", {"keyfile": "{folder}/text"}, "is no private key"),
    "unknown user": ("ssh", {"user": "nobody-here"}, "refuses nobody-here"),
    "wrong ssh password": ("ssh", {"keyfile": None, "password": "wrong-password"}, "with the password"),
    "nobody listens to ssh": ("ssh", {"port": NOWHERE.split(":")[1]}, f"{HOST} is there, but no server listens"),
    "no such ssh host": ("ssh", {"url": "ssh://nowhere.invalid/poet"}, "No machine has the name nowhere.invalid"),
    "read-only ssh": ("ssh-read-only", {}, "may log in, but may not do that there"),
    "no sftp": ("ssh-without-sftp", {}, "has no SFTP"),
    "wrong password": ("webdav", {"password": "wrong-password"}, "refuses user and password"),
    "missing folder": ("webdav", {"url": "{webdav}/nope"}, "does not exist on the server, and DVC does not make it"),
    "nobody listens to webdav": (
        "webdav",
        {"url": f"webdav://{NOWHERE}/poet"},
        f"{HOST} is there, but no server listens",
    ),
    "no such webdav host": (
        "webdav",
        {"url": "webdav://nowhere.invalid/poet"},
        "No machine has the name nowhere.invalid",
    ),
    "read-only webdav": ("webdav-read-only", {}, "offers the folder for reading only"),
    "a file is in the way": ("file", {}, "A part of the address is a file"),
    "misspelled setting": ("folder", {"adress": "x"}, "DVC cannot use its configuration"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_has_its_true_cause(project, servers, places, case):
    kind, changes, cause = FAILURES[case]
    changed = {key: value and value.format_map(places) for key, value in changes.items()}
    assert cause in check(project, servers[kind] | changed, fails=True)


def test_keys_of_the_environment_do_and_those_of_the_file_go_before_them(project, servers, monkeypatch):
    variables = {"access_key_id": "AWS_ACCESS_KEY_ID", "secret_access_key": "AWS_SECRET_ACCESS_KEY"}
    for variable in variables.values():
        monkeypatch.setenv(variable, "wrong")
    check(project, servers["s3"])
    for key, variable in variables.items():
        monkeypatch.setenv(variable, servers["s3"][key])
    check(project, servers["s3"] | dict.fromkeys(variables))


def test_a_clock_that_is_wrong(project, servers, monkeypatch):
    """The client signs its request with a time of yesterday."""
    now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: now.replace(tzinfo=None))
    assert "clocks of this machine and of the server are too far apart" in check(project, servers["s3"], fails=True)


@pytest.mark.parametrize("kind", ["ssh", "s3", "webdav"])
def test_a_server_that_does_not_answer(project, servers, monkeypatch, kind):
    monkeypatch.setattr("poet.remote.configured.PATIENCE", 1)
    with socket.socket() as silent:
        silent.bind((HOST, 0))
        silent.listen()
        port = silent.getsockname()[1]
        where = {
            "ssh": {"port": port},
            "s3": {"endpointurl": f"http://{HOST}:{port}"},
            "webdav": {"url": f"webdav://{HOST}:{port}/poet"},
        }
        assert f"{HOST} does not answer" in check(project, servers[kind] | where[kind], fails=True)


def test_a_missing_package_is_named(project, servers, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    said = check(project, servers["s3"], fails=True)
    assert "needs the package s3fs. `make share` and `make fetch` install it" in said


def test_no_remote(project):
    (project / ".dvc/config").write_text("", encoding="utf-8")
    result = CliRunner().invoke(remote, ["check"])
    assert (
        result.exit_code == 1 and "no default remote is set (there is none). Set one: dvc remote add" in result.output
    )
    assert "no remote is called lab" in CliRunner().invoke(remote, ["check", "lab"]).output
