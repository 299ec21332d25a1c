"""The shared remote of docs/team.md, in a folder and at real SSH, S3 and WebDAV servers.

The commands are read from the page; only addresses, names and keys are replaced.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clone import ENVIRONMENT, sh
from tests.servers import HOST, s3_server, ssh_server, webdav_server
from tests.team.page import blocks
from tests.test_sharing import with_own_texts

pytestmark = pytest.mark.services

KINDS = {"folder": "A folder, or NFS", "ssh": "SSH", "s3": "S3-compatible", "webdav": "WebDAV"}
NAMED, BUILT, FETCHED, OWN_TEXTS = (text for _, text in blocks("Then, whatever the place"))


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a test shares."""

    kind: str
    # What stands on the page, and what the test puts there.
    replaced: dict[str, str]
    secrets: tuple[str, ...]
    # Reads all objects that are there, by their path.
    objects: Callable[[], dict[str, bytes]]

    def words(self, text: str) -> str:
        """`text` of the page for this place."""
        for old, new in self.replaced.items():
            text = text.replace(old, new)
        return text


@pytest.fixture(scope="module")
def servers(tmp_path_factory) -> Iterator[Callable[[str, str], Place]]:
    """Makes a place of a kind and a name at a server of its kind, in a home that has logged in to the SSH server."""
    folder = tmp_path_factory.mktemp("servers")
    home = folder / "home"
    (home / ".ssh").mkdir(parents=True)
    with (
        ssh_server(folder / "ssh", sftp="internal-sftp -u 0002") as ssh,
        s3_server(folder / "s3", "poet") as s3,
        webdav_server(folder / "webdav") as webdav,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setitem(ENVIRONMENT, "HOME", str(home))
        scan = subprocess.run(["ssh-keyscan", "-p", str(ssh.port), HOST], capture_output=True, check=True)
        (home / ".ssh/known_hosts").write_bytes(scan.stdout)
        shutil.copy(ssh.key, home / ".ssh/id_ed25519")

        def make(kind: str, name: str) -> Place:
            store = (webdav.folder if kind == "webdav" else folder / kind) / name
            replaced = {
                "folder": {"/srv/team/poet": str(store)},
                "ssh": {
                    "lab.example.org/srv/team/poet": f"{HOST}{store}",
                    "port 22": f"port {ssh.port}",
                    "jane": ssh.user,
                },
                "s3": {"s3://poet/team": f"s3://poet/{name}", "https://s3.example.org": s3.endpoint}
                | {"= KEY": f"= {s3.key}", "= SECRET": f"= {s3.secret}"},
                "webdav": {"webdavs://dav.example.org/poet": f"{webdav.url.replace('http', 'webdav')}/{name}"}
                | {"= USER": f"= {webdav.user}", "= PASSWORD": f"= {webdav.password}"},
            }
            if kind == "webdav":
                store.mkdir()

            def in_bucket() -> dict[str, bytes]:
                client, bucket = s3.client(), "poet"
                pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{name}/")
                keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
                return {
                    key.removeprefix(f"{name}/"): client.get_object(Bucket=bucket, Key=key)["Body"].read()
                    for key in keys
                }

            def in_folder() -> dict[str, bytes]:
                return {str(path.relative_to(store)): path.read_bytes() for path in store.rglob("*") if path.is_file()}

            return Place(
                kind=kind,
                replaced=replaced[kind],
                secrets={"s3": (s3.key, s3.secret), "webdav": (webdav.password,)}.get(kind, ()),
                objects=in_bucket if kind == "s3" else in_folder,
            )

        yield make


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A clone with own texts, trained for a few steps; tests copy it."""
    folder = with_own_texts(tmp_path_factory.mktemp("made") / "one")
    sh("sed -i 's/  steps: 40/  steps: 4/' params.yaml", folder)
    run(folder, OWN_TEXTS)
    sh("dvc repro train && git add -A && git commit -qm Mine", folder)
    return folder


def run(folder: Path, commands: str) -> str:
    """Run commands of the page, line by line, up to the training; returns what they print."""
    lines = [re.sub(r"^dvc repro( --pull)?$", r"dvc repro\1 train", line) for line in commands.splitlines()]
    # The page tells everybody to set this umask.
    return "".join(sh(f"umask 002 && {line}", folder) for line in lines)


def with_environment(folder: Path) -> Path:
    """`folder`, in which make finds everything installed: the programs of the environment that runs the tests."""
    (folder / ".venv").mkdir()
    (folder / ".venv/bin").symlink_to(Path(sys.executable).parent)
    for stamp in ("ready", "ready-team"):
        (folder / ".venv" / stamp).touch()
    return folder


def set_up(folder: Path, place: Place, *, is_colleague: bool = False) -> None:
    """What the page tells the first person to do for the place; for a colleague, what stays on the own machine."""
    for language, text in blocks(KINDS[place.kind]):
        if language == "ini":
            (folder / ".dvc/config.local").write_text(place.words(text), encoding="utf-8")
        else:
            lines = [line for line in text.splitlines() if not is_colleague or "--local" in line or "chmod" in line]
            # tests/team/test_users.py does what only an administrator can do.
            lines = [line for line in lines if not line.startswith(("cd /", "install "))]
            run(folder, place.words("\n".join(lines)))


def cloned(origin: Path, folder: Path, place: Place) -> Path:
    """A colleague's clone."""
    sh(f"git clone -q {origin} {folder}", origin)
    set_up(with_environment(folder), place, is_colleague=True)
    return folder


def assert_no_secret(place: Place, printed: str, *folders: Path) -> None:
    """No secret of the place is in what commands printed, in any commit, or in any file but the one that is for it."""
    for secret in place.secrets:
        assert secret not in printed
        for folder in folders:
            assert sh(f"git grep -F -e '{secret}' $(git rev-list --all) || true", folder) == ""
            holders = [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
            assert holders == [folder / ".dvc/config.local"]
            assert holders[0].stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_runs_what_a_colleague_has_run(tmp_path, servers, made, kind):
    place = servers(kind, "first")
    one = with_environment(Path(shutil.copytree(made, tmp_path / "one", symlinks=True)))
    set_up(one, place)
    printed = run(one, NAMED) + run(one, BUILT.replace('git commit -m "Built"', "git commit --allow-empty -m Built"))
    assert "an object was put, read, listed and deleted" in printed and "Running stage" not in printed

    two = cloned(one, tmp_path / "two", place)
    printed += (fetched := run(two, FETCHED))
    assert "Running stage" not in fetched and not sh("git status --porcelain", two)
    texts = "data/own/mine/Winter - A Founder - en.txt"
    assert (two / texts).read_bytes() == (one / texts).read_bytes()

    # Without dvc.lock, from the list of finished stages alone; and then only what depends on a change.
    three = cloned(one, tmp_path / "three", place)
    sh("git rm -q dvc.lock && git commit -qm 'No lock'", three)
    printed += (restored := run(three, FETCHED))
    assert "Running stage" not in restored and "is cached - skipping run" in restored
    assert (three / "dvc.lock").read_bytes() == (one / "dvc.lock").read_bytes()
    if kind == "folder":
        sh("sed -i 's/  steps: 4/  steps: 2/' params.yaml", three)
        assert re.findall("Running stage '(.*)'", run(three, FETCHED)) == ["train@mine"]
        assert "steps: 2\n" in (three / "dvc.lock").read_text(encoding="utf-8")
        # Another dvc.lock than that of these parameters: nothing runs again either.
        sh("git checkout -q params.yaml", three)
        assert "Running stage" not in run(three, FETCHED)
    if kind == "ssh":
        store = Path(place.replaced["lab.example.org/srv/team/poet"].removeprefix(HOST))
        assert all(path.stat().st_mode & 0o020 for path in store.rglob("*") if path.is_dir())
    if kind == "s3":
        config = three / ".dvc/config.local"
        config.write_text(config.read_text(encoding="utf-8").replace(place.secrets[1], "wrong"), encoding="utf-8")
        said = sh("make share", three, fails=True) + sh("poet remote share", three, fails=True)
        assert said.count("the secret is not that of the key") == 2 and "Traceback" not in said
    assert_no_secret(place, printed, one, two)


@pytest.mark.parametrize("kind", ["ssh", "webdav"])
def test_three_who_share_at_once_lose_nothing(tmp_path, servers, three_clones, kind):
    place, folders = servers(kind, "three"), []
    for clone in three_clones:
        folders.append(with_environment(Path(shutil.copytree(clone, tmp_path / clone.name, symlinks=True))))
        set_up(folders[-1], place)
    command = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "env": ENVIRONMENT}
    sharing = [subprocess.Popen(["make", "share"], cwd=folder, **command) for folder in folders]
    for process in sharing:
        printed, _ = process.communicate()
        assert process.returncode == 0, printed
    there = place.objects()
    for folder in folders:
        cache = folder / ".dvc/cache"
        mine = {str(path.relative_to(cache)): path for path in cache.rglob("*") if path.is_file()}
        assert set(mine) <= set(there)
        assert all(path.read_bytes() == there[name] for name, path in mine.items())
    assert {name: hashlib.md5(content).hexdigest() for name, content in there.items() if name.startswith("files")} == {
        name: "".join(name.removesuffix(".dir").split("/")[-2:]) for name in there if name.startswith("files")
    }
    # download, clean, tokenize and train, which all three have; and tokenize with the setting of each.
    assert len({name for name in there if name.startswith("runs")}) == 4 + 3


@pytest.fixture(scope="module")
def three_clones(tmp_path_factory, made) -> list[Path]:
    """Copies of the clone that have each cut the texts in another way."""
    clones = []
    for number in range(3):
        clones.append(Path(shutil.copytree(made, tmp_path_factory.mktemp("three") / str(number), symlinks=True)))
        sh(f"sed -i 's/vocab_size: 512/vocab_size: {400 + number}/' params.yaml && dvc repro tokenize", clones[-1])
    return clones
