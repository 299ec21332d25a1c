"""Does a device compute what a CPU computes? A small model's loss, logits and gradients, and that it cannot see ahead.

Half-precision attention on MPS has leaked the future without an error (pytorch#195910), and other silent faults were
found there; so a device is asked, not trusted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from poet.model.transformer import Transformer
from poet.params.model import ModelConfig

CONFIG = ModelConfig(n_layer=3, n_head=4, n_embd=64, sequence_len=96)
VOCAB_SIZE, BATCH = 300, 12  # an odd batch above 8: large heads have gone wrong there on MPS (pytorch#109457)

# Largest difference that is taken for rounding, relative to the largest value: eight bits of bfloat16's mantissa, and
# what a few hundred float32 additions in another order may do.
TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 6e-2}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check: how far `device` is off, and how far it may be."""

    check: str
    precision: str
    difference: float
    allowed: float

    @property
    def healthy(self) -> bool:
        return self.difference <= self.allowed  # NaN is not


def examine(device: torch.device, dtypes: list[torch.dtype]) -> Iterator[Finding]:
    """Compare `device` with CPU float32 in each of `dtypes`."""
    tokens = torch.randint(VOCAB_SIZE, (BATCH, CONFIG.sequence_len + 1), generator=torch.Generator().manual_seed(1))
    truth = _results(torch.device("cpu"), torch.float32, tokens)
    for dtype in dtypes:
        name, found = str(dtype).removeprefix("torch."), _results(device, dtype, tokens)
        for check, value in truth.items():
            difference = float((found[check] - value).abs().max() / value.abs().max().clamp(min=1e-12))
            yield Finding(check=check, precision=name, difference=difference, allowed=TOLERANCE[dtype])
        leak = _leak(_model(device), dtype, tokens[:, :-1].to(device))
        yield Finding(check="past moved by the future", precision=name, difference=leak, allowed=0.0)


def _model(device: torch.device) -> Transformer:
    """A small model in which no part is zero."""
    generator = torch.Generator().manual_seed(0)
    model = Transformer(CONFIG, VOCAB_SIZE, generator)
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.1, generator=generator)
    return model.to(device).eval()


def _results(device: torch.device, dtype: torch.dtype, tokens: Tensor) -> dict[str, Tensor]:
    model, tokens = _model(device), tokens.to(device)
    loss, _ = model.loss(tokens[:, :-1], tokens[:, 1:], dtype)
    loss.backward()  # type: ignore[no-untyped-call]
    gradients = torch.cat([p.grad.flatten().float().cpu() for p in model.parameters() if p.grad is not None])
    with torch.no_grad():
        logits = model(tokens[:, :-1], dtype=dtype).cpu()
    return {"loss": loss.detach().float().cpu(), "logits": logits, "gradients": gradients}


@torch.no_grad()
def _leak(model: Callable[..., Tensor], dtype: torch.dtype, tokens: Tensor) -> float:
    """The largest change of any logit before a token that was changed."""
    worst = 0.0
    before = model(tokens, dtype=dtype)
    for place in (1, tokens.size(1) // 2, tokens.size(1) - 1):
        other = tokens.clone()
        other[:, place] = (other[:, place] + 1) % VOCAB_SIZE
        worst = max(worst, float((model(other, dtype=dtype) - before)[:, :place].abs().max()))
    return worst
