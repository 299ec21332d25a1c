"""A training in memory: what it consists of, how it is put together, and the figures that sum it up."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from tokenizers import Tokenizer
from torch import Tensor

from poet.device.device import dtype_name, out_of_memory_advice, pick_precision
from poet.device.machine import device_name, machine_in_words
from poet.errors import ConfigError, DataError
from poet.model.saving import load_model
from poet.model.transformer import Transformer
from poet.params.decided import decide_optimizer, decided
from poet.params.model import ModelSettings
from poet.params.sections import TrainSettings
from poet.results.evaluation import Training
from poet.tokens.batches import Batches
from poet.tokens.token_files import TRAIN, TokenData
from poet.tracking.tracker import START_TAG, Tracker
from poet.training.distributed import World
from poet.training.history import History
from poet.training.snapshots import Snapshots, resume_key
from poet.training.start import read_start, start_sha256
from poet.training.state import Best
from poet.training.step import Trainer, compile_blocks, should_compile
from poet.training.yardstick import Yardstick, measure_yardstick

# What to do where a training needs more memory than there is.
MEMORY_ADVICE = (
    "Raise train.accumulate (2, 4, 8: the same batch in as many parts), or lower train.batch_size, model.sequence_len "
    "or the size of the model."
)


@dataclass(kw_only=True)
class TrainingRun:
    """Everything that one training has in memory."""

    # The text: the opened token files, the tokenizer that made them, and this process's rows of every batch.
    data: TokenData
    tokenizer: Tokenizer
    batches: Batches
    # The model with its optimizers, and the recipe by which it is trained.
    trainer: Trainer
    settings: TrainSettings
    # This process among all that train the model.
    world: World
    # What all devices reach in a large matrix product: 100 % of utilization.
    yardstick: Yardstick
    # Where the state and the records go.
    snapshots: Snapshots
    tracker: Tracker
    # The progress: the number of steps taken, what they measured, and the best weights so far.
    step: int = 0
    history: History = field(default_factory=History)
    best: Best = field(default_factory=Best)
    # What `train.minutes` decided, by key of params.yaml; empty without minutes.
    picked: dict[str, float] = field(default_factory=dict)

    @property
    def model(self) -> Transformer:
        """The model that is trained."""
        return self.trainer.model

    @property
    def device(self) -> torch.device:
        """The device of this process."""
        return self.world.device

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the computations. Weights are float32 always."""
        return self.trainer.dtype

    @property
    def tokens_per_step(self) -> int:
        """The tokens that one step trains on, over all processes."""
        return self.settings.batch_size * self.settings.state_windows * self.model.config.sequence_len

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Inputs and targets of this process for `step`, (B, state_windows * T) int64 each, on its device."""
        inputs, targets = self.batches[step]
        return inputs.to(self.device), targets.to(self.device)


def training_key(
    data: TokenData, model: ModelSettings, settings: TrainSettings, world: World, code: Sequence[str]
) -> str:
    """The name for what a training keeps: a hash of everything that determines its result, 16 hex digits.

    That is the data, the settings, the weights at the start, the files and folders of `code`, and the machine as far as
    it changes rounding: device, dtype, torch version, number of processes.
    """
    # sort_keys, so that a section with its keys in another order is the same section.
    settings_json = [json.dumps(dataclasses.asdict(part), sort_keys=True) for part in (model, settings)]
    # meta.json contains the hash of every token file and of the tokenizer.
    data_json = json.dumps(data.meta, sort_keys=True)
    # "auto" can mean another dtype on another machine.
    dtype = dtype_name(pick_precision(settings.precision, world.device))
    machine = [str(world.device), dtype, torch.__version__, str(world.ranks)]
    return resume_key([*settings_json, data_json, start_sha256(settings), *machine], code)


@out_of_memory_advice(MEMORY_ADVICE)
def prepare_run(
    data: TokenData,
    tokenizer: Tokenizer,
    model: ModelSettings,
    settings: TrainSettings,
    *,
    world: World,
    snapshots: Snapshots,
    tracker: Tracker,
    teachers: Sequence[Transformer] = (),
) -> TrainingRun:
    """Put a training together from opened tokens and settings: a model that has taken no step.

    The model learns from the text, and from the finished models `teachers`, which are on its device.

    Raises ConfigError when settings do not fit each other or the model that it starts from, DataError when there are
    too few tokens.
    """
    settings = decide_optimizer(settings, model.preset)
    dtype = pick_precision(settings.precision, world.device)
    transformer = _new_model(data, model, settings)
    transformer.teachers = teachers
    run = TrainingRun(
        data=data,
        tokenizer=tokenizer,
        trainer=_make_trainer(transformer.to(world.device), settings, dtype, world),
        batches=_make_batches(data, model.config.sequence_len, settings, world),
        settings=settings,
        snapshots=snapshots,
        tracker=tracker,
        world=world,
        yardstick=measure_yardstick(world, dtype),
    )
    _record_recipe(run, model)
    return run


def _new_model(data: TokenData, model: ModelSettings, settings: TrainSettings) -> Transformer:
    """The model before its first step, on the CPU: with random weights, or those that `train.init_from` names."""
    # The generator is on the CPU, so that every device starts from the same weights.
    transformer = Transformer(model.config, data.vocab_size, torch.Generator().manual_seed(settings.seed))
    start = read_start(model, settings)
    if start is None or settings.start is None:
        return transformer
    # With other tokens, the model would have to forget what each of its vectors means.
    if data.meta["tokenizer_sha256"] != start.tokenizer_sha256:
        raise DataError(
            f"the tokens were not made by the tokenizer of {settings.start}, which train.init_from names: the sha256 "
            f"of theirs begins with {data.meta['tokenizer_sha256'][:12]}, expected {start.tokenizer_sha256[:12]}. Run "
            "`dvc repro tokenize` to make them anew."
        )
    transformer.load_state_dict(load_model(settings.start, torch.device("cpu")).model.state_dict())
    return transformer


def _record_recipe(run: TrainingRun, model: ModelSettings) -> None:
    """Record what is trained, on what text and on what machine. A training that resumes has recorded it before."""
    run.tracker.params(**decided(model, run.settings, device=run.device.type, precision=dtype_name(run.dtype)))
    run.tracker.learns_from(run.data.meta["splits"][TRAIN])
    run.tracker.tags({
        "poet.device": str(run.device),
        "poet.device_name": device_name(run.device),
        "poet.machine": machine_in_words(),
        "poet.precision": dtype_name(run.dtype),
        "poet.utilization_yardstick": run.yardstick.description,
    })
    if start := start_sha256(run.settings):
        run.tracker.tags({START_TAG: start})


def summarize(run: TrainingRun) -> Training:
    """The content of train.json for a training that has taken its last step."""
    best = run.history.best_validation
    # All tokens trained on. A token counts again in every epoch.
    tokens = run.history.rows[-1].tokens
    return Training(
        steps=run.step,
        best_step=run.best.step,
        tokens=tokens,
        epochs=round(tokens / len(run.data.splits[TRAIN]), 4),
        parameters=sum(parameter.numel() for parameter in run.model.parameters()),
        train_loss=round(run.history.train_loss, 6),
        validation_loss=best.validation_loss if best else None,
        bits_per_character=best.bits_per_character if best else None,
        precision=dtype_name(run.dtype),
        device=run.device.type,
        compiled=run.trainer.compiled,
        processes=run.world.ranks,
        picked=run.picked,
    )


def _make_trainer(model: Transformer, settings: TrainSettings, dtype: torch.dtype, world: World) -> Trainer:
    """The trainer of `model`, which is on its device already; ConfigError when settings do not fit each other."""
    # Every process computes the same number of rows, in parts of the same size.
    if settings.batch_size % (settings.accumulate * world.ranks):
        raise ConfigError(
            f"train.batch_size {settings.batch_size} must be a multiple of train.accumulate {settings.accumulate} "
            f"times the number of processes {world.ranks}"
        )
    # The state starts at zero in every row, so a row of one window never uses it.
    if model.carries_state and settings.state_windows == 1:
        raise ConfigError(
            "train.state_windows: 1 is too few for a yoke with state, because the first window of a row has none. "
            "Set it to 2 or more, or model.yoke.state to false."
        )
    return Trainer(
        model,
        settings.optimizer,
        dtype,
        world=world,
        shard=settings.shard,
        accumulate=settings.accumulate,
        state_windows=settings.state_windows,
    )


def _make_batches(data: TokenData, sequence_len: int, settings: TrainSettings, world: World) -> Batches:
    """The batches of this process."""
    return Batches(
        data.splits[TRAIN],
        # A row is as long as all windows between which a state passes. The trainer cuts it into windows again.
        sequence_len=sequence_len * settings.state_windows,
        batch_size=settings.batch_size,
        seed=settings.seed,
        rank=world.rank,
        ranks=world.ranks,
        books=data.meta["splits"][TRAIN]["books"],
    )


def compile_model(run: TrainingRun) -> None:
    """Compile the model if the settings say so, and record the outcome: "on", "off" or "failed" (collective)."""
    # The FLOPs of the whole training decide whether the time for compiling comes back.
    flops = run.model.flops_per_token() * run.tokens_per_step * run.settings.steps
    outcome = "off"
    if should_compile(run.settings.compile, run.device, flops):
        outcome = "on" if compile_blocks(run.trainer, *run.batch(0)) else "failed"
    run.tracker.tags({"poet.compile": outcome})
