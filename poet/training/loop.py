"""The training loop: step after step, and once in a while a validation, a sample, a snapshot.

What a loop does depends on the seed and the step only. So a training that was interrupted and resumed ends with the
same bytes as one that was not, on the same machine with the same versions.
"""

import contextlib
import dataclasses
import math
import signal
import time
from collections.abc import Iterator
from types import FrameType

from poet.device.device import out_of_memory_advice, seed_dropout
from poet.errors import Interrupted
from poet.generation.characters import CharacterGuard, complete_text
from poet.generation.sampling import generate
from poet.metrics.bits import split_metrics
from poet.params.sampling import SamplingParams
from poet.progress import log, progress_bar
from poet.results.evaluation import TextMetrics
from poet.results.samples import TrainingSample
from poet.tokenizers.tokenizer import encode, token_bytes
from poet.tokens.token_files import VALIDATION
from poet.tracking.figures import TRAINING
from poet.training.distributed import STOP_SIGNALS, all_reduce_any
from poet.training.history import HistoryRow
from poet.training.length import announce_length
from poet.training.run import MEMORY_ADVICE, TrainingRun, compile_model
from poet.training.schedule import learning_rate_factor
from poet.training.snapshots import Snapshot, broadcast_snapshot
from poet.training.speed import Speed
from poet.training.state import Best, best_weights, gather_weights, load_state_dict, state_dict
from poet.training.step import StepResult

# Steps between two rows of timing.csv. A single step is too short to be timed well.
TIMING_STEPS = 10

# The temperature of the training samples. Below 1, because a model that has just begun to learn writes noise at 1.
SAMPLE_TEMPERATURE = 0.8


@out_of_memory_advice(MEMORY_ADVICE)
def fit(run: TrainingRun) -> None:
    """Take the remaining steps. After SIGINT or SIGTERM, save a snapshot and raise Interrupted."""
    # Its stopwatch measures training alone.
    speed = Speed(run)
    # Snapshots go by the ordinary clock: they limit what a crash can cost, in minutes.
    last_snapshot = time.perf_counter()
    with _stop_requests() as requests, progress_bar("train", run.settings.steps, run.step) as advance:
        # Compiling takes up to minutes and can be interrupted like a step. It is not a part of the training's time.
        if not _is_finished(run):
            with speed.stopwatch.paused():
                compile_model(run)
                announce_length(run)
                if all_reduce_any(run.world, [bool(requests)])[0]:
                    raise _interrupted(run, requests, save_snapshot(run))

        while not _is_finished(run):
            _record_step(run, _take_step(run))

            if _is_due(run, TIMING_STEPS):
                advance(speed.record(), _status(run))

            # Figures on unseen text and a sample show how far the model is. They do not change it.
            if _is_due(run, run.settings.validate_every):
                with speed.stopwatch.paused():
                    _validate(run)
                    _write_sample(run)

            # All processes must save and stop at the same step. But a signal may reach only one of them, and their
            # clocks differ, so each learns what the others want.
            is_snapshot_due = time.perf_counter() - last_snapshot > run.snapshots.interval
            stop, save = all_reduce_any(run.world, [bool(requests), is_snapshot_due])
            if stop or save:
                # First, so that a resumed training has the time of every step that it does not take again.
                advance(speed.record(), _status(run))
                with speed.stopwatch.paused():
                    saved = save_snapshot(run)
                last_snapshot = time.perf_counter()
            if stop:
                raise _interrupted(run, requests, saved)
        # The steps of a training that ends before `settings.steps`.
        advance(speed.record(), _status(run))
    if run.world.is_main:
        log(f"{run.step:,} steps: {run.history.cost or 'none was timed'}")


def _interrupted(run: TrainingRun, requests: list[int], saved: bool) -> Interrupted:
    """The error of a training that was asked to stop, and has `saved` its state, or could not."""
    name = signal.Signals(requests[0]).name if requests else "another process"
    where = "there" if saved else "the snapshot before, if there is one"
    return Interrupted(
        f"stopped by {name} at step {run.step} of {run.settings.steps}; `dvc repro` continues from {where}"
    )


def restore(run: TrainingRun) -> None:
    """Continue from the newest snapshot, if there is one. Rank 0 reads it and sends it to the other processes."""
    found = run.snapshots.newest() if run.world.is_main else None
    snapshot = broadcast_snapshot(run.world, found)
    if snapshot is None:
        return
    load_state_dict(snapshot.tensors, run.trainer)
    # Batches, schedule and dropout are functions of the step, so nothing else has to be restored.
    run.step, run.history = snapshot.step, snapshot.history
    run.best = Best(loss=snapshot.best_loss, step=snapshot.best_step, weights=best_weights(snapshot.tensors))
    if run.world.is_main:
        # The record in MLflow continues as well, instead of beginning a second run.
        run.tracker.resume(run.step, snapshot.spool)
        log(f"continuing from step {run.step} of {run.settings.steps}")


def _is_finished(run: TrainingRun) -> bool:
    """Whether all steps are taken, or the last `patience` validations were all worse than the best one."""
    if run.step >= run.settings.steps:
        return True
    # Without a limit on the patience, or before the first validation, nothing ends a training early.
    if not run.settings.patience or not run.best.step:
        return False
    validations_since_best = (run.step - run.best.step) // run.settings.validate_every
    return validations_since_best >= run.settings.patience


def _is_due(run: TrainingRun, every: int) -> bool:
    """Whether something that happens once in `every` steps, and after the last step, happens now."""
    return run.step % every == 0 or run.step == run.settings.steps


