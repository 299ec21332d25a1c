"""Stop words in pieces are those of the whole text, by brute force."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from poet.serve.web.stop_words import StopWords

LETTERS = st.text("ab-", max_size=12)


@given(st.lists(st.text("ab-", max_size=4), max_size=12), st.lists(st.text("ab-", min_size=1, max_size=4), max_size=4))
def test_what_is_given_away_is_the_text_before_the_first_stop_word(pieces, words):
    reader, given_away, read = StopWords(words), "", ""
    for piece in pieces:
        if reader.has_ended:
            break
        read += piece
        given_away += reader.read(piece)
        # Nothing of a word may be given away that is only known to be one later.
        assert read.startswith(given_away)
        assert not any(word in given_away for word in words)
    has_ended = reader.has_ended
    given_away += reader.rest()
    # A text that is read letter by letter ends at the first place at which any word is complete.
    complete = [end for end in range(len(read) + 1) if any(read[:end].endswith(word) for word in words)]
    assert has_ended == bool(complete)
    if complete:
        longest = [word for word in words if read[: complete[0]].endswith(word)]
        assert given_away == read[: complete[0] - max(map(len, longest))]
    else:
        assert given_away == read


@given(LETTERS, st.lists(st.text("ab-", min_size=1, max_size=4), max_size=4), st.data())
def test_the_pieces_do_not_matter(text, words, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    edges = [0, *cuts, len(text)]
    by_piece, whole = StopWords(words), StopWords(words)
    got = "".join(by_piece.read(text[a:b]) for a, b in itertools.pairwise(edges)) + by_piece.rest()
    assert got == whole.read(text) + whole.rest()
