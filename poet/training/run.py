"""A training in memory: what it is made of, how it is put together, and where it leaves its results."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

import poet
from poet.device.device import matrix_multiply_rate, pick_precision
from poet.errors import ConfigError
from poet.files import sha256
from poet.model.transformer import Transformer
from poet.params.model import ModelSettings
from poet.params.sections import RuntimeSettings, TrainSettings
from poet.tokens.batches import Batches
from poet.tokens.token_files import META, TRAIN, TokenData, open_tokens
from poet.tracking.tracker import Tracker
from poet.training.distributed import World
from poet.training.history import History
from poet.training.snapshots import Snapshots, resume_key
from poet.training.state import Best
from poet.training.step import Engine, compile_blocks, should_compile

# What a result depends on besides data and parameters.
CODE = ("model", "tokenizers", "tokens", "generation", "metrics", "device", "training")


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Where a training leaves its results."""

    model: Path
    history: Path
    timing: Path
    samples: Path
    metrics: Path


@dataclass(kw_only=True)
class Run:
    """Everything that one training holds in memory."""

    data: TokenData
    tokens_folder: Path
    engine: Engine
    batches: Batches
    settings: TrainSettings
    snapshots: Snapshots
    snapshot_seconds: float
    tracker: Tracker
    device: torch.device
    dtype: torch.dtype
    world: World
    history: History
    best: Best
    compiled: bool = False
    multiply_rate: float = 0.0  # multiplications and additions per second of a large matrix product
    step: int = 0

    @property
    def model(self) -> Transformer:
        return self.engine.model

    @property
    def tokens_per_step(self) -> int:
        return self.settings.batch_size * self.settings.state_windows * self.model.config.sequence_len

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Inputs and targets of this rank, on its device."""
        inputs, targets = self.batches[step]
        return inputs.to(self.device), targets.to(self.device)


def assemble(
    tokens: Path,
    model: ModelSettings,
    settings: TrainSettings,
    runtime: RuntimeSettings,
    resume: Path,
    tracker: Tracker,
    world: World,
) -> Run:
    """Put a training together from the folder `tokens` and the settings; nothing is trained yet."""
    device = world.device
    dtype = pick_precision(settings.precision, device)
    settings = _with_optimizer(settings, model)
    data, config = open_tokens(tokens), model.config
    transformer = Transformer(config, data.vocab_size, torch.Generator().manual_seed(settings.seed)).to(device)
    identity = [json.dumps(dataclasses.asdict(part), sort_keys=True) for part in (config, settings)]
    identity += [sha256(tokens / META), str(device), str(dtype), torch.__version__, str(world.ranks)]
    run = Run(
        data=data,
        tokens_folder=tokens,
        engine=_engine(transformer, settings, dtype, world),
        batches=_batches(data, config.sequence_len, settings, world),
        settings=settings,
        snapshots=Snapshots(folder=resume / resume_key(identity, Path(poet.__file__).parent, CODE)),
        snapshot_seconds=runtime.snapshot_seconds,
        tracker=tracker,
        device=device,
        dtype=dtype,
        world=world,
        history=History(),
        best=Best(),
    )
    compiled = "off"
    if should_compile(
        settings.compile, device, transformer.operations_per_token() * run.tokens_per_step * settings.steps
    ):
        run.compiled = compile_blocks(run.engine, *run.batch(0))
        compiled = "on" if run.compiled else "failed"
    run.multiply_rate = matrix_multiply_rate(device, dtype)
    precision = str(dtype).removeprefix("torch.")
    tracker.tags({"poet.device": str(device), "poet.precision": precision, "poet.compile": compiled})
    return run


def _with_optimizer(settings: TrainSettings, model: ModelSettings) -> TrainSettings:
    """The settings with "auto" decided."""
    if settings.optimizer.kind != "auto":
        return settings
    kind: Literal["adamw", "muon"] = "adamw" if model.preset == "classic" else "muon"
    return dataclasses.replace(settings, optimizer=dataclasses.replace(settings.optimizer, kind=kind))


def _engine(model: Transformer, settings: TrainSettings, dtype: torch.dtype, world: World) -> Engine:
    if settings.batch_size % (settings.accumulate * world.ranks):
        raise ConfigError(
            f"train.batch_size {settings.batch_size} must be a multiple of train.accumulate {settings.accumulate} "
            f"times the number of processes {world.ranks}"
        )
    if model.carries_state and settings.state_windows == 1:
        raise ConfigError("train.state_windows: 1 window never has a state; a yoke with state needs at least 2")
    return Engine(
        model,
        settings.optimizer,
        dtype,
        world=world,
        shard=settings.shard,
        accumulate=settings.accumulate,
        state_windows=settings.state_windows,
    )


def _batches(data: TokenData, sequence_len: int, settings: TrainSettings, world: World) -> Batches:
    return Batches(
        data.splits[TRAIN],
        sequence_len=sequence_len * settings.state_windows,
        batch_size=settings.batch_size,
        seed=settings.seed,
        rank=world.rank,
        ranks=world.ranks,
        books=data.meta["splits"][TRAIN]["books"],
    )
