"""The name of a machine: readable, the same each time, and changeable."""

import re
from pathlib import Path

from poet.device.machine import suggested_name
from poet.errors import ConfigError
from poet.files import WINDOWS_DEVICES, write_text
from poet.project import state_folder
from poet.results.benchmark import Machine

# A name is a file's name, a run's name in MLflow, and a row of a table.
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

# The file in .poet that keeps it.
STATE_FILE = "machine"


def choose_name(root: Path, machine: Machine, given: str | None) -> str:
    """The name of `machine`: the one `given` now or before in the repository `root`, else one made from its parts.

    ConfigError for a name that would be no file's.
    """
    if given is None:
        return kept_name(root) or suggested_name(machine)
    if not _is_name(given):
        raise ConfigError(
            f"--name {given!r} cannot be the name of a file on every system. Use at most 64 small letters, digits, "
            "dots, dashes and underscores, a letter or digit first: --name lab-server"
        )
    write_text(state_folder(root, STATE_FILE), given + "\n")
    return given


def kept_name(root: Path) -> str:
    """The name that was given to this machine in the repository `root`; "" where none was, or where it is damaged."""
    try:
        kept = state_folder(root, STATE_FILE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return kept if _is_name(kept) else ""


def _is_name(text: str) -> bool:
    return bool(NAME.fullmatch(text)) and text.partition(".")[0] not in WINDOWS_DEVICES
