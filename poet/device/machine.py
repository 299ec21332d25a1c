"""What a timing is worth little without: processor, memory, power, devices and versions of this machine.

It reads what the system tells of its hardware. The names of the host and of its user stay out of it, so that the
description may be shared.
"""

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import psutil
import torch

from poet.device.device import present_devices
from poet.results.benchmark import Device, Machine

CPU_INFO = Path("/proc/cpuinfo")
POWER_SUPPLIES = Path("/sys/class/power_supply")
GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")

# Seconds that a program of the system gets to answer.
ANSWER_SECONDS = 10.0


def describe_machine(commit: str = "") -> Machine:
    """This machine, with all its devices that compute; `commit` is the one of the code that is measured."""
    return Machine(
        processor=processor_name(),
        cores=os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        memory_bytes=psutil.virtual_memory().total,
        system=f"{platform.system()} {platform.machine()}",
        power=_power(),
        python=platform.python_version(),
        torch=torch.__version__,
        commit=commit,
        devices=tuple(_devices()),
    )


def measured_code() -> str:
    """The version of the installed package, for figures that are taken outside of a repository."""
    return f"version {importlib.metadata.version('torch-transformer-poet')}"


def machine_in_words() -> str:
    """Processor, cores, system and version of torch, in one line."""
    system = f"{platform.system()} {platform.machine()}"
    return f"{processor_name()}, {os.cpu_count()} cores, {system}, torch {torch.__version__}"


def processor_name() -> str:
    """What the processor calls itself, else its architecture."""
    # On Linux and macOS platform.processor() is empty or only the architecture, so the name comes from the kernel.
    if platform.system() == "Darwin":
        return _answer("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
    try:
        lines = CPU_INFO.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def device_name(device: torch.device) -> str:
    """What `device` calls itself: the GPU's name, on a Mac and for a CPU that of the processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).name
    return processor_name() + (" GPU" if device.type == "mps" else "")


def _devices() -> list[Device]:
    """All devices that compute, the best kind first; of CUDA each GPU."""
    devices = []
    for kind in present_devices():
        if kind == "cuda":
            devices += [_gpu(number) for number in range(torch.cuda.device_count())]
        else:
            memory = torch.mps.recommended_max_memory() if kind == "mps" else psutil.virtual_memory().total
            devices.append(Device(device=kind, name=device_name(torch.device(kind)), memory_bytes=memory))
    return devices


def _gpu(number: int) -> Device:
    properties = torch.cuda.get_device_properties(number)
    driver = _answer("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader", f"--id={number}")
    return Device(
        device=f"cuda:{number}", name=properties.name, memory_bytes=properties.total_memory, driver=driver[:40]
    )


def _power() -> str:
    """How the machine is powered, as far as that slows it: "on battery", and the governor of the processor's clock."""
    if platform.system() == "Darwin":
        modes = ["on battery"] if "Battery Power" in _answer("pmset", "-g", "batt") else []
        saving = re.search(r"lowpowermode\s+1", _answer("pmset", "-g"))
        return ", ".join([*modes, *(["low power mode"] if saving else [])])
    modes = []
    for supply in sorted(POWER_SUPPLIES.glob("*")):
        if _content(supply / "type") == "Battery" and _content(supply / "status") == "Discharging":
            modes = ["on battery"]
    governor = _content(GOVERNOR)
    return ", ".join([*modes, *([f"governor {governor}"] if governor else [])])


def _content(path: Path) -> str:
    """The one line that the system keeps in `path`; "" where it keeps none."""
    try:
        return path.read_text(encoding="utf-8").strip()[:40]
    except (OSError, UnicodeDecodeError):
        return ""


def _answer(program: str, *arguments: str) -> str:
    """What a program of the system prints; "" where there is none, or where it fails or does not answer."""
    if not (found := shutil.which(program)):
        return ""
    try:
        result = subprocess.run(
            [found, *arguments], capture_output=True, text=True, timeout=ANSWER_SECONDS, check=True, errors="replace"
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return result.stdout.strip()
