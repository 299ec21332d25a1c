"""The hardware: device, precision, clock. No other room asks torch what the machine has."""

import contextlib
import ctypes
import functools
import platform
import sys
import time
from collections.abc import Iterator

import numpy as np
import torch

from poet.errors import ConfigError

# The kinds of device that this project trains on, best first. "auto" takes the first one that the machine has.
DEVICES = ("cuda", "mps", "cpu")

# The values of `train.precision`, without "auto".
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def pick_device(name: str) -> torch.device:
    """The device called `name`, or for "auto" the best device of this machine that computes.

    Raises ConfigError when the name is unknown, when this machine has no such device, or when it cannot compute.
    """
    if name == "auto":
        return torch.device(present_devices()[0])
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"train.device: unknown device {name!r}; allowed are auto, {', '.join(DEVICES)}") from None
    # torch knows more kinds than we support ("xpu", "meta"), so a valid name may still be refused here.
    if device.type not in listed_devices():
        raise ConfigError(f"train.device: this machine has no {name!r}; it has {', '.join(listed_devices())}")
    if fault := device_fault(name):
        raise ConfigError(
            f"train.device: torch {torch.__version__} lists {name!r} but cannot compute on it: {fault}. "
            "Set train.device: auto or cpu, or install a build of torch that was made for this device."
        )
    return device


def listed_devices() -> list[str]:
    """The kinds of device that torch finds here, best first. It may not be able to compute on all of them."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return [kind for kind in DEVICES if available[kind]]


def present_devices() -> list[str]:
    """The kinds of device that torch can compute on, best first."""
    return [kind for kind in listed_devices() if not device_fault(kind)]


@functools.cache
def device_fault(name: str) -> str:
    """Why torch cannot compute on the device `name`, which it lists; empty if it can. Tried once per process.

    A build of torch has kernels for some generations of GPUs only. Older ones are listed all the same, and the first
    computation fails: a P100 with torch for CUDA 13.
    """
    if name == "cpu":
        return ""
    try:
        _compute_something(torch.device(name))
    except (RuntimeError, AssertionError) as error:  # torch's errors of devices derive from RuntimeError
        return str(error).partition("\n")[0] or type(error).__name__
    return ""


def _compute_something(device: torch.device) -> None:
    """Fill a tensor on `device`, add to it, and fetch the result: needs memory, a kernel and the way back."""
    assert float(torch.ones(2, device=device).add(1).sum()) == 4, "1 + 1 is not 2 there"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that a device, or the machine, had no memory for a tensor.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("shapes do not match"))
    (True, False)
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # On a CPU and on MPS, torch raises a plain RuntimeError.
    return isinstance(error, RuntimeError) and any(
        words in str(error) for words in ("can't allocate memory", "out of memory")
    )


@contextlib.contextmanager
def out_of_memory_advice(advice: str) -> Iterator[None]:
    """Inside the `with` block, want of memory ends with a ConfigError that says what was wanted and gives `advice`."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        # The rest of torch's message is about its allocator.
        wanted = str(error).partition("\n")[0].partition(" GPU ")[0][:200] or "the system gave no size"
        raise ConfigError(f"there is not enough memory: {wanted.rstrip('.')}. {advice}") from None


def device_count(kind: str) -> int:
    """How many devices of this kind processes can share; 0 where there is no limit. Starts nothing on a GPU."""
    if kind == "cuda":
        return torch.cuda.device_count()
    # There is one GPU in a Mac, and torch has no way to exchange gradients between processes that use it.
    return 1 if kind == "mps" else 0


def use_gpu(number: int) -> None:
    """Make GPU `number` the current one of this process, if torch finds GPUs: NCCL and torch's GPU calls go there.

    Without this, every process of a machine also takes memory on GPU 0, and collective operations may hang.
    """
    if torch.cuda.is_available():
        torch.cuda.set_device(number)


