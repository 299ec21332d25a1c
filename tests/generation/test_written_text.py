"""A text that is handed its tokens is the text that is read from a stream of them, piece by piece."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.generation.characters import counted_stream
from poet.generation.ending import Ending, end_at, end_with_line
from poet.generation.stream import LAST_LINE
from poet.generation.written_text import TokenTexts, WrittenText
from poet.tokenizers.kinds import train_tokenizer
from tests.recipes import sizes
from tests.texts import babble

KINDS = {
    kind: train_tokenizer([babble(1, 300) + "naïve œuvres – 東京\n\n" * 5], sizes(kind, vocab_size=400))
    for kind in ("bpe", "char", "byte", "word", "ngram", "bytegram")
}
ENDINGS = [None, Ending(), Ending(lines=2), Ending(until="ing"), Ending(lines=3, until="\n\n"), Ending(until="t")]


def streamed(tokenizer, ids, prompt, tokens, ending):
    """The text and whether its end came before its tokens were used up, from the functions for streams."""
    most = tokens + (0 if ending else LAST_LINE)
    pieces = counted_stream(tokenizer, ids[:most])
    if ending is None:
        return "".join(end_with_line(pieces, tokens))
    return "".join(end_at(ending, prompt, (piece for _, piece in pieces)))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data(), tokens=st.integers(1, 60), ending=st.sampled_from(ENDINGS), prompt=st.sampled_from(["a", "b\n"]))
def test_texts_equal_those_of_the_stream(kind, data, tokens, ending, prompt):
    tokenizer = KINDS[kind]
    ids = data.draw(st.lists(st.integers(0, tokenizer.get_vocab_size() - 1), min_size=tokens + LAST_LINE, max_size=100))
    written, shown = WrittenText(TokenTexts(tokenizer), prompt, tokens, ending), ""
    for token in ids:
        shown += written.take(token)
        if written.ended:
            break
    assert written.ended and written.read <= written.most
    assert shown == streamed(tokenizer, ids, prompt, tokens, ending)


def test_text_is_shown_as_soon_as_its_characters_are_whole():
    tokenizer = KINDS["byte"]
    written = WrittenText(TokenTexts(tokenizer), "", 9, Ending())
    ids = tokenizer.encode("aé東", add_special_tokens=False).ids
    assert [written.take(token) for token in ids] == ["a", "", "é", "", "", "東"]


@pytest.mark.parametrize(
    ("ending", "text", "shown", "used_up"),
    [
        (Ending(until="b"), "aabc", "aa", False),
        (Ending(until="bcd"), "aabc", "aabc", True),  # kept back until the tokens are used up
        (Ending(lines=1), "ab\nc", "ab", False),
        (Ending(), "abcd", "abcd", True),
    ],
)
def test_why_a_text_ended(ending, text, shown, used_up):
    tokenizer = KINDS["byte"]
    written = WrittenText(TokenTexts(tokenizer), "", 4, ending)
    found = ""
    for token in tokenizer.encode(text, add_special_tokens=False).ids:
        if not written.ended:
            found += written.take(token)
    assert (found, written.used_up, written.ended) == (shown, used_up, True)
