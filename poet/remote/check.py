"""One object goes through a remote: put, read, listed, deleted, on the way that DVC itself takes."""

import hashlib
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from poet.errors import RemoteError
from poet.remote.causes import signs, telling_why
from poet.remote.configured import Remote, configured_remote
from poet.remote.folder import require_open


def check_remote(root: Path, name: str | None = None, *, only_read: bool = False) -> str:
    """Put one object into a remote of the repository `root`, read it, list it and delete it.

    `name`: the remote; without one, the default remote. With `only_read`, the remote is only looked into. Returns a
    line that says where, and how long that took.

    Raises:
        RemoteError: says why that is not possible, and what to do about it.
    """
    remote = configured_remote(root, name)
    started = time.perf_counter()
    with telling_why(remote, "look into it"):
        is_there = _look_into(remote.objects)
    if not only_read:
        if remote.protocol == "local":
            require_open(Path(remote.path))
        _pass_an_object_through(remote)
    done = "an object was put, read, listed and deleted"
    if only_read:
        done = "it can be looked into" + (
            "" if is_there else ", but nobody has shared anything at that address yet: checked"
        )
    return f"{remote.name} ({remote.address}): {done} in {time.perf_counter() - started:.1f} s"


def _pass_an_object_through(remote: Remote) -> None:
    """Put an object of random bytes, read it, list it and delete it; RemoteError names the first step that failed."""
    store, files = remote.objects, remote.objects.fs
    content = secrets.token_bytes(32)
    # Named by its hash, like every object of DVC: what a killed check leaves behind harms nothing.
    oid = hashlib.md5(content, usedforsecurity=False).hexdigest()
    path = store.oid_to_path(oid)
    with telling_why(remote, "put an object"):
        store.add_bytes(oid, content)
    try:
        with telling_why(remote, "read an object"), files.open(path, "rb") as file:
            read = file.read()
        with telling_why(remote, "list objects"):
            listed = {files.name(found) for found in files.ls(files.parent(path), detail=False)}
    except RemoteError:
        with suppress(Exception):
            files.remove(path)
        raise
    with telling_why(remote, "delete an object"):
        files.remove(path)
    if read != content or files.name(path) not in listed:
        raise RemoteError(f"{remote.name} ({remote.address}): what comes back is not what was put a moment ago")


def _look_into(store: Any) -> bool:
    """List the place of all objects; returns whether it exists. It need not yet, but the bucket that it is in has to.

    Some servers make a missing bucket when something is put into it: a misspelled name would go unnoticed.
    """
    try:
        store.fs.ls(store.path, detail=False)
    except FileNotFoundError as error:
        if "NoSuchBucket" in signs(error):
            raise
        return False
    return True
