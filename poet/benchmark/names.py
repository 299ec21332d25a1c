"""The name of a machine: readable, the same each time, and changeable."""

import re
from pathlib import Path

from poet.errors import ConfigError
from poet.files import WINDOWS_DEVICES, write_text
from poet.project import state_folder
from poet.results.benchmark import Machine

# A name is a file's name, a run's name in MLflow, and a row of a table.
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

# Parts of the names of processors that tell no two of them apart, among them the speed: "@ 2.20GHz".
NO_NAME = re.compile(r"\((r|tm)\)|\b(cpu|processor)\b|@ ?[\d.]+ ?[mg]hz", re.IGNORECASE)

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


def suggested_name(machine: Machine) -> str:
    """A name for `machine` by its best device, the same each time: readable, and fit for a file.

    >>> from poet.results.benchmark import Device
    >>> cpu = Device(device="cpu", name="Intel(R) Xeon(R) CPU @ 2.20GHz")
    >>> machine = Machine(processor=cpu.name, cores=2, threads=2, memory_bytes=None, system="Linux x86_64", power="",
    ...                   python="", torch="", commit="", devices=(cpu,))
    >>> suggested_name(machine)
    'intel-xeon-2-cores'
    """
    best = machine.devices[0]
    if best.device == "cpu":
        return _slug(f"{machine.processor} {machine.cores} cores")
    # Several GPUs of one machine are alike, nearly always.
    count = sum(device.name == best.name for device in machine.devices)
    return _slug(f"{count}x {best.name}" if count > 1 else best.name)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", NO_NAME.sub(" ", text).lower()).strip("-")
