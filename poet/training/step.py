"""One training step, whatever the model, the precision, the number of processes, compiled or not."""

import contextlib
import math
import shutil
from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from poet.errors import TrainingError
from poet.model.transformer import Transformer
from poet.params.sections import OptimizerSettings
from poet.progress import log
from poet.training.distributed import World, mean_and_any, spread
from poet.training.optimizers import gradient_norm, make_optimizers

# Below so many multiplications and additions in all, compiling is not worth a CPU's while: ten times the default
# training, of whose two minutes it would take up to a quarter. Set by that reckoning, not by a measurement.
COMPILE_PAYS_FROM = 3e14


class Engine:
    """Model and optimizers; `step` takes a batch through them.

    A batch is computed in `accumulate` parts, one after the other, each as `state_windows` consecutive windows, between
    which a yoke's state is carried, without a gradient.
    """

    def __init__(
        self,
        model: Transformer,
        optimizer: OptimizerSettings,
        dtype: torch.dtype,
        *,
        world: World,
        shard: bool = False,
        accumulate: int = 1,
        state_windows: int = 1,
    ) -> None:
        self.model, self.dtype, self.world = model, dtype, world
        self.accumulate, self.state_windows, self.clip_norm = accumulate, state_windows, optimizer.clip_norm
        self.loss = spread(model, self.world, shard=shard)
        self.optimizers = make_optimizers(model, optimizer, dtype)

    def step(self, inputs: Tensor, targets: Tensor, factor: float, number: int) -> tuple[float, float]:
        """Train on `inputs` and `targets` (B, state_windows x T) with learning rates `factor` times their peak: the
        loss in nats per token over all ranks, and the norm of the gradient.

        Raises TrainingError, before anything is updated, when one of them is not finite; `number` is for its message.
        """
        loss, norm = self.gradients(inputs, targets)
        loss, _ = mean_and_any(self.world, loss, [])
        check_finite(loss, norm, number)
        if self.clip_norm and norm > self.clip_norm:
            torch._foreach_mul_([p.grad for p in self.model.parameters() if p.grad is not None], self.clip_norm / norm)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak_lr"] * factor
            optimizer.step()
            optimizer.zero_grad()
        return loss, norm

    def gradients(self, inputs: Tensor, targets: Tensor) -> tuple[float, float]:
        """Fill the gradients for a batch: this rank's loss, and the norm of the gradient."""
        self.model.train()
        parts = [
            (part_inputs.chunk(self.state_windows, dim=1), part_targets.chunk(self.state_windows, dim=1))
            for part_inputs, part_targets in zip(
                inputs.chunk(self.accumulate), targets.chunk(self.accumulate), strict=True
            )
        ]
        share, total = 1 / (self.accumulate * self.state_windows), torch.zeros((), device=inputs.device)
        for i, (windows, wanted) in enumerate(parts):
            state = None
            for j, (x, y) in enumerate(zip(windows, wanted, strict=True)):
                final = i == len(parts) - 1 and j == len(windows) - 1
                with self._exchanging(final):
                    loss, state = self.loss(x, y, self.dtype, state)
                    (loss * share).backward()
                total += loss.detach() * share
        self.model.eval()
        return total.item(), gradient_norm(self.model)

    @contextlib.contextmanager
    def _exchanging(self, final: bool) -> Iterator[None]:
        """Gradients go to the other ranks with the last part only."""
        if isinstance(self.loss, DistributedDataParallel) and not final:
            with self.loss.no_sync():
                yield
        else:
            yield


def check_finite(loss: float, norm: float, step: int) -> None:
    """TrainingError when `loss` or `norm` is not a number to go on with."""
    if not (math.isfinite(loss) and math.isfinite(norm)):
        raise TrainingError(
            f"the loss became {loss} (gradient norm {norm}) at step {step}; the weights were not updated. "
            "Lower train.optimizer.matrix_learning_rate or head_learning_rate, or raise train.warmup_steps."
        )


def should_compile(wish: Literal["auto", "on", "off"], device: torch.device, operations: float) -> bool:
    """Whether to compile a training of so many `operations`; "auto" does on CUDA, and on a CPU with a C++ compiler
    where the training is long enough to win back the time.
    """
    if wish != "auto":
        return wish == "on"
    if device.type == "cpu":
        return operations > COMPILE_PAYS_FROM and any(shutil.which(name) for name in ("g++", "clang++", "c++"))
    return device.type == "cuda"


def compile_blocks(engine: Engine, inputs: Tensor, targets: Tensor) -> bool:
    """Compile the blocks of the model and try them on a batch; back to eager, with a warning, when that fails.

    Blocks have the same code, so one compilation serves all. The weights do not change, nor their names.
    """
    for block in engine.model.blocks:
        block.compile()
    try:
        engine.gradients(inputs, targets)
    except Exception as error:  # whatever a compiler may raise
        for block in engine.model.blocks:
            block._compiled_call_impl = None
        log(f"torch.compile failed ({type(error).__name__}: {str(error).splitlines()[0][:120]}); training without it")
        return False
    finally:
        engine.model.zero_grad()
    return True
