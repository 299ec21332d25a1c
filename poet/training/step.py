"""One training step: forward, backward, clip, update. The same for every model, precision and number of processes."""

import contextlib
import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.amp import GradScaler
from torch.nn.parallel import DistributedDataParallel

from poet.device.device import is_out_of_memory
from poet.errors import PoetError, TrainingError
from poet.model.layers import Block
from poet.model.loss import loss_of_chunk
from poet.model.transformer import Transformer
from poet.params.sections import OptimizerSettings
from poet.progress import log
from poet.training.compile_rule import COMPILE_MIN_FLOPS
from poet.training.distributed import World, all_reduce_any, all_reduce_mean, wrap_data_parallel
from poet.training.optimizers import gradient_norm, make_optimizers


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What one step measured."""

    # The mean loss of the batch in nats per token, over all processes, before the update.
    loss: float
    # The Euclidean norm of the whole gradient, before clipping. A sudden rise announces a training that diverges.
    gradient_norm: float
    # The learning rate of the matrices in this step. The other parameters follow the same schedule.
    learning_rate: float


class Trainer:
    """A model with its optimizers. `step` trains the model on one batch.

    To save memory, a batch may be computed in `accumulate` parts, whose gradients add up. For a model with a yoke's
    state, each row of a batch is `state_windows` consecutive windows of text: the state passes from one window to the
    next, without a gradient.
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
        # clip_norm is the longest allowed gradient; 0: no limit.
        self.accumulate, self.state_windows, self.clip_norm = accumulate, state_windows, optimizer.clip_norm
        # Sharding replaces the parameters of the model, so the optimizers come after it.
        self.loss = wrap_data_parallel(model, world, shard=shard)
        self.optimizers = make_optimizers(model, optimizer, dtype)
        self.scaler = _make_scaler(world.device) if dtype == torch.float16 else None
        # Whether the blocks are compiled (`compile_blocks`).
        self.compiled = False

    def step(self, inputs: Tensor, targets: Tensor, factor: float, number: int) -> StepResult:
        """Train on `inputs` and `targets`, each (B, state_windows * T) int64: this process's rows of the batch.

        Learning rates are `factor` times their peak. Raises TrainingError, before anything is updated, when the loss or
        the gradient is not finite; `number` is the step's number for the message.
        """
        own_loss, norm = self.gradients(inputs, targets)
        # The gradients are averaged over the processes already; the loss is averaged to be shown.
        loss = all_reduce_mean(self.world, own_loss)
        # A single NaN would spread to all weights, and the last snapshot would be the only way back.
        check_finite(loss, norm, number)
        # Clipping (Pascanu et al. 2013): a gradient that is too long keeps its direction and becomes clip_norm long.
        if self.clip_norm and norm > self.clip_norm:
            torch._foreach_mul_([p.grad for p in self.model.parameters() if p.grad is not None], self.clip_norm / norm)
        # Update the weights, and clear the gradients for the next batch.
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak_lr"] * factor
            optimizer.step()
            optimizer.zero_grad()
        return StepResult(loss=loss, gradient_norm=norm, learning_rate=self.optimizers[0].param_groups[0]["lr"])

    def gradients(self, inputs: Tensor, targets: Tensor) -> tuple[float, float]:
        """Fill the gradients for a batch, each (B, state_windows * T) int64.

        Returns the loss of this process's rows in nats per token, and the norm of the gradient over all processes. In
        float16, the batch is computed again at half the scale while a gradient overflows, so no batch is skipped.
        """
        if self.scaler is None:
            return self.backward(inputs, targets), gradient_norm(self.model)
        while True:
            scale = self.scaler.get_scale()
            loss = self.backward(inputs, targets)
            for optimizer in self.optimizers:
                self.scaler.unscale_(optimizer)
            # The next scale: half of this one after an overflow, twice as much after 2,000 steps without any.
            self.scaler.update()
            norm = gradient_norm(self.model)
            # All processes have the same norm, so they decide alike. An infinite loss, or gradients that overflow
            # without being scaled up, are a fault of the training and no lower scale mends it.
            if math.isfinite(norm) or scale <= 1:
                return loss, norm
            self.model.zero_grad()

    def backward(self, inputs: Tensor, targets: Tensor, *, exchange: bool = True) -> float:
        """Add the gradients of a batch, in float16 times the scale; returns the loss of this process's rows.

        Without `exchange`, processes that have the whole model keep their gradients to themselves.
        """
        try:
            return self._backward(inputs, targets, exchange)
        except Exception as error:  # a compiler may raise anything, also for a graph that comes late
            # Several processes would wait for each other: there, the training ends, and goes on from its snapshot.
            expected = isinstance(error, PoetError) or is_out_of_memory(error)
            if not self.compiled or self.world.ranks > 1 or expected:
                raise
            fall_back(self, error)
            self.model.zero_grad()
            return self._backward(inputs, targets, exchange)

    def _backward(self, inputs: Tensor, targets: Tensor, exchange: bool) -> float:
        # Dropout is active here and nowhere else.
        self.model.train()
        scale = self.scaler.get_scale() if self.scaler else 1.0
        input_parts = inputs.chunk(self.accumulate)  # (B, W * T) -> accumulate x (B / accumulate, W * T)
        target_parts = targets.chunk(self.accumulate)
        # All windows have the same number of tokens, so the mean loss of the batch is the mean over the windows.
        share = 1 / (self.accumulate * self.state_windows)
        total = torch.zeros((), device=inputs.device)  # stays on the device, so that no window waits for the host
        for i, (part, target_part) in enumerate(zip(input_parts, target_parts, strict=True)):
            # The state of a yoke starts anew in every row and passes from window to window.
            state = None
            windows = part.chunk(self.state_windows, dim=1)  # (B, W * T) -> W x (B, T)
            target_windows = target_part.chunk(self.state_windows, dim=1)
            for j, (x, y) in enumerate(zip(windows, target_windows, strict=True)):
                is_last = i == len(input_parts) - 1 and j == len(windows) - 1
                with self._gradient_exchange(is_last and exchange):
                    loss, state = self.loss(x, y, self.dtype, state, scale)  # (), and (B, T, W) or None
                    # backward adds to the gradients that are there, and frees the activations of this window.
                    (loss * share).backward()
                total += loss.detach() * share
        self.model.eval()
        return total.item()

    @contextlib.contextmanager
    def uncompiled(self) -> Iterator[None]:
        """Run the blocks as they are written inside the `with` block, also if they are compiled for training.

        Validation and sampling have other shapes, at every token another one, and each would be compiled anew.
        """
        if not self.compiled:
            yield
            return
        with torch.compiler.set_stance("force_eager"):
            yield

    @contextlib.contextmanager
    def _gradient_exchange(self, is_last: bool) -> Iterator[None]:
        """With DDP, send the gradients to the other processes only once, when the last window has been added."""
        if isinstance(self.loss, DistributedDataParallel) and not is_last:
            with self.loss.no_sync():
                yield
        else:
            yield


