"""A tiny model that was trained for a moment: it writes words of its books, so that passages are found in its texts."""

import dataclasses
from pathlib import Path

import torch

from poet.attribution.build_index import index_books
from poet.model.saving import save_model
from poet.model.transformer import Transformer
from poet.tokenizers.kinds import train_tokenizer
from poet.tokenizers.tokenizer import encode
from tests.recipes import CHAR
from tests.serve.small import BOOKS
from tests.tiny import CONFIG, generator

STEPS, BATCH = 250, 32


def trained_model(folder: Path) -> tuple[Path, Path]:
    """The folders of a trained model and of the index of BOOKS, both in `folder`, which is new."""
    folder.mkdir(parents=True)
    tokenizer = train_tokenizer(list(BOOKS.values()), CHAR)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = dataclasses.replace(CONFIG, n_embd=32, sequence_len=24)
    model = Transformer(config, tokenizer.get_vocab_size(), generator())
    ids = torch.from_numpy(encode(tokenizer, "\n".join(BOOKS.values())).astype("int64"))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    chance = generator(7)
    for _ in range(STEPS):
        starts = torch.randint(len(ids) - config.sequence_len - 1, (BATCH,), generator=chance)
        windows = ids[starts[:, None] + torch.arange(config.sequence_len + 1)]  # (BATCH, T + 1)
        loss, _ = model.loss(windows[:, :-1], windows[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    state = model.state_dict()
    about = {"best": state, "last": state, "tokenizer": folder / "tokenizer.json", "data_sha256": "0" * 64}
    save_model(folder / "model", model, **about)
    index_books(BOOKS.items(), folder / "index")
    return folder / "model", folder / "index"
