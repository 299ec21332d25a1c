"""The doctor: a CPU is well, and each illness is found."""

import pytest
import torch

from poet.device import doctor
from poet.device.doctor import examine

CPU = torch.device("cpu")


def test_a_cpu_is_well():
    findings = list(examine(CPU, [torch.float32, torch.bfloat16]))
    assert [found.check for found in findings[:4]] == ["loss", "logits", "gradients", "past moved by the future"]
    assert all(found.healthy for found in findings)
    assert findings[0].difference == 0


@pytest.mark.parametrize(
    ("illness", "check"),
    [
        ("wrong", "loss"),
        ("nan", "logits"),
        ("leak", "past moved by the future"),
    ],
)
def test_each_illness_is_found(monkeypatch, illness, check):
    """A device that multiplies wrong, gives NaN, or lets attention see ahead, by a faulty layer in its stead."""
    healthy = doctor._results(CPU, torch.float32, torch.zeros(12, 97, dtype=torch.long))
    assert not healthy["loss"].isnan()
    forward = doctor.Transformer.hidden
    calls = []

    def faulty(self, tokens, cache, dtype, state=None):
        x, yoked = forward(self, tokens, cache, dtype, state)
        calls.append(1)
        if len(calls) <= 2:  # the CPU's own results come first
            return x, yoked
        if illness == "wrong":
            return x * 1.5, yoked
        if illness == "nan":
            return x * torch.where(torch.arange(x.size(-1)) == 3, torch.nan, 1.0), yoked
        return x + 0.01 * x.roll(-1, dims=1), yoked

    monkeypatch.setattr(doctor.Transformer, "hidden", faulty)
    ill = [found.check for found in examine(CPU, [torch.float32]) if not found.healthy]
    assert check in ill
