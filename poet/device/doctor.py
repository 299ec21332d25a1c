"""Does a device compute what the CPU computes? And does a prediction depend only on the tokens before it?

Silent faults exist: half-precision attention on MPS has leaked the future without an error (pytorch#195910). So this
module compares the loss, logits and gradients of a small model on the device with those on the CPU in float32, and
changes later tokens to see whether earlier predictions move.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from poet.device.device import dtype_name
from poet.model.transformer import Transformer
from poet.params.model import ModelConfig

CONFIG = ModelConfig(n_layer=3, n_head=4, n_embd=64, sequence_len=96)
VOCAB_SIZE = 300
# More than 8 rows: from 9 on, MPS has computed large output layers wrong without an error (pytorch#109457).
BATCH = 12

# The largest relative difference that counts as rounding. bfloat16 has 8 bits of mantissa, so one rounding is off by up
# to 0.4 %, and three layers add up. float16 has 11. In float32 only the order of a few hundred additions differs.
TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 6e-2, torch.float16: 1e-2}

# What gradients in float16 are multiplied by, as in training: most of them are too small for it as they are.
SCALE = {torch.float16: 1024.0}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of one check: the `difference` from the CPU, relative to the CPU's largest value, and the largest
    one `allowed`. `precision` is the name of the dtype on the device.
    """

    check: str
    precision: str
    difference: float
    allowed: float

    @property
    def ok(self) -> bool:
        """Whether the device passes. NaN compares as false with everything, so it fails."""
        return self.difference <= self.allowed


def examine(device: torch.device, dtypes: list[torch.dtype]) -> Iterator[Finding]:
    """Compare `device` in each of `dtypes` with the CPU in float32: four findings for each dtype."""
    # The same random text for every run: (BATCH, T + 1) ids, inputs and targets in one.
    tokens = torch.randint(VOCAB_SIZE, (BATCH, CONFIG.sequence_len + 1), generator=torch.Generator().manual_seed(1))
    expected = _results(torch.device("cpu"), torch.float32, tokens)
    for dtype in dtypes:
        found, precision = _results(device, dtype, tokens), dtype_name(dtype)
        for check, value in expected.items():
            # The clamp prevents a division by zero. No result is zero unless something is badly wrong.
            difference = float((found[check] - value).abs().max() / value.abs().max().clamp(min=1e-12))
            yield Finding(check=check, precision=precision, difference=difference, allowed=TOLERANCE[dtype])
        # Equality is exact here: the same device computes the same prefix twice.
        leak = _leak(_model(device), dtype, tokens[:, :-1].to(device))
        yield Finding(check="past moved by the future", precision=precision, difference=leak, allowed=0.0)


def _model(device: torch.device) -> Transformer:
    """A small model, the same on every device."""
    generator = torch.Generator().manual_seed(0)
    model = Transformer(CONFIG, VOCAB_SIZE, generator)
    # A new model has matrices of zeros, behind which a fault would stay invisible. Fill them.
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.1, generator=generator)
    return model.to(device).eval()


def _results(device: torch.device, dtype: torch.dtype, tokens: Tensor) -> dict[str, Tensor]:
    """Loss (), logits (B, T, V) and all gradients in one vector, for `tokens` (B, T + 1): float32 on the CPU."""
    model, tokens = _model(device), tokens.to(device)
    inputs, targets = tokens[:, :-1], tokens[:, 1:]  # (B, T + 1) -> (B, T) each
    scale = SCALE.get(dtype, 1.0)
    loss, _ = model.loss(inputs, targets, dtype, None, scale)
    loss.backward()  # type: ignore[no-untyped-call]
    # Gradients of all shapes -> one vector.
    gradients = torch.cat([p.grad.flatten().float().cpu() for p in model.parameters() if p.grad is not None]) / scale
    with torch.no_grad():
        logits = model(inputs, dtype=dtype).cpu()
    return {"loss": loss.detach().float().cpu(), "logits": logits, "gradients": gradients}


@torch.no_grad()
def _leak(model: Callable[..., Tensor], dtype: torch.dtype, tokens: Tensor) -> float:
    """The largest change of a logit at a position before a changed token, for `tokens` (B, T); 0 if none leaks."""
    largest = 0.0
    before = model(tokens, dtype=dtype)  # (B, T, V)
    # Near the start, in the middle, at the end: a faulty mask need not be wrong everywhere.
    for position in (1, tokens.size(1) // 2, tokens.size(1) - 1):
        changed = tokens.clone()
        changed[:, position] = (changed[:, position] + 1) % VOCAB_SIZE
        difference = (model(changed, dtype=dtype) - before)[:, :position]  # (B, T, V) -> (B, position, V)
        largest = max(largest, float(difference.abs().max()))
    return largest
