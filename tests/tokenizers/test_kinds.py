"""Every kind of tokenizer: lossless on any text, equal in pieces and as a whole, closed to the separator."""

import dataclasses
import itertools
import json
import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models

from poet.errors import ConfigError, DataError
from poet.params.file import load_params
from poet.tokenizers import cutting
from poet.tokenizers.comparison import compare_tokenizers, example_line
from poet.tokenizers.cutting import cut_long_words
from poet.tokenizers.kinds import KINDS, Kind, encode_long, kind_of, train_tokenizer
from poet.tokenizers.tokenizer import (
    SEPARATOR,
    SEPARATOR_ID,
    UNKNOWN,
    decode,
    encode,
    token_bytes,
    token_lengths,
)
from poet.tokens.token_files import open_tokens
from tests.cleaning.shelf import clean_shelf
from tests.clone import ROOT
from tests.recipes import SPLIT, sizes
from tests.texts import babble
from tests.tokens.written import write_tokens

TEXT = babble(1, 3000) + "Ein Häuschen – “quoted” text.\n\nNew paragraph:  two blanks.\n"
TRAINED = {kind: train_tokenizer([TEXT], sizes(kind, vocab_size=460)) for kind in KINDS}
# Kinds without an unknown token give every text back.
LOSSLESS = [kind for kind, tokenizer in TRAINED.items() if tokenizer.token_to_id(UNKNOWN) is None]

# Any text that UTF-8 can hold: lone surrogates are not characters.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_tells_its_kind(kind):
    assert kind_of(Tokenizer.from_str(TRAINED[kind].to_str())) == kind


@pytest.mark.parametrize("kind", LOSSLESS)
@given(text=texts)
@example(text="<0x41><unk><|book|>")
@example(text="\r\n\x00\ufeff")
def test_any_text_comes_back(kind, text):
    assert decode(TRAINED[kind], encode(TRAINED[kind], text)) == text


# Words, blanks and marks of scripts with and without blanks: the katakana middle dot, voicing marks alone and
# combining, full-width and half-width forms, the ideographic space.
LATIN = ["the", " ", "  ", "\n", "\n\n", "'s", "1", "é", ".", "\t", " a", "\x1c", "\u0301"]
EAST = [
    "。",
    "文字",
    "の",
    "・",
    "゛",
    "\u3099",
    "ー",
    "゠",
    "，",
    "！",
    "．",
    "Ａ",
    "１",
    "ｱ",
    "｡",
    "･",
    "ﾞ",
    "\u3000",
    "〇",
    "𠀀",
]
OTHERS = ["한국", "\u1100", "ไทย", "ที่", "مرحبا", "،", "\u064b", "\u200f", "שלום", "־", "Привет", "«", "ἄλφα", "·"]


