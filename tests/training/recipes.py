"""Optimizer settings for tiny models."""

import dataclasses

from poet.params.sections import OptimizerSettings

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
