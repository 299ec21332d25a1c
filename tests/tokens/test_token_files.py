"""Token files: readable by plain NumPy, split as promised, checked when opened."""

import json
import math
import shutil

import numpy as np
import pytest

from poet.errors import ConfigError, DataError
from poet.params.sections import SplitSettings
from poet.tokenizers.kinds import KINDS
from poet.tokenizers.tokenizer import SEPARATOR_ID, decode, load_tokenizer
from poet.tokens.spelling import CONTINUATIONS
from poet.tokens.token_files import open_tokens
from poet.tokens.token_writer import check_weights
from tests.cleaning.shelf import clean_shelf
from tests.recipes import CHAR, sizes
from tests.texts import babble
from tests.tokens.written import write_tokens

SPLIT = SplitSettings(validation=0.1, held_out_books=["c"])


@pytest.fixture
def tokens(write_books, tmp_path):
    texts = write_books(a=babble(1, 900), b=babble(2, 500) + "ü", c=babble(3, 300))
    write_tokens(clean_shelf(texts, tmp_path), SPLIT, CHAR, tmp_path / "tokens")
    return tmp_path / "tokens"


def test_ten_lines_of_numpy_read_one_book_as_nanogpt_does(write_books, tmp_path):
    text = babble(1, 2000)
    clean = clean_shelf(write_books(only=text), tmp_path)
    write_tokens(clean, SplitSettings(validation=0.1, held_out_books=[]), CHAR, tmp_path / "tokens")
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
        counts = data.counts(name)
        assert (counts.tokens, counts.characters) == (len(data.splits[name]), sum(map(len, texts)))
        assert (counts.bytes, counts.spelling_bits) == (sum(len(text.encode()) for text in texts), 0.0)
        for book, text in zip(data.meta["splits"][name]["books"], texts, strict=True):
            assert decode(tokenizer, ids[book["token"] :]).startswith(text)


@pytest.mark.parametrize("kind", KINDS)
def test_the_tokenizer_never_sees_validation_text(kind, write_books, tmp_path):
    text = "plain words here. " * 200
    marked = text[:-40] + " ßßß" * 10
    held_out = "plain øøø " * 50
    write_tokens(clean_shelf(write_books(a=marked, c=held_out), tmp_path), SPLIT, sizes(kind), tmp_path / "tokens")
    content = (tmp_path / "tokens" / "tokenizer.json").read_text(encoding="utf-8")
    vocabulary = load_tokenizer(tmp_path / "tokens" / "tokenizer.json").get_vocab()
    assert not [token for token in vocabulary if set(token) & set("ßø")] or kind in {"byte", "bytegram", "bpe"}
    byte_pairs = ("Ã", "ÃŁ", "Ã¸")  # how the byte level writes the first byte of both, and both whole
    assert not any(pair in token for token in vocabulary for pair in byte_pairs[1:]), content[:200]


def test_words_that_are_lost_are_counted(write_books, tmp_path):
    text = "and the cat sat.\n" * 300 + "and the qwertz sat.\n" * 20  # the last tenth is validation
    meta = write_tokens(clean_shelf(write_books(a=text), tmp_path), SPLIT, sizes("word"), tmp_path / "tokens")
    lost = meta["splits"]["val"]
    assert lost["unknown_tokens"] == 20
    assert lost["unknown_characters"] == 20 * len(" qwertz")
    assert meta["splits"]["train"]["unknown_characters"] == meta["splits"]["train"]["spelling_bits"] == 0
    # The training text loses no word, so every character of " qwertz" and its end is one of all that there are.
    assert lost["spelling_bits"] == pytest.approx(20 * 8 * math.log2(CONTINUATIONS))


def test_lost_words_cost_what_those_of_the_training_text_make_likely(write_books, tmp_path):
    """Spellings like those that the training text loses are cheaper than others; both cost bits."""
    rare = "".join(f"word{number} and the " for number in range(300))
    costs = []
    for end in ("word8 word9 word7 ", "Wxyz8 wxyz9 wxyz7 "):
        folder = tmp_path / end[:5]
        folder.mkdir()
        text = rare + "and the " * 60 + end
        clean = clean_shelf(write_books(a=text), folder)
        costs.append(write_tokens(clean, SPLIT, sizes("word"), folder / "tokens")["splits"]["val"]["spelling_bits"])
    assert 3 * 6 < costs[0] < costs[1] / 2


def test_weights_stand_beside_the_books(write_books, tmp_path):
    clean = clean_shelf(write_books(a=babble(1, 900), b=babble(2, 500), c=babble(3, 300)), tmp_path)
    meta = write_tokens(clean, SPLIT, CHAR, tmp_path / "tokens", {"b": 2.5})
    assert [(book["book"], book["weight"]) for book in meta["splits"]["train"]["books"]] == [("a", 1.0), ("b", 2.5)]
    check_weights({"b": 2.5}, ["a", "b", "c"])
    with pytest.raises(ConfigError, match="no book 'x'; it has a, b, c"):
        check_weights({"x": 2.0}, ["a", "b", "c"])


def test_another_tokenizer_beside_the_tokens_is_noticed(tokens, write_books, tmp_path):
    write_tokens(clean_shelf(write_books(a="Other words. " * 99), tmp_path), SPLIT, CHAR, tmp_path / "other")
    shutil.copy(tmp_path / "other" / "tokenizer.json", tokens / "tokenizer.json")
    with pytest.raises(DataError, match="not the tokenizer that wrote these tokens"):
        open_tokens(tokens)
    (tokens / "tokenizer.json").unlink()
    with pytest.raises(DataError, match=r"tokenizer\.json does not exist"):
        open_tokens(tokens)


@pytest.mark.parametrize("kind", KINDS)
def test_tokens_of_every_kind_can_be_opened(kind, write_books, tmp_path):
    """Also a bpe of 257 tokens, or one for which no pair is frequent enough: its parts are those of the kind byte."""
    clean = clean_shelf(write_books(a=babble(1, 900), c=babble(3, 300)), tmp_path)
    for number, settings in enumerate((sizes(kind), sizes(kind, vocab_size=400, min_frequency=10**6))):
        write_tokens(clean, SPLIT, settings, tmp_path / str(number))
        assert open_tokens(tmp_path / str(number)).meta["kind"] == kind


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda meta: meta.update(dtype="float64"), "dtype 'float64', expected uint16 or uint32"),
        (lambda meta: meta.update(dtype="uint32"), "bytes, expected"),
        (lambda meta: meta.pop("vocab_size"), "lacks vocab_size"),
        (lambda meta: meta["splits"].pop("val"), "lacks a split"),
    ],
)
def test_a_meta_that_does_not_fit_is_noticed(tokens, change, message):
    meta = json.loads((tokens / "meta.json").read_text(encoding="utf-8"))
    change(meta)
    (tokens / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        open_tokens(tokens)


@pytest.mark.parametrize("kind", KINDS)
def test_two_runs_write_the_same_bytes(kind, write_books, tmp_path):
    clean = clean_shelf(write_books(a=babble(1, 900)), tmp_path)
    for out in ("one", "two"):
        write_tokens(clean, SPLIT, sizes(kind), tmp_path / out)
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
        write_tokens(clean, SPLIT, CHAR, tmp_path / "tokens")
