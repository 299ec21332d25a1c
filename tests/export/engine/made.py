"""Pages of untrained models over made-up books, and what Python writes with the same model."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from poet.attribution.guard import CopyGuard
from poet.books.split import split_books
from poet.export.html import page_blocks, poet_page
from poet.generation.characters import CharacterGuard
from poet.generation.ranks import Ranks
from poet.generation.sampling import generate
from poet.model.saving import TrainedModel, load_model
from poet.params.model import ModelConfig
from poet.params.page import PageSettings
from poet.params.sampling import SamplingParams
from poet.tokenizers.kinds import train_tokenizer
from poet.tokenizers.tokenizer import encode, token_bytes
from tests.recipes import SPLIT, sizes
from tests.stages.shelf import write_clean
from tests.stages.small import save_untrained
from tests.texts import babble

TEXTS = {"first": babble(1, 3000), "second": babble(2, 2000).replace("o", "ö"), "third": babble(3, 300) + "</script>"}
TITLE = "Mine & yours <b>"
FLOAT32 = PageSettings(precision="float32", max_bytes=10**6)
INT8 = PageSettings(precision="int8", max_bytes=10**6)
SMALL = ModelConfig(n_layer=1, n_head=2, n_embd=16, sequence_len=24)


def make_page(
    folder: Path,
    kind: Any = "bpe",
    settings: PageSettings = FLOAT32,
    config: ModelConfig = SMALL,
    min_length: int | None = None,
    render: Callable[[str, Mapping[str, str]], str] = poet_page,
) -> tuple[TrainedModel, str]:
    """A trained tokenizer and an untrained model in `folder`, and the page that `render` makes of them."""
    clean = write_clean(folder / "clean", TEXTS)
    train_tokenizer(TEXTS.values(), sizes(kind)).save(str(folder / "tokenizer.json"))
    save_untrained(folder / "model", folder / "tokenizer.json", config)
    trained = load_model(folder / "model", torch.device("cpu"))
    books = split_books(clean, SPLIT)
    named: dict[str, Any] = {"collection": "mine", "title": TITLE, "bits_per_character": 1.5}
    return trained, render(TITLE, page_blocks(trained, books, settings, min_length=min_length, **named))


def blocks_of(page: str) -> dict[str, str]:
    """The blocks of data in a page, by their name."""
    return dict(re.findall(r'<script type="text/plain" data-block="(\w+)">(.*?)</script>', page, re.DOTALL))


def training_texts() -> dict[str, str]:
    """The part of each book that is trained on."""
    return {name: text[: int(len(text) * (1 - SPLIT.validation))] for name, text in TEXTS.items()}


def python_writes(
    trained: TrainedModel, prompt: str, params: SamplingParams, tokens: int, guard: CopyGuard | None = None
) -> tuple[list[int], tuple[float, ...]]:
    """The ids that Python writes, and the probability of each."""
    ranks = Ranks()
    characters = CharacterGuard(token_bytes(trained.tokenizer), guard)
    ids = encode(trained.tokenizer, prompt)
    steps = generate(trained.model, ids, [params], tokens, torch.float32, characters, ranks.note)
    return [int(step[0]) for step in steps], ranks.probabilities(0)
