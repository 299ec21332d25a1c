"""Tokenizers: lossless on any text, equal in pieces and as a whole, closed to the separator."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from poet.config import TokenizeSettings
from poet.errors import DataError
from poet.tokens import tokenizer as module
from poet.tokens.tokenizer import SEPARATOR, SEPARATOR_ID, decode, encode, load_tokenizer, train_tokenizer
from tests.conftest import babble

TEXT = babble(1, 3000) + "Ein Häuschen – “quoted” text.\n\nNew paragraph:  two blanks.\n"
KINDS = ["char", "bpe"]
TRAINED = {kind: train_tokenizer([TEXT], TokenizeSettings(kind=kind, vocab_size=340)) for kind in KINDS}

# Any text that UTF-8 can hold: lone surrogates are not characters.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@pytest.mark.parametrize("kind", KINDS)
@given(text=texts)
def test_any_text_comes_back(kind, text):
    assert decode(TRAINED[kind], encode(TRAINED[kind], text)) == text


@pytest.mark.parametrize("kind", KINDS)
@given(words=st.lists(st.sampled_from(["the", " ", "  ", "\n", "\n\n", "'s", "1", "é", ".", "\t", " a"]), max_size=60))
def test_pieces_give_the_tokens_of_the_whole(kind, words):
    text = "".join(words)
    before, module.PIECE = module.PIECE, 5
    try:
        ids = encode(TRAINED[kind], text).tolist()
    finally:
        module.PIECE = before
    assert ids == TRAINED[kind].encode(text, add_special_tokens=False).ids


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_produces_the_separator(kind):
    text = f"a {SEPARATOR} b"
    ids = encode(TRAINED[kind], text)
    assert SEPARATOR_ID not in ids
    assert decode(TRAINED[kind], [SEPARATOR_ID, *ids, SEPARATOR_ID]) == text


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_is_one_of_the_tokenizers_library_and_repeatable(kind, tmp_path):
    TRAINED[kind].save(str(tmp_path / "a.json"))
    train_tokenizer([TEXT], TokenizeSettings(kind=kind, vocab_size=340)).save(str(tmp_path / "b.json"))
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    by_the_library = Tokenizer.from_file(str(tmp_path / "a.json"))
    assert by_the_library.decode(by_the_library.encode(TEXT).ids) == TEXT


def test_bpe_has_the_size_asked_for():
    assert TRAINED["bpe"].get_vocab_size() == 340


def test_char_has_a_token_per_character():
    ids = encode(TRAINED["char"], "king")
    assert [TRAINED["char"].id_to_token(i) for i in ids] == list("king")


@pytest.mark.parametrize("content", ["", "{", '{"version": "1.0"}'])
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "tokenizer.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"tokenizer\.json is not a tokenizers file"):
        load_tokenizer(path)


def test_a_foreign_tokenizer_is_refused(tmp_path):
    from tokenizers import models

    Tokenizer(models.WordLevel({"a": 0}, unk_token="a")).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(DataError, match="another program"):
        load_tokenizer(tmp_path / "tokenizer.json")
