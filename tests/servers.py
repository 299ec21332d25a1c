"""Real servers for tests: SSH, S3, WebDAV, PostgreSQL, MLflow. Each listens on the loopback address alone and is
stopped by the process that started it. A test is skipped where a server is not installed.
"""

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
import requests

HOST = "127.0.0.1"

# Seconds until a server must answer. Ten are usual on a machine that has other work.
PATIENCE = 180


def free_port() -> int:
    """A port that nobody listens on now, low enough that the port 10,000 above it exists (SeaweedFS uses that, too)."""
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port < 55_000:
            return port


def _program(name: str, *folders: str) -> str:
    """The path of an installed program; the test is skipped if there is none."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin", *folders])
    found = shutil.which(name, path=path)
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


@contextmanager
def _running(
    command: Sequence[str],
    log: Path,
    port: int,
    *,
    environment: dict[str, str] | None = None,
    cwd: Path | None = None,
    grace: float = 10,
) -> Iterator[subprocess.Popen[bytes]]:
    """The server `command` while it answers at `port`; what it prints goes to `log`.

    `environment` is all that it sees of variables; by default, those of the tests.
    """
    with log.open("wb") as out:
        # A session of its own: a server's children end with it.
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=cwd, env=environment, start_new_session=True)
    try:
        wait_for_port(port, process, log)
        yield process
    finally:
        stop(process, grace)


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until `process` listens on `port`."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
            return
        except OSError:
            printed = log.read_text("utf-8", errors="replace")[-3000:]
            assert process.poll() is None, f"{process.args!r} ended: {printed}"
            assert time.monotonic() < deadline, f"{process.args!r} does not listen on {port}: {printed}"
            time.sleep(0.1)


def stop(process: subprocess.Popen[bytes], grace: float = 10) -> None:
    """End `process` and its children, gently at first: it has `grace` seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            try:
                process.wait(grace)
            except subprocess.TimeoutExpired:
                continue


@dataclass(frozen=True, kw_only=True)
class Ssh:
    """An SSH server with SFTP, at which the user of the tests logs in with `key`."""

    port: int
    user: str
    key: Path


