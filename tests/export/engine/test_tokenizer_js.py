"""The tokenizer of the page against Hugging Face's, for all six kinds, on texts that hypothesis makes up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poet.export.tokenizer import CHARACTERS, class_ranges, describe_tokenizer
from poet.tokenizers.kinds import KINDS, train_tokenizer
from poet.tokenizers.tokenizer import encode, token_bytes
from tests.recipes import sizes

BOOK = (
    "The cat sat on the mat, and the cat's hat wasn't the cat’s. We'll see 42 cats in 1999!\n\n\n"
    "Été à Zürich: naïve café, œuvre.\tТри сестры. 天地玄黃，宇宙洪荒。\n"
    "𝄞 😀 e\u0301 <0x41> <|book|> \u00a0 \u0085 \ufeff\n"
) * 20


@pytest.fixture(params=KINDS, scope="module")
def tokenizer(request, node):
    """A tokenizer of each kind, which the program has loaded."""
    trained = train_tokenizer([BOOK], sizes(request.param, vocab_size=500))
    loaded = node("tokenizer", description=describe_tokenizer(trained))
    assert [bytes(token) for token in loaded] == token_bytes(trained)
    return trained


alphabet = st.one_of(
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from(list("".join(dict.fromkeys(BOOK)))),
    st.sampled_from([*" \n\t'’_<>|", "'s", "'ll", " the", "<0x41>", "<|book|>", "<unk>", "\x1c", "\x85", "\u200b"]),
)
texts = st.lists(st.lists(alphabet, max_size=30).map("".join), min_size=1, max_size=30)


@settings(max_examples=60)
@given(texts=texts)
def test_ids_are_those_of_the_library(node, tokenizer, texts):
    assert node("encode", texts=texts) == [encode(tokenizer, text).tolist() for text in texts]


def test_every_character_alone(node, tokenizer):
    """Newer versions of Unicode know more letters than the library: a browser's own classes would differ here."""
    texts = [chr(code) + chr(code + 1) for code in CHARACTERS[:-1:7] if code + 1 in range(0xD7FF) or code > 0xE000]
    assert node("encode", texts=texts) == [encode(tokenizer, text).tolist() for text in texts]


def test_long_texts(node, tokenizer):
    """Longer than a chunk of the n-gram kinds, with and without line ends."""
    long = [BOOK * 3, "ab " * 4000, "x" * 9000, "\n" * 5000]
    assert node("encode", texts=long) == [encode(tokenizer, text).tolist() for text in long]


def test_half_of_a_surrogate_pair_is_a_replacement(node, tokenizer):
    assert node("encode", texts=["a\ud800b"]) == [encode(tokenizer, "a\ufffdb").tolist()]


def test_classes_are_complete():
    assert class_ranges(r"\s") == r"\u{9}-\u{d}\u{20}\u{85}\u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}-\u{2029}" \
        r"\u{202f}\u{205f}\u{3000}"  # fmt: skip
    assert class_ranges(r"\p{L}").startswith(r"\u{41}-\u{5a}\u{61}-\u{7a}\u{aa}\u{b5}\u{ba}\u{c0}-\u{d6}")
