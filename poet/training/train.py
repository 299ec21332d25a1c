"""The train stage: from a folder of tokens to a folder with a model."""

from pathlib import Path

from poet.device.device import keep_freed_memory
from poet.files import read_json, write_json, write_json_lines
from poet.model.saving import save_model
from poet.params.model import ModelSettings
from poet.params.sections import RuntimeSettings, TrainSettings
from poet.tokens.token_files import META, TOKENIZER, TRAIN
from poet.tracking.tracker import Tracker
from poet.training.distributed import World, leave_world
from poet.training.loop import fit, restore
from poet.training.run import Outputs, Run, assemble
from poet.training.state import weights_of


def train(
    tokens: Path,
    model: ModelSettings,
    settings: TrainSettings,
    runtime: RuntimeSettings,
    *,
    outputs: Outputs,
    resume: Path,
    tracker: Tracker,
    world: World,
) -> None:
    """Train a model on the folder `tokens` and write `outputs`.

    An interrupted training goes on from its last snapshot below the folder `resume`. Raises Interrupted on SIGINT or
    SIGTERM (after a snapshot), TrainingError when the loss is no longer finite. Started by torchrun, each process does
    its share, and rank 0 writes.
    """
    keep_freed_memory()
    run = assemble(tokens, model, settings, runtime, resume, tracker, world)
    restore(run)
    fit(run)
    _finish(run, outputs)
    leave_world(run.world)


def _finish(run: Run, outputs: Outputs) -> None:
    """Write everything that the training leaves, then drop its snapshots."""
    last = weights_of(run.model)
    if not run.world.leads:
        return
    run.history.write(outputs.history, outputs.timing)
    write_json_lines(outputs.samples, run.history.samples)
    best, tokens = run.history.best_validation, run.history.rows[-1]["tokens"]
    metrics = {
        "steps": run.step,
        "best_step": run.best.step,
        "tokens": tokens,
        "epochs": round(tokens / len(run.data.splits[TRAIN]), 4),
        "parameters": sum(parameter.numel() for parameter in run.model.parameters()),
        "train_loss": round(run.history.train_loss, 6),
        "validation_loss": best.get("validation_loss"),
        "bits_per_character": best.get("bits_per_character"),
        "precision": str(run.dtype).removeprefix("torch."),
        "device": run.device.type,
        "compiled": run.compiled,
        "processes": run.world.ranks,
    }
    write_json(outputs.metrics, metrics)
    digest = save_model(
        outputs.model,
        run.model.config,
        run.model.vocab_size,
        best=run.best.weights,
        last=last,
        tokenizer=run.tokens_folder / TOKENIZER,
        data_sha256=read_json(run.tokens_folder / META)["splits"][TRAIN]["sha256"],
    )
    run.tracker.tags({"poet.model_sha256": digest})
    run.snapshots.clear()