def _take_step(run: TrainingRun) -> StepResult:
    """Train on the next batch."""
    settings = run.settings
    # Warm-up, plateau or cool-down: the factor on all learning rates.
    factor = learning_rate_factor(run.step, settings.steps, settings.warmup_steps, settings.cooldown)
    # Each process drops other activations, because it has other rows of the batch.
    if run.model.config.dropout:
        seed_dropout(settings.seed, run.step, run.world.rank)
    inputs, targets = run.batch(run.step)
    result = run.trainer.step(inputs, targets, factor, run.step)
    run.step += 1
    return result


def _record_step(run: TrainingRun, result: StepResult) -> None:
    """Add a row to history.csv, rounded to the digits that a reader can use."""
    row = HistoryRow(
        step=run.step,
        tokens=run.step * run.tokens_per_step,
        train_loss=round(result.loss, 6),
        learning_rate=round(result.learning_rate, 8),
        gradient_norm=round(result.gradient_norm, 6),
    )
    run.history.rows.append(row)
    # The tracker gets the same rounded figures, so that MLflow and history.csv agree.
    keys = ("train_loss", "learning_rate", "gradient_norm")
    run.tracker.metrics(run.step, {TRAINING[key]: getattr(row, key) for key in keys})


def _status(run: TrainingRun) -> str:
    """What the progress bar shows: the training loss, the last validation if there was one, the speed."""
    if not run.history.timing:
        return ""
    last = run.history.timing[-1]
    # From the end, so that the search stops at the last validation and never reads a long history.
    validated = (row.bits_per_character for row in reversed(run.history.rows) if row.bits_per_character is not None)
    bits = next((f"  {value:.3f} bits/char" for value in validated), "")
    speed = f"{last.tokens_per_second:,} tokens/s  MFU {last.utilization:.0%}"
    return f"loss {run.history.train_loss:.3f}{bits}  {speed}"


def _validate(run: TrainingRun) -> None:
    """Measure the loss on the whole validation text, and keep the weights if they are the best so far."""
    # With stride 1 the windows do not overlap, so each token is computed once. The evaluate stage lets them overlap: it
    # takes longer, and gives every token more context.
    with run.trainer.uncompiled():
        metrics = split_metrics(run.model, run.data, VALIDATION, stride=1.0, dtype=run.dtype)
    loss = metrics.loss if metrics is not None else math.inf
    # The best weights become the model, not the last: a small text is soon learned by heart, and the loss on unseen
    # text rises again. Without validation text, the newest weights count as the best.
    if metrics is None or loss < run.best.loss or not run.best.weights:
        run.best = Best(loss=loss, step=run.step, weights=gather_weights(run.model))
    if metrics is not None:
        _record_validation(run, metrics)


def _record_validation(run: TrainingRun, metrics: TextMetrics) -> None:
    """Add the validation figures to the last row of history.csv, and print them."""
    # The row of this step exists already: the step is recorded before it is validated.
    loss, bits = round(metrics.loss, 6), round(metrics.bits_per_character, 6)
    run.history.rows[-1] = dataclasses.replace(run.history.rows[-1], validation_loss=loss, bits_per_character=bits)
    run.tracker.metrics(run.step, {TRAINING["validation_loss"]: loss, TRAINING["bits_per_character"]: bits})
    if run.world.is_main:
        log(
            f"step {run.step:>6,}  train loss {run.history.train_loss:.3f}  validation "
            f"{metrics.bits_per_character:.4f} bits per character"
        )


def _write_sample(run: TrainingRun) -> None:
    """Continue the sample prompt, the same way at every validation, so that the samples show the progress."""
    prompt = run.settings.sample_prompt
    params = SamplingParams(temperature=SAMPLE_TEMPERATURE, seed=run.settings.seed)
    prompt_ids = encode(run.tokenizer, prompt).tolist()
    guard = CharacterGuard(token_bytes(run.tokenizer))
    # `generate` yields the next id of every sequence, here (1,). All processes take part: the model may be sharded.
    steps = generate(run.model, prompt_ids, [params], run.settings.sample_tokens, run.dtype, guard)
    with run.trainer.uncompiled():
        text = complete_text(run.tokenizer, [int(step[0]) for step in steps])
    run.history.samples.append(TrainingSample(step=run.step, prompt=prompt, text=text))
    run.tracker.text(f"samples/step-{run.step:06d}.txt", prompt + text)


def save_snapshot(run: TrainingRun) -> bool:
    """Save the training as it is now. Every process gathers the tensors, rank 0 writes them; False if it could not."""
    tensors = state_dict(run.trainer, run.best)
    saved = True
    if run.world.is_main:
        # First the records, then the snapshot: a resumed training records the steps after the snapshot alone.
        run.tracker.save()
        saved = run.snapshots.save(
            Snapshot(
                step=run.step,
                tensors=tensors,
                history=run.history,
                best_step=run.best.step,
                best_loss=run.best.loss,
                spool=run.tracker.name,
            )
        )
    run.tracker.flush()
    return saved


@contextlib.contextmanager
def _stop_requests() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM inside the `with` block instead of ending at once; a second SIGINT does end at once.

    Yields the list of the signals received so far.
    """
    received: list[int] = []

    # Python runs a signal handler between two instructions, anywhere in the step. It may only take a note; the loop
    # reads it when the step is complete.
    def note(number: int, frame: FrameType | None) -> None:
        if received and number == signal.SIGINT:
            raise KeyboardInterrupt
        received.append(number)
        log("stopping after this step; once more to stop at once")

    previous = {number: signal.signal(number, note) for number in STOP_SIGNALS}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
