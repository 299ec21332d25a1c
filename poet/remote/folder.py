"""A folder that several users of a machine or of NFS share as a remote: can each of them write to all of it?

DVC makes folders in a remote as the user's umask says. So one user can lock the others out, who notice only when an
object of theirs comes to lie in such a folder.
"""

import os
import shlex
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from poet.errors import RemoteError

# What a group needs in a folder: to list it, to write to it, and that what is made in it belongs to the group as well.
OPEN = stat.S_IRWXG | stat.S_ISGID


def require_open(root: Path) -> None:
    """Nothing, if the folder `root` belongs to one user, or if all of its group can write to it.

    Raises:
        RemoteError: this user's umask would lock the others out, or another user has locked out this one.
    """
    if not root.is_dir() or root.stat().st_mode & OPEN != OPEN:
        return
    group = _name(root.group, root.stat().st_gid)
    umask = os.umask(0)
    os.umask(umask)
    if umask & stat.S_IRWXG:
        raise RemoteError(
            f"{root} is for the group {group}, but this user's umask {umask:03o} would keep the group out of what "
            "is made there now. Add the line `umask 002` to ~/.profile, and log in again."
        )
    for folder in _folders(root):
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            owner = _name(folder.owner, folder.stat().st_uid)
            raise RemoteError(
                f"{root} is for the group {group}, but {owner} made {folder}, and this user may not write to it. Let "
                f"{owner} run: find {shlex.quote(str(root))} -user {owner} -type d -exec chgrp {group} {{}} + "
                "-exec chmod 2775 {} +"
            )


def _name(look_up: Callable[[], str], number: int) -> str:
    """The name of a user or group; its number where this machine knows no name of it, as with NFS or in a container."""
    try:
        return look_up()
    except KeyError:
        return str(number)


def _folders(root: Path) -> Iterator[Path]:
    """The folders in which DVC makes objects, as far as this user can see them: `files/md5/ab` and `runs/ab`."""
    for pattern in ("files", "files/md5", "files/md5/*", "runs", "runs/*"):
        yield from (path for path in sorted(root.glob(pattern)) if path.is_dir())
