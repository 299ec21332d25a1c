"""Token files: readable by plain NumPy, split as promised, checked when opened."""

import json

import numpy as np
import pytest

from poet.config import SplitSettings, TokenizeSettings
from poet.errors import DataError
from poet.tokens.dataset import open_tokens, tokenize
from poet.tokens.tokenizer import SEPARATOR_ID, decode, load_tokenizer
from tests.conftest import babble
from tests.corpus.shelf import clean_shelf

SPLIT = SplitSettings(validation=0.1, held_out_books=["c"])
CHAR = TokenizeSettings(kind="char", vocab_size=300)


@pytest.fixture
def tokens(write_books, tmp_path):
    texts = write_books(a=babble(1, 900), b=babble(2, 500) + "ü", c=babble(3, 300))
    tokenize(clean_shelf(texts, tmp_path), SPLIT, CHAR, tmp_path / "tokens")
    return tmp_path / "tokens"


def test_ten_lines_of_numpy_read_one_book_as_nanogpt_does(write_books, tmp_path):
    text = babble(1, 2000)
    clean = clean_shelf(write_books(only=text), tmp_path)
    tokenize(clean, SplitSettings(validation=0.1, held_out_books=[]), CHAR, tmp_path / "tokens")
    meta = json.loads((tmp_path / "tokens" / "meta.json").read_text(encoding="utf-8"))
    vocabulary = json.loads((tmp_path / "tokens" / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    characters = {i: token for token, i in vocabulary.items()}
    train, val = (np.fromfile(tmp_path / "tokens" / f"{name}.bin", dtype=np.uint16) for name in ("train", "val"))
    assert meta["dtype"] == "uint16"
    assert "".join(characters[i] for i in train) == text[: int(len(text) * 0.9)]
    assert "".join(characters[i] for i in val) == text[int(len(text) * 0.9) :]


def test_splits_hold_what_they_should(tokens):
    data, tokenizer = open_tokens(tokens), load_tokenizer(tokens / "tokenizer.json")
    a, b, c = babble(1, 900), babble(2, 500) + "ü\n", babble(3, 300)
    cuts = [int(len(text) * 0.9) for text in (a, b)]
    expected = {"train": [a[: cuts[0]], b[: cuts[1]]], "val": [a[cuts[0] :], b[cuts[1] :]], "held_out": [c]}
    for name, texts in expected.items():
        ids = data.splits[name]
        assert decode(tokenizer, ids) == "".join(texts)
        assert np.count_nonzero(ids == SEPARATOR_ID) == len(texts) - 1
        assert data.counts(name) == (sum(map(len, texts)), sum(len(text.encode()) for text in texts))
        for book, text in zip(data.meta["splits"][name]["books"], texts, strict=True):
            assert decode(tokenizer, ids[book["token"] :]).startswith(text)


def test_the_tokenizer_never_sees_validation_text(write_books, tmp_path):
    text = "plain words here. " * 200
    marked = text[:-40] + "ßßß" + text[-37:]
    tokenize(clean_shelf(write_books(a=marked), tmp_path), SPLIT, CHAR, tmp_path / "tokens")
    assert load_tokenizer(tmp_path / "tokens" / "tokenizer.json").token_to_id("ß") is None


def test_two_runs_write_the_same_bytes(write_books, tmp_path):
    clean = clean_shelf(write_books(a=babble(1, 900)), tmp_path)
    for out in ("one", "two"):
        tokenize(clean, SPLIT, TokenizeSettings(kind="bpe", vocab_size=300), tmp_path / out)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "does not exist"),
        (lambda path: path.write_bytes(path.read_bytes()[:-3]), "bytes, expected"),
        (lambda path: path.write_bytes(b"\x01\x00" * (path.stat().st_size // 2)), "sha256"),
    ],
)
def test_damage_is_noticed(tokens, damage, message):
    damage(tokens / "train.bin")
    with pytest.raises(DataError, match=rf"train\.bin.*{message}"):
        open_tokens(tokens)


def test_an_id_outside_the_vocabulary_is_noticed(tokens):
    meta = json.loads((tokens / "meta.json").read_text(encoding="utf-8"))
    meta["vocab_size"] = 20
    (tokens / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    with pytest.raises(DataError, match="vocabulary has only 20"):
        open_tokens(tokens)


def test_holding_every_book_back_is_refused(write_books, tmp_path):
    clean = clean_shelf(write_books(c=babble(1, 100)), tmp_path)
    with pytest.raises(DataError, match="held_out_books"):
        tokenize(clean, SPLIT, CHAR, tmp_path / "tokens")
