"""The tracing of the page against find_spans, and its guard against the one over the suffix array."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poet.attribution.guard import CopyGuard
from poet.attribution.spans import find_spans
from tests.attribution.shelf import indexed, letters
from tests.export.engine.node import all_base64, base64_of
from tests.texts import babble

shelves = st.lists(letters, min_size=1, max_size=4).map(
    lambda texts: {f"book {number}": text for number, text in enumerate(texts)}
)


def load(node, books, characters):
    content = b"".join(text.encode() + b"\xff" for text in books.values())
    listed = [{"id": name, "characters": len(text)} for name, text in books.items()]
    return node("books", list=listed, content=base64_of(content), characters=characters)


def expected_spans(index, text, least):
    return [
        {
            "start": span.start,
            "end": span.end,
            "sources": [
                {"book": source.book, "start": source.start, "end": source.end, "count": source.count}
                for source in span.sources
            ],
        }
        for span in find_spans(index, text, least)
    ]


@settings(max_examples=80)
@given(books=shelves, text=letters, least=st.integers(1, 6))
def test_spans_are_those_of_find_spans_after_every_character(node, books, text, least):
    load(node, books, least)
    index = indexed(books)
    found = node("spans", pieces=list(text))
    for length, spans in enumerate(found, start=1):
        assert spans == expected_spans(index, text[:length], least)


@pytest.mark.parametrize("script", ["ascii", "mixed"])
def test_long_copies_out_of_many_books(node, script):
    """Texts that are sewn from passages of books, some of which stand in several; books longer than a mark."""
    chance = random.Random(3)
    books = {f"book-{number}": babble(number, 6000) for number in range(5)}
    if script == "mixed":
        books = {name: text.replace("e", "é").replace("a ", "天 ").replace("o", "😀") for name, text in books.items()}
    common = books["book-0"][2000:2300]
    books["book-3"] += common * 3
    sewn = []
    for _ in range(60):
        text = chance.choice([*books.values(), common])
        start = chance.randrange(len(text))
        sewn.append(text[start : start + chance.randrange(60)])
    text = "".join(sewn)
    load(node, books, 20)
    pieces = [text[i : i + 3] for i in range(0, len(text), 3)]
    expected = expected_spans(indexed(books), text, 20)
    assert len(expected) > 10 and any(len(span["sources"]) > 1 for span in expected)
    assert node("spans", pieces=pieces)[-1] == expected
    for span in expected:
        for source in span["sources"]:
            passage = node("passage", id=source["book"], start=source["start"], end=source["end"])
            book = books[source["book"]]
            assert passage["text"] == text[span["start"] : span["end"]]
            assert passage["before"] == book[max(0, source["start"] - 600) : source["start"]]
            assert passage["after"] == book[source["end"] : source["end"] + 600]
            assert passage["share"] == pytest.approx(source["start"] / len(book))


# Whole and cut characters, a byte of no character, tokens of several characters.
TOKENS = [b"", *(text.encode() for text in ("a", "b", " ", "\n", "ab", "a b", "ba ", "é", "éa", "ü", "😀", "\0"))]
TOKENS += [b"\xc3", b"\xa9", b"\xbc", b"\xf0\x9d", b"\x84\x9e", b"\xf0\x9f\x98", b"\x80", b"\x81a", b"\xff"]


@settings(max_examples=60)
@given(
    books=shelves,
    texts=st.lists(st.lists(st.sampled_from(TOKENS), max_size=20).map(b"".join), min_size=1, max_size=10),
    most=st.integers(1, 6),
)
def test_the_guard_forbids_what_the_suffix_array_forbids(node, books, texts, most):
    load(node, books, most + 1)
    node("guard", tokens=all_base64(TOKENS), most=most)
    guard = CopyGuard(indexed(books), TOKENS, most)
    for text, found in zip(texts, node("masks", texts=all_base64(texts)), strict=True):
        state = guard.state(text)
        assert found["forbidden"] == guard.forbidden(state).tolist()
        assert found["advanced"] == [guard.advance(state, token) is None for token in range(len(TOKENS))]


def test_the_guard_at_usual_lengths(node):
    """Words as tokens, a book of some thousand characters, limits from a word to some lines."""
    book = babble(1, 4000)
    tokens = [*sorted({f" {word}".encode() for word in book.split()})[:100], b"e", b"t", b" ", b"\n"]
    index, forbidden = indexed({"book": book}), 0
    for most in (3, 12, 40):
        load(node, {"book": book}, most + 1)
        node("guard", tokens=all_base64(tokens), most=most)
        guard = CopyGuard(index, tokens, most)
        texts = [book[start : start + 100].encode() for start in range(0, 3000, 177)]
        for text, found in zip(texts, node("masks", texts=all_base64(texts)), strict=True):
            assert found["forbidden"] == guard.forbidden(guard.state(text)).tolist()
            forbidden += sum(found["forbidden"])
    assert forbidden > 20
