"""The doctor: a CPU passes, and each fault is found."""

import pytest
import torch

from poet.device import doctor
from poet.device.doctor import Finding, examine

CPU = torch.device("cpu")


def test_a_cpu_passes():
    findings = list(examine(CPU, [torch.float32, torch.bfloat16, torch.float16]))
    assert [found.check for found in findings] == 3 * ["loss", "logits", "gradients", "past moved by the future"]
    assert [found.precision for found in findings] == 4 * ["float32"] + 4 * ["bfloat16"] + 4 * ["float16"]
    assert all(found.ok for found in findings)
    assert findings[0].difference == 0
    assert findings[5].difference > 0, "bfloat16 rounds"


@pytest.mark.parametrize(("difference", "ok"), [(0.0, True), (0.1, True), (0.2, False), (float("nan"), False)])
def test_a_check_is_ok_up_to_what_is_allowed(difference, ok):
    assert Finding(check="loss", precision="float32", difference=difference, allowed=0.1).ok == ok


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("wrong", "loss"),
        ("nan", "logits"),
        ("leak", "past moved by the future"),
    ],
)
def test_each_fault_is_found(monkeypatch, fault, check):
    """A device that multiplies wrong, returns NaN, or lets attention see ahead: simulated by a faulty layer."""
    expected = doctor._results(CPU, torch.float32, torch.zeros(12, 97, dtype=torch.long))
    assert not expected["loss"].isnan()
    forward = doctor.Transformer.hidden
    calls = []

    def faulty(self, tokens, cache, dtype, state=None):
        x, yoked = forward(self, tokens, cache, dtype, state)
        calls.append(1)
        if len(calls) <= 2:  # the CPU's own results come first
            return x, yoked
        if fault == "wrong":
            return x * 1.5, yoked
        if fault == "nan":
            return x * torch.where(torch.arange(x.size(-1)) == 3, torch.nan, 1.0), yoked
        return x + 0.01 * x.roll(-1, dims=1), yoked

    monkeypatch.setattr(doctor.Transformer, "hidden", faulty)
    assert check in [found.check for found in examine(CPU, [torch.float32]) if not found.ok]
