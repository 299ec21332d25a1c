"""The training loop, and the assembly around it: from a folder of tokens to a folder with a model."""

import contextlib
import dataclasses
import json
import math
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import torch

import poet
from poet.config import ModelConfig, RuntimeSettings, TrainSettings
from poet.corpus.splitting import TRAIN, VALIDATION
from poet.errors import Interrupted, TrainingError
from poet.files import read_json, sha256, write_json, write_json_lines
from poet.model.sampling import Draw, generate
from poet.model.saving import save_model
from poet.model.transformer import Transformer
from poet.progress import bar, say
from poet.tokens.batches import Batches
from poet.tokens.dataset import META, TOKENIZER, TokenData, open_tokens
from poet.tokens.tokenizer import decode, encode, load_tokenizer
from poet.tracking import Tracker
from poet.training.device import keep_freed_memory, now, pick_device, pick_precision
from poet.training.evaluation import score, text_metrics
from poet.training.history import History
from poet.training.optimizers import gradient_norm, make_optimizers
from poet.training.schedule import learning_rate_factor
from poet.training.snapshots import Snapshots, resume_key

# What a result depends on besides data and parameters.
CODE = ("model", "tokens", "training")

# Steps between two rows of timing.csv.
TIMING_STEPS = 10


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
    model: Transformer
    optimizers: list[torch.optim.Optimizer]
    batches: Batches
    settings: TrainSettings
    snapshots: Snapshots
    snapshot_seconds: float
    tracker: Tracker
    device: torch.device
    dtype: torch.dtype
    history: History
    step: int = 0


def train(
    tokens: Path,
    config: ModelConfig,
    settings: TrainSettings,
    runtime: RuntimeSettings,
    *,
    outputs: Outputs,
    resume: Path,
    tracker: Tracker,
) -> str:
    """Train a model on the folder `tokens` and write `outputs`; returns the sha256 of the weights.

    An interrupted training goes on from its last snapshot below the folder `resume`. Raises Interrupted on SIGINT or
    SIGTERM (after a snapshot), TrainingError when the loss is no longer finite.
    """
    keep_freed_memory()
    run = _assemble(tokens, config, settings, runtime, resume, tracker)
    if restored := run.snapshots.restore(run.model, run.optimizers):
        run.step, run.history = restored[0], History(**restored[1])
        tracker.resume(run.step)
        say(f"going on from step {run.step} of {settings.steps}")
    with _stop_requests() as requests:
        _fit(run, requests)
    return _finish(run, outputs)


def _assemble(
    tokens: Path, config: ModelConfig, settings: TrainSettings, runtime: RuntimeSettings, resume: Path, tracker: Tracker
) -> Run:
    device = pick_device(settings.device)
    dtype = pick_precision(settings.precision, device)
    data = open_tokens(tokens)
    model = Transformer(config, data.vocab_size, torch.Generator().manual_seed(settings.seed)).to(device)
    identity = [json.dumps(dataclasses.asdict(part), sort_keys=True) for part in (config, settings)]
    key = resume_key(
        [*identity, sha256(tokens / META), str(device), str(dtype), torch.__version__], Path(poet.__file__).parent, CODE
    )
    tracker.tags({"poet.device": str(device), "poet.precision": str(dtype).removeprefix("torch.")})
    return Run(
        data=data,
        tokens_folder=tokens,
        model=model,
        optimizers=make_optimizers(model, settings.optimizer, dtype),
        batches=Batches(
            data.splits[TRAIN],
            sequence_len=config.sequence_len,
            batch_size=settings.batch_size,
            seed=settings.seed,
            books=data.meta["splits"][TRAIN]["books"],
        ),
        settings=settings,
        snapshots=Snapshots(folder=resume / key),
        snapshot_seconds=runtime.snapshot_seconds,
        tracker=tracker,
        device=device,
        dtype=dtype,
        history=History(),
    )


def _fit(run: Run, requests: list[int]) -> None:
    """Take the remaining steps; validate, sample and save on the way."""
    settings, model = run.settings, run.model
    last_snapshot = timer = now(run.device)
    with bar("train", settings.steps, run.step) as advance:
        while run.step < settings.steps:
            factor = learning_rate_factor(run.step, settings.steps, settings.warmup_steps, settings.cooldown)
            for optimizer in run.optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = group["peak_lr"] * factor
            inputs, targets = (block.to(run.device) for block in run.batches[run.step])
            loss = model.loss(inputs, targets, run.dtype)
            loss.backward()  # type: ignore[no-untyped-call]
            train_loss, norm = loss.item(), gradient_norm(model)
            _check_finite(train_loss, norm, run.step)
            for optimizer in run.optimizers:
                optimizer.step()
                optimizer.zero_grad()
            run.step += 1
            _record(run, train_loss, norm, factor)
            if run.step % TIMING_STEPS == 0 or run.step == settings.steps:
                timer = _record_speed(run, timer)
                advance(TIMING_STEPS, _status(run))
            if run.step % settings.validate_every == 0 or run.step == settings.steps:
                _validate(run)
                timer = now(run.device)
            if requests or time.perf_counter() - last_snapshot > run.snapshot_seconds:
                _snapshot(run)
                last_snapshot = timer = now(run.device)
            if requests:
                raise Interrupted(
                    f"stopped by {signal.Signals(requests[0]).name} at step {run.step} of {settings.steps}; `dvc "
                    "repro` goes on from there"
                )