def _make_scaler(device: torch.device) -> GradScaler:
    """Gradients in float16 are multiplied by a scale, so that small ones do not become zero (Micikevicius et al. 2018,
    arXiv 1710.03740). The scale starts at 65,536 and adapts; it is a part of every snapshot.
    """
    scaler = GradScaler(device.type)
    # torch makes the tensors of the scale when it first scales something.
    scaler.scale(torch.ones((), device=device))
    return scaler


def check_finite(loss: float, norm: float, step: int) -> None:
    """Raise TrainingError if the loss or the norm of the gradient is infinite or NaN.

    >>> check_finite(2.3, 0.8, step=7)
    """
    if not (math.isfinite(loss) and math.isfinite(norm)):
        raise TrainingError(
            f"the loss became {loss} (gradient norm {norm}) at step {step}; the weights were not updated. "
            "Lower the learning rates under train.optimizer (AdamW alone uses learning_rate, Muon the others), or "
            "raise train.warmup_steps."
        )


def should_compile(choice: Literal["auto", "on", "off"], device: torch.device, flops: float) -> bool:
    """Whether to compile a training that takes `flops` FLOPs in all.

    "auto" compiles on CUDA; on a CPU it compiles long trainings, if there is a C++ compiler; on MPS it does not.

    >>> should_compile("on", torch.device("cpu"), flops=0), should_compile("auto", torch.device("cpu"), flops=0)
    (True, False)
    """
    if choice != "auto":
        return choice == "on"
    # torch.compile generates C++ for a CPU. Without a compiler it would only fail after some seconds.
    if device.type == "cpu":
        return flops > COMPILE_MIN_FLOPS and any(shutil.which(name) for name in ("g++", "clang++", "c++"))
    return device.type == "cuda"


def compile_blocks(trainer: Trainer, inputs: Tensor, targets: Tensor) -> bool:
    """Compile the blocks of the model and its loss, and try them on a batch; returns whether that worked (collective).

    If it fails on any process, training goes on without compilation on all, after a warning. Weights, their names and
    the scale of gradients do not change.
    """
    # The random numbers of dropout come from torch, as without compiling: both drop the same.
    options = {"fallback_random": True}
    # The blocks run the same code, so one compilation of a block serves all of them.
    for block in _blocks(trainer):
        block.compile(options=options)
    # Eager, the loss passes a dozen times over the logits; compiled twice.
    trainer.model.loss_of_chunk = torch.compile(loss_of_chunk)
    error: Exception | None = None
    try:
        # torch compiles at the first call, forward and backward. Without `exchange`, a process that fails here leaves
        # no other one waiting.
        trainer.backward(inputs, targets, exchange=False)
    except Exception as caught:  # a compiler may raise anything
        error = caught
    trainer.model.zero_grad()
    trainer.compiled = True
    if all_reduce_any(trainer.world, [error is not None])[0]:
        fall_back(trainer, error)
    return trainer.compiled


def _blocks(trainer: Trainer) -> list[Block]:
    """The blocks of the model, and those of the models that it learns from."""
    return [block for model in (trainer.model, *trainer.model.teachers) for block in model.blocks]


def fall_back(trainer: Trainer, error: Exception | None) -> None:
    """Go on without compiled blocks because of `error`, or because of one in another process; with one warning."""
    trainer.compiled = False
    for block in _blocks(trainer):
        block._compiled_call_impl = None  # back to the block's own forward
    trainer.model.loss_of_chunk = loss_of_chunk
    if error is not None:
        # Some errors have an empty text.
        text = str(error).partition("\n")[0][:120]
        log(f"torch.compile failed ({type(error).__name__}: {text}); training without it")
