"""Small indexes for tests, built by the same steps as the pipeline's, and the slow obvious ways to find matches."""

import tempfile
from pathlib import Path

from hypothesis import strategies as st

from poet.attribution.build_index import LARGEST_SHARD, index_books
from poet.attribution.index import Index, open_index
from poet.results.samples import Sample

# Few letters, so that matches abound; é, ü share their first byte, 𝄞 has four, and the two emoji differ in the last.
letters = st.text(st.sampled_from("ab éü𝄞😀😁\n\0"), min_size=1, max_size=40)
# What normalising changes: composition, expansion, quotes, dashes, white space, case, a lone combining mark; in Chinese
# and Japanese also blanks and widths, and the voicing marks of kana.
EAST = "天地か\u3099ｶﾞ。｡，,（(「・\u3000Ａ…!"
mixed = st.one_of(
    st.text(st.sampled_from('abAßéÉe\u0301\u0327“"—-–  \n\u2003ﬁfi가\u1100\u1161\u0f73'), min_size=1, max_size=30),
    st.text(st.sampled_from(EAST + 'ab“"- \n\u0301'), min_size=1, max_size=30),
)


def indexed(books: dict[str, str], largest: int = LARGEST_SHARD) -> Index:
    """An index over complete texts."""
    with tempfile.TemporaryDirectory() as folder:
        index_books(books.items(), Path(folder) / "index", largest=largest)
        return open_index(Path(folder) / "index")  # the files stay mapped when their names are gone


def sample(number: int, text: str, temperature: float = 1.0) -> Sample:
    """A sample with that number and text."""
    return Sample(
        sample=number,
        prompt="",
        text=text,
        temperature=temperature,
        top_k=0,
        top_p=1.0,
        min_p=0.0,
        repetition_penalty=1.0,
        max_copy=0,
        seed=number,
        tokens=len(text),
    )


def brute_force_ends(books: dict[str, str], text: str) -> list[int]:
    """For each character of `text`, the end of the longest passage from there on that some book contains."""
    ends, end = [], 0
    for start in range(len(text)):
        end = max(end, start)  # no match ends before one that begins earlier
        while end < len(text) and any(text[start : end + 1] in book for book in books.values()):
            end += 1
        ends.append(end)
    return ends


def brute_force(books: dict[str, str], text: str, min_length: int) -> list[tuple[int, int]]:
    """Every (start, end) that some book contains, long enough and inside no other."""
    longest = list(enumerate(brute_force_ends(books, text)))

    def inside_another(start: int, end: int) -> bool:
        return any(s <= start and end <= e and (s, e) != (start, end) for s, e in longest)

    return [(s, e) for s, e in longest if e - s >= min_length and not inside_another(s, e)]


def places(book: str, passage: str) -> list[int]:
    """Character offsets of all, also overlapping, occurrences."""
    return [i for i in range(len(book) - len(passage) + 1) if book[i : i + len(passage)] == passage]
