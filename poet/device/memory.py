"""The most memory that a piece of work took, on each kind of device."""

import ctypes
import gc
import sys
from pathlib import Path

import torch

from poet.costs import high_water_mark

# Linux forgets the peak of the resident memory when 5 is written there.
FORGET = Path("/proc/self/clear_refs")


def forget_peak(device: torch.device) -> None:
    """Free what nobody holds any more, and count the peak from now on."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    elif device.type == "mps":
        torch.mps.empty_cache()
    elif sys.platform.startswith("linux"):
        _trim()
        try:
            FORGET.write_text("5", encoding="ascii")
        except OSError:  # a sandbox may forbid it; then the peak is the process's
            return


def peak_bytes(device: torch.device) -> int | None:
    """The peak since `forget_peak`: of what torch holds on a GPU, of the whole process on a CPU; None if nothing tells.

    Metal keeps no peak. What torch holds there after a training step is the most, or close to it.
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    return high_water_mark() or None


def _trim() -> None:
    """Give freed memory back to the system, where the C library has a call for it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
