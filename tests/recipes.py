"""Settings for tests: everything in params.yaml that a test of one room needs, at sizes that take no time."""

import dataclasses
from typing import Any

from poet.params.model import model_settings
from poet.params.sections import (
    CleanSettings,
    OptimizerSettings,
    RuntimeSettings,
    SplitSettings,
    TokenizeSettings,
    TrainSettings,
)
from poet.params.values import NO_MODEL

CLEAN = CleanSettings(
    drop=["licence", "small_print", "credits", "transcriber_notes", "illustrations"],
    unwrap=False,
    minimum_kept=0.8,
    duplicates="warn",
)

# The last tenth of every book validates; no book is held out.
SPLIT = SplitSettings(validation=0.1, held_out_books=[])


def sizes(kind: Any, vocab_size: int = 400, min_frequency: int = 2, train_characters: int = 10**6) -> TokenizeSettings:
    """Settings for a tokenizer of `kind` for a small text."""
    return TokenizeSettings(
        kind=kind, vocab_size=vocab_size, max_ngram=6, min_frequency=min_frequency, train_characters=train_characters
    )


CHAR = sizes("char")

MUON = OptimizerSettings(
    kind="muon",
    matrix_learning_rate=0.02,
    embedding_learning_rate=0.05,
    head_learning_rate=0.02,
    learning_rate=0.01,
    weight_decay=0.0,
    momentum=0.95,
    clip_norm=0.0,
)
ADAMW = dataclasses.replace(MUON, kind="adamw")

MODEL = model_settings("modern", n_layer=2, n_head=2, n_embd=16, sequence_len=32)
TRAIN = TrainSettings(
    seed=1,
    init_from=NO_MODEL,
    device="cpu",
    precision="float32",
    compile="off",
    processes=1,
    shard=False,
    minutes=None,
    teachers=0,
    teacher_layers=2,
    teacher_heads=2,
    teacher_width=16,
    teacher_steps=60,
    steps=60,
    batch_size=4,
    accumulate=1,
    state_windows=1,
    optimizer=dataclasses.replace(MUON, kind="auto"),
    warmup_steps=5,
    cooldown=0.5,
    validate_every=20,
    patience=0,
    sample_prompt="the ",
    sample_tokens=8,
)
RARELY = RuntimeSettings(snapshot_seconds=1000.0)
ALWAYS = RuntimeSettings(snapshot_seconds=1e-9)