def pick_precision(name: str, device: torch.device) -> torch.dtype:
    """The dtype to compute in. For "auto": bfloat16 where the hardware multiplies it natively, float16 on older GPUs
    that multiply that fast, else float32.

    The answer depends on what the processor reports, not on a timing, so one machine always gets the same answer.
    """
    if name != "auto":
        return PRECISIONS[name]
    if device.type == "cuda":
        capability = torch.cuda.get_device_capability(device)
        # Compute capability 8.0 (Ampere) is the first with bfloat16 tensor cores.
        if capability >= (8, 0):
            return torch.bfloat16
        # P100 (6.0), V100 (7.0) and T4 (7.5) compute float16 at least twice as fast as float32; consumer cards of the
        # P100's generation (6.1) at a sixty-fourth of the speed.
        return torch.float16 if capability >= (7, 0) or capability == (6, 0) else torch.float32
    if device.type == "cpu":
        # Other CPUs emulate bfloat16, which is slower than float32.
        capabilities = torch.cpu.get_capabilities()
        native = bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))
        return torch.bfloat16 if native else torch.float32
    # MPS stays at float32: its half-precision attention has leaked the future (pytorch#195910).
    return torch.float32


def dtype_name(dtype: torch.dtype) -> str:
    """The name of a dtype as files and tables show it.

    >>> dtype_name(torch.bfloat16)
    'bfloat16'
    """
    return str(dtype).removeprefix("torch.")


def seed_dropout(seed: int, step: int, rank: int) -> None:
    """Seed torch's global generator for one training step, so that a resumed training drops the same activations.

    Dropout is the only user of the global generator; everything else takes a generator as an argument.
    """
    # SeedSequence turns neighbouring steps and ranks into unrelated seeds. torch takes 63 bits, hence the shift.
    state = np.random.SeedSequence([seed, step, rank]).generate_state(1, dtype=np.uint64)[0]
    torch.manual_seed(int(state >> 1))


# The least number of times that a large matrix product is timed, and the least seconds for all of them: other work that
# takes the processor for a moment must not disturb every one. A single product takes from 1 to 20 ms on a CPU. In a
# dtype that the CPU only emulates it takes seconds: once this many have passed, what was timed is enough.
MATMULS, MATMUL_SECONDS, MAX_MATMUL_SECONDS = 8, 0.1, 1.0


def matmul_flops_per_second(device: torch.device, dtype: torch.dtype) -> float:
    """The FLOP/s that `device` reaches in a large matrix product in `dtype`, the fastest of several.

    On a CPU it holds for the number of threads that torch has now.
    """
    # Large enough to keep every core or tensor core busy, small enough to take milliseconds.
    size = 4096 if device.type == "cuda" else 1024
    a, b = (torch.ones(size, size, device=device, dtype=dtype) for _ in range(2))
    seconds: list[float] = []
    while sum(seconds) < MATMUL_SECONDS or (len(seconds) < MATMULS and sum(seconds) < MAX_MATMUL_SECONDS):
        start = now(device)
        a @ b
        seconds.append(now(device) - start)
    # Each of the size x size results takes `size` multiplications and as many additions.
    return 2 * size**3 / min(seconds)


def synchronize(device: torch.device) -> None:
    """Wait until all work queued on `device` is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def now(device: torch.device) -> float:
    """Seconds on a steady clock, after all work on `device` is done."""
    # A GPU only queues work when it is called. Without waiting, the clock would measure the queueing.
    synchronize(device)
    return time.perf_counter()


class Stopwatch:
    """The time that a training has taken on `device`, in seconds. It starts at once and can be paused."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.start = now(device)
        self.last_lap = 0.0

    def seconds(self) -> float:
        """Seconds since the start, without the pauses."""
        return now(self.device) - self.start

    def lap(self) -> float:
        """Seconds since the last lap, or since the start for the first one, without the pauses."""
        total = self.seconds()
        lap, self.last_lap = total - self.last_lap, total
        return lap

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Stand still inside the `with` block, for work that is no training."""
        pause_start = now(self.device)
        yield
        # A later start makes the pause disappear from `seconds`.
        self.start += now(self.device) - pause_start


def keep_freed_memory() -> None:
    """Make glibc reuse large freed blocks instead of returning them to the system; call once before training.

    By default glibc maps every tensor above 32 MB anew, and the system faults its pages in on first touch, step after
    step. That takes half the time of elementwise operations on a CPU. Other C libraries are left alone.
    """
    if not sys.platform.startswith("linux") or platform.libc_ver()[0] != "glibc":
        return
    M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # from malloc.h
    libc = ctypes.CDLL("libc.so.6")
    # Blocks below 1 GiB come from the heap, and the heap keeps up to 2 GiB of free memory at its end.
    libc.mallopt(M_MMAP_THRESHOLD, 1 << 30)
    libc.mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)
