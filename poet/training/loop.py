"""The training loop: steps, and once in a while a validation, a sample, a snapshot."""

import contextlib
import dataclasses
import math
import signal
import time
from collections.abc import Iterator
from types import FrameType

from poet.device.device import now, seed_dropout
from poet.errors import Interrupted
from poet.generation.sampling import generate
from poet.metrics.bits import text_metrics, total_nats
from poet.params.sampling import SamplingParams
from poet.progress import log, progress_bar
from poet.tokenizers.tokenizer import decode, encode, load_tokenizer
from poet.tokens.token_files import TOKENIZER, VALIDATION
from poet.training.distributed import from_leader, mean_and_any, tensors_from_leader
from poet.training.history import History
from poet.training.run import Run
from poet.training.schedule import learning_rate_factor
from poet.training.state import pack, unpack, weights_of

# Steps between two rows of timing.csv.
TIMING_STEPS = 10


def fit(run: Run) -> None:
    """Take the remaining steps; raises Interrupted on a stop request, after a snapshot."""
    settings, total = run.settings, run.settings.steps
    last_snapshot = timer = now(run.device)
    with _stop_requests() as requests, progress_bar("train", total, run.step) as advance:
        while run.step < total and not _ended(run):
            factor = learning_rate_factor(run.step, total, settings.warmup_steps, settings.cooldown)
            if run.model.config.dropout:
                seed_dropout(settings.seed, run.step, run.world.rank)
            inputs, targets = run.batch(run.step)
            train_loss, norm = run.engine.step(inputs, targets, factor, run.step)
            run.step += 1
            _record(run, train_loss, norm, factor)
            if run.step % TIMING_STEPS == 0 or run.step == total:
                timer = _record_speed(run, timer)
                advance(TIMING_STEPS, _status(run))
            if run.step % settings.validate_every == 0 or run.step == total:
                _validate(run)
                timer = now(run.device)
            due = time.perf_counter() - last_snapshot > run.snapshot_seconds
            _, (stop, save) = mean_and_any(run.world, 0.0, [bool(requests), due])
            if stop or save:
                _snapshot(run)
                last_snapshot = timer = now(run.device)
            if stop:
                name = signal.Signals(requests[0]).name if requests else "another process"
                raise Interrupted(f"stopped by {name} at step {run.step} of {total}; `dvc repro` goes on from there")


def restore(run: Run) -> None:
    """Go on from the newest snapshot, if there is one; rank 0 has it."""
    found = run.snapshots.restore() if run.world.leads else None
    known = from_leader(run.world, None if found is None else (found[0], found[2]))
    if known is None:
        return
    unpack(tensors_from_leader(run.world, None if found is None else found[1]), run.engine, run.best)
    run.step = known[0]
    run.history = History(**known[1]["history"])
    best_loss = known[1]["best_loss"]
    run.best.loss, run.best.step = math.inf if best_loss is None else best_loss, known[1]["best_step"]
    if run.world.leads:
        run.tracker.resume(run.step)
        log(f"going on from step {run.step} of {run.settings.steps}")


def _ended(run: Run) -> bool:
    """Whether the last `patience` validations were all worse than the best."""
    since = (run.step - run.best.step) // run.settings.validate_every
    return bool(run.settings.patience) and bool(run.best.step) and since >= run.settings.patience


def _record(run: Run, train_loss: float, norm: float, factor: float) -> None:
    settings = run.settings
    alone = settings.optimizer.kind == "adamw"
    peak = settings.optimizer.learning_rate if alone else settings.optimizer.matrix_learning_rate
    row = {
        "step": run.step,
        "tokens": run.step * run.tokens_per_step,
        "train_loss": round(train_loss, 6),
        "learning_rate": round(peak * factor, 8),
        "gradient_norm": round(norm, 6),
    }
    run.history.rows.append(row)
    run.tracker.metrics(run.step, {key: row[key] for key in ("train_loss", "learning_rate", "gradient_norm")})


def _record_speed(run: Run, since: float) -> float:
    """Add a row to the timing for the steps since `since`; returns the time now."""
    seconds = now(run.device) - since
    steps = run.step % TIMING_STEPS or TIMING_STEPS
    speed = steps * run.tokens_per_step / seconds
    used = speed * run.model.operations_per_token() / (run.multiply_rate * run.world.ranks)
    run.history.timing.append({
        "step": run.step,
        "seconds": round(seconds, 4),
        "tokens_per_second": round(speed),
        "utilization": round(used, 4),
    })
    run.tracker.metrics(run.step, {"tokens_per_second": speed, "utilization": used})
    return now(run.device)


def _status(run: Run) -> str:
    bits = next((row["bits_per_character"] for row in reversed(run.history.rows) if "bits_per_character" in row), None)
    shown = "" if bits is None else f"  {bits:.3f} bits/char"
    last = run.history.timing[-1]
    speed = f"{last['tokens_per_second']:,} tokens/s  MFU {last['utilization']:.0%}"
    return f"loss {run.history.train_loss:.3f}{shown}  {speed}"


def _validate(run: Run) -> None:
    """Measure the whole validation text, keep the best weights, and write a sample that shows how far the model is."""
    ids = run.data.splits[VALIDATION]
    nats = total_nats(run.model, ids, stride=1.0, dtype=run.dtype)
    metrics = text_metrics(nats, len(ids), *run.data.counts(VALIDATION))
    loss = metrics["loss"] if metrics is not None else math.inf
    if loss < run.best.loss or not run.best.weights:
        run.best.loss, run.best.step, run.best.weights = loss, run.step, weights_of(run.model)
    if metrics is not None:
        measured = {
            "validation_loss": round(metrics["loss"], 6),
            "bits_per_character": round(metrics["bits_per_character"], 6),
        }
        run.history.rows[-1] |= measured
        run.tracker.metrics(run.step, measured)
        if run.world.leads:
            log(
                f"step {run.step:>6,}  train loss {run.history.train_loss:.3f}  validation "
                f"{metrics['bits_per_character']:.4f} bits per character"
            )
    text = _sample(run)
    run.history.samples.append({"step": run.step, "prompt": run.settings.sample_prompt, "text": text})
    run.tracker.text(f"samples/step-{run.step:06d}.txt", run.settings.sample_prompt + text)


def _sample(run: Run) -> str:
    tokenizer = load_tokenizer(run.tokens_folder / TOKENIZER)
    prompt = encode(tokenizer, run.settings.sample_prompt).tolist()
    draw = SamplingParams(temperature=0.8, seed=run.settings.seed)
    return decode(
        tokenizer, [int(ids[0]) for ids in generate(run.model, prompt, [draw], run.settings.sample_tokens, run.dtype)]
    )


def _snapshot(run: Run) -> None:
    tensors = pack(run.engine, run.best)
    if run.world.leads:
        best = {"best_loss": run.best.loss if math.isfinite(run.best.loss) else None, "best_step": run.best.step}
        run.snapshots.save(run.step, tensors, {"history": dataclasses.asdict(run.history), **best})
    run.tracker.flush()


@contextlib.contextmanager
def _stop_requests() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of dying of them; a second SIGINT ends at once."""
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if received and number == signal.SIGINT:
            raise KeyboardInterrupt
        received.append(number)
        log("stopping after this step; once more to stop at once")

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