@contextmanager
def ssh_server(folder: Path, *, sftp: str = "internal-sftp") -> Iterator[Ssh]:
    """Debian's OpenSSH with a host key of its own and a key that only the test has.

    `sftp` is what serves files: "internal-sftp -R" serves them for reading only, and "" does not.
    """
    sshd, keygen = _program("sshd"), _program("ssh-keygen")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd locks children of root up that have no rights
    folder.mkdir(parents=True)
    for name in ("host", "user"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    shutil.copy(folder / "user.pub", folder / "authorized_keys")
    port = free_port()
    options = {
        "Port": port,
        "ListenAddress": HOST,
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "authorized_keys",
        "StrictModes": "no",  # the temporary folder of a test may be open to others
        "PasswordAuthentication": "no",
        "PidFile": "none",
        **({"Subsystem": f"sftp {sftp}"} if sftp else {}),
    }
    command = [
        sshd,
        "-D",
        "-e",
        "-f",
        "/dev/null",
        *(part for key in options for part in ("-o", f"{key}={options[key]}")),
    ]
    with _running(command, folder / "log", port):
        yield Ssh(port=port, user=getpass.getuser(), key=folder / "user")


@dataclass(frozen=True, kw_only=True)
class S3:
    """An S3-compatible server with one user."""

    endpoint: str
    key: str
    secret: str
    # What a second user has, who may only read.
    reader_key: str
    reader_secret: str

    def client(self) -> Any:
        """boto3's client of the server."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            region_name="us-east-1",
        )


@contextmanager
def s3_server(folder: Path, *buckets: str) -> Iterator[S3]:
    """SeaweedFS with `buckets`."""
    weed = _program("weed")
    folder.mkdir(parents=True)
    # Made anew: a test that looks for them in a repository finds no file of this one.
    rights = {"team": ["Admin"], "reader": ["Read", "List"]}
    keys = {name: {"accessKey": token_hex(10), "secretKey": token_hex(20)} for name in rights}
    identities = [{"name": name, "credentials": [keys[name]], "actions": rights[name]} for name in rights]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}), encoding="utf-8")
    master, volume, filer, port = (free_port() for _ in range(4))
    command = [
        *(weed, "server", f"-dir={folder}", f"-ip={HOST}", f"-ip.bind={HOST}", "-master.telemetry=false"),
        *(f"-master.port={master}", f"-volume.port={volume}", "-filer", f"-filer.port={filer}"),
        *("-s3", f"-s3.port={port}", f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        *("-volume.max=50", "-master.volumeSizeLimitMB=64", "-volume.preStopSeconds=0"),
    ]
    # SeaweedFS waits for connections that clients keep open.
    with _running(command, folder / "log", port, cwd=folder, grace=1) as process:
        server = S3(
            endpoint=f"http://{HOST}:{port}",
            key=keys["team"]["accessKey"],
            secret=keys["team"]["secretKey"],
            reader_key=keys["reader"]["accessKey"],
            reader_secret=keys["reader"]["secretKey"],
        )
        _make_buckets(server, buckets, process)
        yield server
        # Its gentle end takes ten seconds, and nobody reads its data again.
        os.killpg(process.pid, signal.SIGKILL)


def _make_buckets(server: S3, buckets: Sequence[str], process: subprocess.Popen[bytes]) -> None:
    """Make `buckets`, and wait until an object can be stored: the port answers before the volumes do."""
    from botocore.exceptions import BotoCoreError, ClientError

    client, deadline = server.client(), time.monotonic() + PATIENCE
    for bucket in buckets:
        while True:
            try:
                if bucket not in {one["Name"] for one in client.list_buckets()["Buckets"]}:
                    client.create_bucket(Bucket=bucket)
                client.put_object(Bucket=bucket, Key="ready", Body=b"ready")
                client.delete_object(Bucket=bucket, Key="ready")
                break
            except (BotoCoreError, ClientError):
                assert process.poll() is None and time.monotonic() < deadline, "SeaweedFS stores no object"
                time.sleep(0.5)


@dataclass(frozen=True, kw_only=True)
class WebDav:
    """A WebDAV server with one user; `folder` is what it serves at `url`."""

    url: str
    user: str
    password: str
    folder: Path


@contextmanager
def webdav_server(folder: Path, *, read_only: bool = False) -> Iterator[WebDav]:
    """WsgiDAV on Cheroot."""
    wsgidav = _program("wsgidav")
    served = folder / "served"
    served.mkdir(parents=True)
    port, password = free_port(), token_hex(20)
    config = {
        "host": HOST,
        "port": port,
        "provider_mapping": {"/": {"root": str(served), "readonly": read_only}},
        "simple_dc": {"user_mapping": {"*": {"team": {"password": password}}}},
        "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
    }
    (folder / "wsgidav.json").write_text(json.dumps(config), encoding="utf-8")
    with _running([wsgidav, "--config", str(folder / "wsgidav.json")], folder / "log", port):
        yield WebDav(url=f"http://{HOST}:{port}", user="team", password=password, folder=served)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Debian's PostgreSQL with an empty database; yields its address for SQLAlchemy.

    PostgreSQL refuses to run as root, so its user of Debian's package runs it then, in a folder that this user reaches.
    """
    binaries = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")))[-1:]
    initdb, postgres = _program("initdb", *binaries), _program("postgres", *binaries)
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="poet-postgres-"))
    try:
        if as_user:
            shutil.chown(folder, "postgres")
        password = folder / "password"
        password.write_text("team-password", encoding="utf-8")
        if as_user:
            shutil.chown(password, "postgres")
        data, port = folder / "data", free_port()
        subprocess.run(
            [*as_user, initdb, "-D", str(data), "-U", "team", f"--pwfile={password}", "-A", "scram-sha-256", "-N"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
        )
        command = [*as_user, postgres, "-D", str(data), "-h", HOST, "-p", str(port), "-k", str(folder)]
        log = folder.with_suffix(".log")
        with _running(command, log, port, cwd=folder):
            yield f"postgresql+psycopg2://team:team-password@{HOST}:{port}/postgres"
    finally:
        shutil.rmtree(folder)
        folder.with_suffix(".log").unlink(missing_ok=True)


def wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until an MLflow server at `url` says that it works."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if requests.get(f"{url}/health", timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        printed = log.read_text("utf-8", errors="replace")[-3000:]
        assert process.poll() is None and time.monotonic() < deadline, printed
        time.sleep(0.2)


@contextmanager
def mlflow_server(
    folder: Path, port: int | None = None, *, command: str = "", log: Path | None = None
) -> Iterator[str]:
    """MLflow's server at `port`; yields its address. `command` of a shell starts it in `folder`; by default, it has an
    SQLite database there.
    """
    port, log = port or free_port(), log or folder / "server.log"
    command = command or (
        f"exec mlflow server --backend-store-uri sqlite:///{folder}/server.db --workers 1 --host {HOST} --port {port} "
        f"--artifacts-destination {folder}/artifacts"
    )
    # A variable of the tests' own would hide one that the recipe lacks.
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PG", "AWS_"))}
    # The programs of the environment that runs the tests, also where nobody has activated it.
    clean["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}"
    with _running(["bash", "-ec", command], log, port, cwd=folder, environment=clean) as process:
        wait_until_healthy(f"http://{HOST}:{port}", process, log)
        yield f"http://{HOST}:{port}"
