"""A model and an index that are made in a moment."""

from pathlib import Path

from poet.attribution.build_index import index_books
from poet.model.saving import save_model
from poet.model.transformer import Transformer
from poet.tokenizers.kinds import train_tokenizer
from tests.recipes import CHAR
from tests.texts import babble
from tests.tiny import CONFIG, generator

BOOKS = {"winter": babble(1, 900), "ship": babble(2, 900)}


def small_model(folder: Path) -> tuple[Path, Path]:
    """The folders of a model and of the index of BOOKS, both in `folder`, which is new."""
    folder.mkdir()
    tokenizer = train_tokenizer(list(BOOKS.values()), CHAR)
    tokenizer.save(str(folder / "tokenizer.json"))
    weights = Transformer(CONFIG, tokenizer.get_vocab_size(), generator())
    state = weights.state_dict()
    about = {"best": state, "last": state, "tokenizer": folder / "tokenizer.json", "data_sha256": "0" * 64}
    save_model(folder / "model", weights, **about)
    index_books(BOOKS.items(), folder / "index")
    return folder / "model", folder / "index"
