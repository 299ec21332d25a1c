"""The work that is timed: training steps and generation of a new model, as the stages do them."""

from collections.abc import Callable

import torch

from poet.benchmark.models import make_model, optimizer_settings
from poet.generation.sampling import generate
from poet.model.transformer import Transformer
from poet.params.sampling import SamplingParams
from poet.results.benchmark import Shape
from poet.training.distributed import World
from poet.training.step import Trainer, compile_blocks

# The most tokens of a timed text, after half a context. The text never outgrows the context: a window that slides would
# be another kind of work.
GENERATED = 32


class Training:
    """The training of a new model of `shape` on random tokens; what the tokens are has no influence on the speed."""

    def __init__(self, shape: Shape, device: torch.device, precision: torch.dtype, *, compiled: bool = False) -> None:
        self.model = make_model(shape).to(device)
        self.trainer = Trainer(self.model, optimizer_settings(shape), precision, world=World(device=device))
        self.wants_compiling = compiled
        generator = torch.Generator().manual_seed(0)
        size = (shape.batch_size, shape.sequence_len)  # (B, T)
        ids = torch.randint(shape.vocab_size, (2, *size), generator=generator).to(device)
        self.batch = (ids[0], ids[1])  # inputs and targets

    def first_step(self) -> None:
        """Compile, if that is wanted, and take a step; where compiling fails, `compiled` stays false."""
        if self.wants_compiling:
            compile_blocks(self.trainer, *self.batch)
        self.step()

    def step(self) -> None:
        """Take one step."""
        self.trainer.step(*self.batch, 1.0, 0)

    @property
    def compiled(self) -> bool:
        """Whether the blocks are compiled."""
        return self.trainer.compiled


def generation(model: Transformer, sequences: int, tokens: int, dtype: torch.dtype) -> Callable[[], None]:
    """A function that writes `sequences` texts of `tokens` tokens side by side after half a context, for nobody."""
    sampling = [SamplingParams(temperature=0.8, seed=seed) for seed in range(sequences)]
    prompt = [0] * max(1, model.config.sequence_len // 2)

    def run() -> None:
        for _ in generate(model, prompt, sampling, tokens, dtype):
            pass

    return run


def generated_tokens(shape: Shape) -> int:
    """The tokens that a timed text of a model of `shape` has after its prompt."""
    return min(GENERATED, max(1, shape.sequence_len - shape.sequence_len // 2 - 1))
