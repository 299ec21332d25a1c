"""What the machine is and how to use it: device, precision, memory, clock. The only module that asks torch for
hardware.
"""

import ctypes
import os
import pathlib
import platform
import sys
import time
from typing import Any

import numpy as np
import torch

from poet.errors import ConfigError

DEVICES = ("cuda", "mps", "cpu")


def pick_device(name: str) -> torch.device:
    """The device called `name`, or the best one for "auto"; ConfigError when this machine does not have it."""
    present = present_devices()
    if name == "auto":
        return torch.device(present[0])
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"train.device: unknown device {name!r}; allowed are auto, {', '.join(DEVICES)}") from None
    if device.type not in present:
        raise ConfigError(f"train.device: this machine has no {name!r}; it has {', '.join(present)}")
    return device


def present_devices() -> list[str]:
    """The kinds of device that torch can use here, best first."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return [kind for kind in DEVICES if available[kind]]


def pick_precision(name: str, device: torch.device) -> torch.dtype:
    """The dtype to compute in: bfloat16 for "auto" where the hardware multiplies it natively, else float32.

    Decided by what the processor says of itself, not by a timing, so that one machine always decides alike. MPS stays
    at float32: its half-precision attention has leaked the future (pytorch#195910).
    """
    if name != "auto":
        return torch.float32 if name == "float32" else torch.bfloat16
    if device.type == "cuda":
        native = torch.cuda.get_device_capability(device) >= (8, 0)
    else:
        capabilities = torch.cpu.get_capabilities()
        native = device.type == "cpu" and bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))
    return torch.bfloat16 if native else torch.float32


def seed_dropout(seed: int, step: int, rank: int) -> None:
    """Make what dropout drops a function of (seed, step, rank), so that a resumed training drops the same.

    The one use of torch's global generator: attention takes no other.
    """
    torch.manual_seed(int(np.random.SeedSequence([seed, step, rank]).generate_state(1, dtype=np.uint64)[0] >> 1))


def matrix_multiply_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Multiplications and additions per second that `device` reaches in a large matrix product, the best of several."""
    size = 4096 if device.type == "cuda" else 1024
    a, b = (torch.ones(size, size, device=device, dtype=dtype) for _ in range(2))
    seconds = []
    for _ in range(8):
        start = now(device)
        a @ b
        seconds.append(now(device) - start)
    return 2 * size**3 / min(seconds)


def synchronize(device: torch.device) -> None:
    """Wait until all work queued on `device` is done; call it before reading a clock."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def now(device: torch.device) -> float:
    """Seconds on a steady clock, after all work on `device` is done."""
    synchronize(device)
    return time.perf_counter()


def keep_freed_memory() -> None:
    """Tell glibc to reuse large freed blocks instead of returning them to the system.

    By default every tensor over 32 MB is mapped anew and its pages are faulted in on first touch, step after step;
    that takes half the time of elementwise operations on a CPU. No effect, and no harm, with other C libraries.
    """
    if not sys.platform.startswith("linux") or platform.libc_ver()[0] != "glibc":
        return
    M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
    libc = ctypes.CDLL("libc.so.6")
    libc.mallopt(M_MMAP_THRESHOLD, 1 << 30)
    libc.mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)


def describe_machine() -> dict[str, Any]:
    """Processor, cores, versions: what a timing needs beside it."""
    return {
        "processor": _processor_name(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "devices": [torch.cuda.get_device_name() if kind == "cuda" else kind for kind in present_devices()],
    }


def _processor_name() -> str:
    try:
        with pathlib.Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()
