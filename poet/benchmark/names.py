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


def choose_name(root: Path, machine: Machine, given: str | None) -> str:
    """The name of `machine`: the one `given` now or before in the repository `root`, else one made from its parts.

    ConfigError for a name that would be no file's.
    """
    kept = state_folder(root, "machine")
    if given is None:
        return kept.read_text(encoding="utf-8").strip() if kept.is_file() else suggested_name(machine)
    if not NAME.fullmatch(given) or given.partition(".")[0] in WINDOWS_DEVICES:
        raise ConfigError(
            f"--name {given!r} cannot be the name of a file on every system. Use at most 64 small letters, digits, "
            "dots, dashes and underscores, a letter or digit first: --name lab-server"
        )
    write_text(kept, given + "\n")
    return given
