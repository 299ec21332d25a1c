"""The device: names, precision by what the hardware reports, the seed of dropout, a clock that can be paused."""

import numpy as np
import pytest
import torch

from poet.device import device as device_module
from poet.device.device import (
    Stopwatch,
    device_fault,
    listed_devices,
    matmul_flops_per_second,
    out_of_memory_advice,
    pick_device,
    pick_precision,
    present_devices,
    seed_dropout,
)
from poet.errors import ConfigError

NO_KERNEL = "CUDA error: no kernel image is available for execution on the device"

CPU, CUDA, MPS = (torch.device(kind) for kind in ("cpu", "cuda", "mps"))


@pytest.fixture(autouse=True)
def fresh_faults():
    """Faults are remembered for a process; here, each test has devices of its own."""
    device_fault.cache_clear()
    yield
    device_fault.cache_clear()


@pytest.fixture
def computes(monkeypatch):
    """A function that fakes the device modules: which kinds torch lists, and which of these have no kernels."""

    def fake(listed, broken=()):
        def compute(device):
            if device.type in broken:
                raise RuntimeError(f"{NO_KERNEL}\nCompile with TORCH_USE_CUDA_DSA")

        monkeypatch.setattr(device_module, "_compute_something", compute)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in listed)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in listed)

    return fake


def test_a_device_without_kernels_is_skipped_by_auto_and_refused_by_name(computes):
    """A P100 with torch for CUDA 13: torch.cuda.is_available() is true, and every computation fails."""
    computes(listed=["cuda"], broken=["cuda"])
    assert (listed_devices(), present_devices()) == (["cuda", "cpu"], ["cpu"])
    assert pick_device("auto") == CPU
    with pytest.raises(
        ConfigError, match=r"lists 'cuda' but cannot compute on it: CUDA error: no kernel image.*device. "
    ):
        pick_device("cuda")


def test_the_cpu_has_no_fault_and_a_device_that_cannot_answer_has(computes):
    assert device_fault("cpu") == ""
    assert device_fault("cuda" if not torch.cuda.is_available() else "mps"), "this machine has no such device"


def test_unknown_and_absent_devices_are_refused(monkeypatch):
    with pytest.raises(ConfigError, match="unknown device 'gpu9x'; allowed are auto, cuda, mps, cpu"):
        pick_device("gpu9x")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="has no 'mps'"):
        pick_device("mps")


def test_auto_is_the_best_device_present(computes):
    computes(listed=["mps"])
    assert (pick_device("auto"), present_devices()) == (MPS, ["mps", "cpu"])
    computes(listed=[])
    assert (pick_device("auto"), present_devices()) == (CPU, ["cpu"])


@pytest.mark.parametrize(
    ("capabilities", "dtype"),
    [
        ({"amx_bf16": True}, torch.bfloat16),
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"avx512_f": True, "amx_bf16": False}, torch.float32),
        ({}, torch.float32),
    ],
)
def test_auto_precision_on_a_cpu_is_what_the_processor_reports(monkeypatch, capabilities, dtype):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert pick_precision("auto", CPU) is dtype
    assert pick_precision("float32", CPU) is torch.float32
    assert pick_precision("bfloat16", CPU) is torch.bfloat16


@pytest.mark.parametrize(
    ("capability", "dtype"),
    [
        ((5, 2), torch.float32),
        ((6, 0), torch.float16),  # P100
        ((6, 1), torch.float32),  # its consumer cards, slow in float16
        ((7, 0), torch.float16),  # V100
        ((7, 5), torch.float16),  # T4
        ((8, 0), torch.bfloat16),
        ((12, 0), torch.bfloat16),
    ],
)
def test_auto_precision_on_cuda_is_what_its_generation_multiplies_fast(monkeypatch, capability, dtype):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert pick_precision("auto", CUDA) is dtype


def test_auto_precision_on_mps_is_float32_and_float16_an_option(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    assert pick_precision("auto", MPS) is torch.float32
    assert pick_precision("float16", MPS) is torch.float16


def test_dropout_depends_on_seed_step_and_rank():
    def drawn(*key):
        seed_dropout(*key)
        return tuple(torch.rand(4).tolist())

    keys = [(1, 0, 0), (2, 0, 0), (1, 1, 0), (1, 0, 1), (0, 1, 0)]
    assert len({drawn(*key) for key in keys}) == len(keys)
    assert drawn(1, 1, 0) == drawn(1, 1, 0)


def test_a_stopwatch_does_not_count_its_pauses(monkeypatch):
    time = iter([0.0, 10.0, 13.0, 20.0, 21.0])
    monkeypatch.setattr(device_module, "now", lambda device: next(time))
    stopwatch = Stopwatch(CPU)
    assert stopwatch.lap() == 10
    with stopwatch.paused():  # from 13 to 20
        pass
    assert stopwatch.lap() == 4
    time = iter([25.0])
    assert stopwatch.seconds() == 18


@pytest.mark.parametrize("ask", [lambda: torch.empty(2**50), lambda: np.empty(2**60, np.uint8)], ids=["torch", "numpy"])
def test_want_of_memory_is_one_message_with_advice(ask):
    expected = r"^there is not enough memory: .*allocate.*\. Take less\.$"
    with pytest.raises(ConfigError, match=expected), out_of_memory_advice("Take less."):
        ask()


def test_other_faults_are_no_want_of_memory():
    with pytest.raises(RuntimeError, match="must match"), out_of_memory_advice("Take less."):
        torch.ones(2) + torch.ones(3)


def test_the_matrix_rate_of_an_emulated_dtype_takes_no_longer_than_one_product(monkeypatch):
    """A product of 2 s, by the clock, is enough; quick ones are timed many times."""
    for seconds, products in ((2.0, 1), (0.01, 10), (0.05, 8)):
        ticks = iter(range(1000))
        monkeypatch.setattr(device_module, "now", lambda device, ticks=ticks, step=seconds: next(ticks) * step)
        assert matmul_flops_per_second(CPU, torch.float32) == pytest.approx(2 * 1024**3 / seconds)
        assert next(ticks) == 2 * products
