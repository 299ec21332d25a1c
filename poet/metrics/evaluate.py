"""The evaluate stage: a trained model on everything it has not seen, beside what compressors make of it."""

from pathlib import Path
from typing import Any

from poet.device.device import keep_freed_memory, pick_device, pick_precision
from poet.files import write_json
from poet.metrics.bits import text_metrics, total_nats
from poet.metrics.compressors import compressor_bits_per_character
from poet.metrics.memorization import extractable_shares
from poet.model.saving import load_model
from poet.params.sections import EvaluateSettings
from poet.tokenizers.tokenizer import decode
from poet.tokens.token_files import HELD_OUT, TRAIN, VALIDATION, open_tokens


def evaluate(
    model: Path, tokens: Path, settings: EvaluateSettings, *, out: Path, extractable: Path
) -> tuple[str, dict[str, Any]]:
    """Score the model in the folder `model` on the validation text and the held-out books of `tokens`.

    Writes evaluation.json to `out`, returns the model's sha256 and the metrics. What it gives away of the training
    text, one of the copying metrics, goes to the file `extractable`.
    """
    keep_freed_memory()
    device = pick_device("auto")
    poet, data = load_model(model, device), open_tokens(tokens)
    dtype = pick_precision("auto", device)

    def measure(split: str) -> dict[str, Any] | None:
        ids = data.splits[split]
        nats = total_nats(poet.model, ids, stride=settings.stride, dtype=dtype)
        return text_metrics(nats, len(ids), *data.counts(split))

    metrics: dict[str, Any] = dict(measure(VALIDATION) or {})
    metrics["held_out_books"] = measure(HELD_OUT)
    training, validation = (decode(poet.tokenizer, data.splits[split]) for split in (TRAIN, VALIDATION))
    metrics["compressors"] = compressor_bits_per_character(training, validation)
    write_json(extractable, extractable_shares(poet.model, data.splits[TRAIN], settings.extract_prompts, seed=0))
    write_json(out, metrics)
    return poet.sha256, metrics