def _check_finite(train_loss: float, norm: float, step: int) -> None:
    if not (math.isfinite(train_loss) and math.isfinite(norm)):
        raise TrainingError(
            f"the loss became {train_loss} (gradient norm {norm}) at step {step}; the weights were not updated. "
            "Lower train.optimizer.matrix_learning_rate or head_learning_rate, or raise train.warmup_steps."
        )


def _record(run: Run, train_loss: float, norm: float, factor: float) -> None:
    settings = run.settings
    row = {
        "step": run.step,
        "tokens": run.step * settings.batch_size * run.model.config.sequence_len,
        "train_loss": round(train_loss, 6),
        "learning_rate": round(settings.optimizer.matrix_learning_rate * factor, 8),
        "gradient_norm": round(norm, 6),
    }
    run.history.rows.append(row)
    run.tracker.metrics(run.step, {key: row[key] for key in ("train_loss", "learning_rate", "gradient_norm")})


def _record_speed(run: Run, since: float) -> float:
    """Add a row to the timing for the steps since `since`; returns the time now."""
    seconds = now(run.device) - since
    steps = run.step % TIMING_STEPS or TIMING_STEPS
    speed = steps * run.settings.batch_size * run.model.config.sequence_len / seconds
    run.history.timing.append({"step": run.step, "seconds": round(seconds, 4), "tokens_per_second": round(speed)})
    run.tracker.metrics(run.step, {"tokens_per_second": speed})
    return now(run.device)


def _status(run: Run) -> str:
    return f"loss {run.history.train_loss:.3f}  {run.history.timing[-1]['tokens_per_second']:,} tokens/s"


def _validate(run: Run) -> None:
    """Measure the whole validation text, and write a sample that shows how far the model is."""
    ids = run.data.splits[VALIDATION]
    nats = score(run.model, ids, stride=1.0, dtype=run.dtype)
    metrics = text_metrics(nats, len(ids), *run.data.counts(VALIDATION))
    if metrics is not None:
        measured = {
            "validation_loss": round(metrics["loss"], 6),
            "bits_per_character": round(metrics["bits_per_character"], 6),
        }
        run.history.rows[-1] |= measured
        run.tracker.metrics(run.step, measured)
        say(
            f"step {run.step:>6,}  train loss {run.history.train_loss:.3f}  validation "
            f"{metrics['bits_per_character']:.4f} bits per character"
        )
    text = _sample(run)
    run.history.samples.append({"step": run.step, "prompt": run.settings.sample_prompt, "text": text})
    run.tracker.text(f"samples/step-{run.step:06d}.txt", run.settings.sample_prompt + text)


def _sample(run: Run) -> str:
    tokenizer = load_tokenizer(run.tokens_folder / TOKENIZER)
    prompt = encode(tokenizer, run.settings.sample_prompt).tolist()
    draw = Draw(temperature=0.8, top_k=0, seed=run.settings.seed)
    return decode(
        tokenizer, [int(ids[0]) for ids in generate(run.model, prompt, [draw], run.settings.sample_tokens, run.dtype)]
    )


def _snapshot(run: Run) -> None:
    run.snapshots.save(run.step, run.model, run.optimizers, dataclasses.asdict(run.history))
    run.tracker.flush()


def _finish(run: Run, outputs: Outputs) -> str:
    """Write everything that the training leaves, then drop its snapshots."""
    run.history.write(outputs.history, outputs.timing)
    write_json_lines(outputs.samples, run.history.samples)
    validation, tokens = run.history.validation, run.history.rows[-1]["tokens"]
    metrics = {
        "steps": run.step,
        "tokens": tokens,
        "epochs": round(tokens / len(run.data.splits[TRAIN]), 4),
        "parameters": sum(parameter.numel() for parameter in run.model.parameters()),
        "train_loss": round(run.history.train_loss, 6),
        "validation_loss": validation.get("validation_loss"),
        "bits_per_character": validation.get("bits_per_character"),
        "precision": str(run.dtype).removeprefix("torch."),
        "device": run.device.type,
    }
    write_json(outputs.metrics, metrics)
    digest = save_model(
        outputs.model,
        run.model,
        run.tokens_folder / TOKENIZER,
        data_sha256=read_json(run.tokens_folder / META)["splits"][TRAIN]["sha256"],
    )
    run.tracker.tags({"poet.model_sha256": digest})
    run.snapshots.clear()
    return digest


@contextlib.contextmanager
def _stop_requests() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of dying of them; a second SIGINT ends at once."""
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if received and number == signal.SIGINT:
            raise KeyboardInterrupt
        received.append(number)
        say("stopping after this step; once more to stop at once")

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