# Every two of them in a row often enough for a token of both, where a kind would make one.
PAIRS = "".join((a + b) * 3 for a in EAST + OTHERS for b in EAST + OTHERS)
TRAINED_ON_PAIRS = {kind: train_tokenizer([TEXT + PAIRS], sizes(kind, vocab_size=1500)) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@given(words=st.lists(st.sampled_from(LATIN + EAST + OTHERS), max_size=60))
@example(words=["the words", "。", "・", "の"])
@example(words=["the words", "。", "\u3099", "の"])
def test_pieces_give_the_tokens_of_the_whole(kind, words):
    text = "".join(words)
    before, cutting.PIECE = cutting.PIECE, 5
    try:
        ids = encode_long(TRAINED_ON_PAIRS[kind], kind, text).tolist()
    finally:
        cutting.PIECE = before
    assert ids == TRAINED_ON_PAIRS[kind].encode(text, add_special_tokens=False).ids


@pytest.mark.parametrize("kind", ["ngram", "bytegram"])
def test_a_text_that_repeats_the_name_of_a_token_keeps_it(kind):
    """As an n-gram of its own, the name would be the token that spells a byte, or the separator."""
    text = "<0x41>, <|book|>; " * 300 + TEXT
    tokenizer = train_tokenizer([text], dataclasses.replace(sizes(kind, vocab_size=700), max_ngram=8))
    for name in ("<0x41>", SEPARATOR):
        ids = encode(tokenizer, name)
        assert decode(tokenizer, ids) == name and SEPARATOR_ID not in ids
    assert tokenizer.get_vocab_size() == 700


@pytest.mark.parametrize("letter", ["x", "-", " ", "文"])
def test_a_long_word_does_not_slow_the_fitting_down(letter, monkeypatch):
    """The time grows with the longest word that the trainer gets; the words of a book are not cut."""
    given_text = f"a book {'y' * 900} " + letter * 30_000
    pieces = list(cut_long_words(given_text))
    assert "".join(pieces) == given_text and pieces[0].startswith(f"a book {'y' * 900} ")
    assert max(len(word) for piece in pieces for word in re.findall(rf"{letter}+", piece)) <= cutting.LONGEST_WORD
    fitted = []
    monkeypatch.setattr(
        "poet.tokenizers.kinds.cut_long_words", lambda text: fitted.append(text) or cut_long_words(text)
    )
    tokenizer = train_tokenizer([given_text], sizes("bpe", vocab_size=300))
    assert fitted and decode(tokenizer, encode_long(tokenizer, "bpe", given_text)) == given_text


@pytest.mark.parametrize("kind", KINDS)
def test_long_texts_are_encoded_as_by_the_library(kind):
    text = TEXT * 3 + "x" * 9000 + TEXT
    assert encode_long(TRAINED[kind], kind, text).tolist() == encode(TRAINED[kind], text).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_produces_the_separator(kind):
    text = f"the {SEPARATOR} king"
    ids = encode(TRAINED[kind], text)
    assert SEPARATOR_ID not in ids
    if kind in LOSSLESS:
        assert decode(TRAINED[kind], [SEPARATOR_ID, *ids, SEPARATOR_ID]) == text


@pytest.mark.parametrize("kind", KINDS)
@given(text=texts)
@example(text="<0x41> the old king – 東京")
def test_token_bytes_are_what_tokens_add(kind, text):
    if kind not in LOSSLESS:
        text = "The old king spoke.\n"
    spelled = token_bytes(TRAINED[kind])
    assert b"".join(spelled[i] for i in encode(TRAINED[kind], text)).decode() == text


def test_words_keep_their_blank_and_lose_what_is_unknown():
    tokenizer = TRAINED["word"]
    ids = encode(tokenizer, "The old king, the zyx's\n")
    assert [tokenizer.id_to_token(i) for i in ids] == ["The", " old", " king", UNKNOWN, " the", UNKNOWN, "\n"]
    assert decode(tokenizer, ids) == "The old king<unk> the<unk>\n"
    assert token_lengths(tokenizer)[ids].tolist() == [3, 4, 5, 0, 4, 0, 1]


@given(words=st.lists(st.sampled_from(["old", "king", "speaks", " ", "\n", "the", "ing", "\xe9", "q"]), max_size=7))
@pytest.mark.parametrize("kind", ["ngram", "bytegram"])
def test_ngrams_give_the_best_total_score(kind, words):
    """Against all segmentations of short texts, by the scores in the file."""
    tokenizer = TRAINED[kind]
    text = "".join(words)[:14]
    scores = dict(json.loads(tokenizer.to_str())["model"]["vocab"])
    letters = "".join(piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text))
    byte_spelling = -100.0 * 2  # the two bytes of é, where it is no character of the vocabulary
    best = -math.inf
    for cuts in itertools.chain.from_iterable(
        itertools.combinations(range(1, len(letters)), n) for n in range(len(letters))
    ):
        parts = [letters[a:b] for a, b in itertools.pairwise((0, *cuts, len(letters)))]
        best = max(best, sum(scores.get(part, byte_spelling if part == "é" else -math.inf) for part in parts))
    ids = encode(tokenizer, text)
    assert decode(tokenizer, ids) == text
    if letters:
        total = sum(scores[tokenizer.id_to_token(i)] for i in ids)
        assert total == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_is_one_of_the_tokenizers_library_and_repeatable(kind, tmp_path):
    TRAINED[kind].save(str(tmp_path / "a.json"))
    train_tokenizer([TEXT], sizes(kind, vocab_size=460)).save(str(tmp_path / "b.json"))
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    by_the_library = Tokenizer.from_file(str(tmp_path / "a.json"))
    back = by_the_library.decode(by_the_library.encode(TEXT).ids)
    assert back == (decode(TRAINED["word"], encode(TRAINED["word"], TEXT)) if kind == "word" else TEXT)


@pytest.mark.parametrize(("kind", "size"), [("ngram", 460), ("bytegram", 460), ("bpe", 330), ("word", 30)])
def test_the_vocabulary_has_the_size_asked_for(kind, size):
    assert train_tokenizer([TEXT], sizes(kind, vocab_size=size)).get_vocab_size() == size


def test_rare_things_get_no_token():
    common = train_tokenizer([TEXT], sizes("word", min_frequency=300))
    assert 2 < common.get_vocab_size() < TRAINED["word"].get_vocab_size()
    few = train_tokenizer([TEXT], sizes("ngram", min_frequency=400))
    assert few.get_vocab_size() < 460


