"""Small models that were trained, as model folders, and what `poet export --format hf` makes of them."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import torch
from tokenizers import Tokenizer

from poet.export.huggingface import write_huggingface
from poet.model.description import read_description
from poet.model.saving import TrainedModel, load_model, save_model
from poet.model.transformer import Transformer
from poet.params.model import ModelConfig
from poet.tokenizers.kinds import KINDS, train_tokenizer
from poet.tokenizers.tokenizer import encode
from tests.recipes import sizes
from tests.texts import babble
from tests.tiny import CONFIG, VARIANTS, generator

TEXT = babble(1, 3000) + "Ein Häuschen – “quoted” text.\n\nNew paragraph:  two blanks.\n"
LENGTH = 64

# What the models learn: five lines again and again, which they recite after a second of training.
RHYME = babble(3, 45) * 60

# What has an equal in transformers: two presets and what may be changed in them.
CARRIED = {
    "modern": CONFIG,
    **{
        name: VARIANTS[name]
        for name in ("tied", "gelu", "relu", "tanh", "leaky relu", "grouped queries", "classic", "classic with biases")
    },
    "no soft-cap": dataclasses.replace(CONFIG, softcap=0.0),
    "classic, relu2, head of its own": dataclasses.replace(VARIANTS["classic"], activation="relu2", tied_head=False),
    "two layers, compressed in vain": dataclasses.replace(CONFIG, compression=0.5),
}


def tokenizer_of(kind: str) -> Tokenizer:
    """A tokenizer of `kind` for a small text."""
    assert kind in KINDS
    return train_tokenizer([TEXT], sizes(kind, vocab_size=460))


def train_model(folder: Path, config: ModelConfig, kind: str = "bpe", steps: int = 80) -> TrainedModel:
    """Train a model of `config` on a few lines and save it to `folder`: every part of it has learned something."""
    tokenizer = tokenizer_of(kind)
    config = dataclasses.replace(config, sequence_len=LENGTH)
    model = Transformer(config, tokenizer.get_vocab_size(), generator())
    # AdamW moves every weight by about its learning rate a step, the zeros of the start too.
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for tokens, targets in _batches(tokenizer, steps):
        loss, _ = model.loss(tokens, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    path = folder.with_name("tokenizer.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path))
    weights = model.state_dict()
    save_model(folder, model, best=weights, last=weights, tokenizer=path, data_sha256="d" * 64)
    return load_model(folder, torch.device("cpu"))


def _batches(tokenizer: Tokenizer, steps: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Random windows of the text: tokens and the tokens that follow them, (B, T) int64 each."""
    ids = torch.from_numpy(encode(tokenizer, RHYME).astype("int64"))
    source = generator(2)
    for _ in range(steps):
        starts = torch.randint(len(ids) - LENGTH - 1, (4,), generator=source)
        rows = torch.stack([ids[start : start + LENGTH + 1] for start in starts.tolist()])
        yield rows[:, :-1], rows[:, 1:]


def exported(folder: Path, model: Path, card: str = "# A card\n") -> Path:
    """Export the model's folder `model` to `folder`."""
    write_huggingface(folder, load_model(model, torch.device("cpu")), read_description(model), card)
    return folder