@pytest.mark.parametrize("kind", ["ngram", "bytegram", "bpe"])
def test_a_vocabulary_without_room_for_the_alphabet_is_told(kind):
    with pytest.raises(ConfigError, match=r"tokenize\.vocab_size: 200 is too small .* Set at least \d+"):
        train_tokenizer([TEXT], sizes(kind, vocab_size=200))


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_text_is_told(kind):
    with pytest.raises(DataError, match="the training text is empty"):
        train_tokenizer(["", ""], sizes(kind, vocab_size=460))


def test_large_alphabets_work():
    text = "".join(chr(0x4E00 + i * 7 % 5000) for i in range(20000)) + "東京。" * 50
    tokenizer = train_tokenizer([text], sizes("ngram", vocab_size=6000))
    assert decode(tokenizer, encode(tokenizer, text)) == text
    assert tokenizer.token_to_id("東京。") is not None


def test_char_has_a_token_per_character():
    ids = encode(TRAINED["char"], "king")
    assert [TRAINED["char"].id_to_token(i) for i in ids] == list("king")


def train_pairs(texts, settings):
    """A toy kind: tokens of one character, and of the two before a line end; such a token must never be cut."""
    alphabet = sorted({*"".join(texts)})
    pairs = [a + b + "\n" for a in alphabet for b in alphabet if "\n" not in a + b]
    tokens = [SEPARATOR, *alphabet, *pairs]
    tokenizer = Tokenizer(models.Unigram([(token, -1.0) for token in tokens], unk_id=0, byte_fallback=False))
    tokenizer.decoder = decoders.Fuse()
    return tokenizer


def cut_after_lines(text):
    return iter(text.splitlines(keepends=True))


def test_a_new_kind_is_one_entry_in_the_table(monkeypatch, write_books, tmp_path):
    """As docs/architecture.md says: how to train and how to cut. Parameters, token files and comparison know it."""
    monkeypatch.setitem(KINDS, "pairs", Kind(summary="toy", train=train_pairs, cut=cut_after_lines))
    text = "abc\nab\n" * 3000
    tokenizer = train_tokenizer([text], sizes("pairs"))
    ids = encode_long(tokenizer, "pairs", text)
    assert decode(tokenizer, ids) == text
    assert ids.tolist() == encode(tokenizer, text).tolist()

    content = (ROOT / "params.yaml").read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(content.replace("kind: bpe", "kind: pairs"), encoding="utf-8")
    assert load_params(tmp_path / "params.yaml").tokenize.kind == "pairs"
    clean = clean_shelf(write_books(a=text), tmp_path)
    write_tokens(clean, SPLIT, sizes("pairs"), tmp_path / "tokens")
    data = open_tokens(tmp_path / "tokens")
    assert data.meta["kind"] == "pairs" and decode(tokenizer, data.splits["train"]) == text[: int(len(text) * 0.9)]
    assert [row["kind"] for row in compare_tokenizers(text, [text], sizes("pairs"))] == list(KINDS)


def test_a_kind_that_is_cut_wrongly_would_be_noticed(monkeypatch):
    """The test above can fail: cut between words, the toy kind gives other tokens in pieces than as a whole."""
    wrong = Kind(summary="toy", train=train_pairs, cut=lambda text: iter([text[:3], text[3:]]))
    monkeypatch.setitem(KINDS, "pairs", wrong)
    tokenizer = train_tokenizer(["abc\nab\n"], sizes("pairs"))
    assert encode_long(tokenizer, "pairs", "abc\nab\n").tolist() != encode(tokenizer, "abc\nab\n").tolist()


def test_the_comment_in_params_yaml_lists_the_table():
    (line,) = re.findall(r"  kind: (\w+) # or ([\w, ]+);", (ROOT / "params.yaml").read_text(encoding="utf-8"))
    assert {line[0], *line[1].split(", ")} == {*KINDS}


def test_the_example_of_each_kind_is_the_same_line():
    text = babble(1, 4000)
    rows = {
        row["kind"]: row for row in compare_tokenizers(text, [text], sizes("bpe"), example_line(["Short.\n" + text]))
    }
    line = "".join(rows["char"]["example"])
    assert len(line) >= 30 and line in text
    assert {kind: "".join(rows[kind]["example"]) for kind in ("byte", "bpe", "ngram", "bytegram")} == dict.fromkeys(
        ("byte", "bpe", "ngram", "bytegram"), line
    )
    assert len(rows["bpe"]["example"]) < len(line)
