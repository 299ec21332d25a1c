"""The models that a server offers, what it tells of each, and the passages of their books."""

import functools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from poet.attribution.index import BOUNDARY, Index
from poet.serve.answers import NO_INDEX, Poet
from poet.serve.engine import Engine
from poet.serve.web.problems import Problem

# Books whose decoded text is kept, of each model. A book has about a megabyte.
KEPT_BOOKS = 4

# Characters of a book that are shown before a passage, and behind it.
AROUND = 600

# The longest passage that is shown: no text of this server has more characters.
LONGEST_PASSAGE = 20_000

# Lines to begin with: characters of the shortest and of the longest, and how often one is looked for.
SHORTEST_LINE, LONGEST_LINE, TRIES = 12, 80, 50
CHANCE = random.SystemRandom()

# Halves of surrogate pairs.
UNWRITABLE = dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")


@dataclass(frozen=True, kw_only=True)
class Book:
    """A book that a model was trained on."""

    id: str
    title: str
    author: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a page says of a model. `bits_per_character` is None where nobody has measured it.

    `language` is what all books are written in, "" where they differ or nobody knows.
    """

    name: str
    title: str
    collection: str
    model_sha256: str
    precision: str
    parameters: int
    sequence_len: int
    vocabulary: int
    books: list[Book]
    language: str
    can_trace: bool
    min_length: int
    note: str
    bits_per_character: float | None


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A passage of a book with what stands around it; `share` is its place in the book, from 0 to 1."""

    book: str
    before: str
    text: str
    after: str
    start: int
    share: float


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a book, which begins at its character `start`."""

    book: str
    text: str
    start: int


@dataclass(frozen=True, kw_only=True)
class Offered:
    """A model with the engine that writes with it. `books` has titles; books that are missing there go by their id."""

    name: str
    title: str
    collection: str
    poet: Poet
    engine: Engine
    books: Sequence[Book] = ()
    language: str = ""
    bits_per_character: float | None = None
    # The text of a book by its id.
    text: Callable[[str], str] = field(init=False)

    def __post_init__(self) -> None:
        index = self.poet.index
        reader = functools.lru_cache(KEPT_BOOKS)(functools.partial(book_text, index)) if index else _no_text
        object.__setattr__(self, "text", reader)

    def facts(self) -> Facts:
        """What a page says of the model."""
        poet, known = self.poet, {book.id: book for book in self.books}
        model = poet.trained.model
        ids = poet.index.books if poet.index else []
        return Facts(
            name=self.name,
            title=self.title,
            collection=self.collection,
            model_sha256=poet.trained.sha256,
            precision="float32",
            parameters=sum(weights.numel() for weights in model.parameters()),
            sequence_len=model.config.sequence_len,
            vocabulary=model.vocab_size,
            books=[known.get(name) or Book(id=name, title=name, author="") for name in ids],
            language=self.language,
            can_trace=poet.index is not None,
            min_length=poet.min_length,
            note="" if poet.index else NO_INDEX,
            bits_per_character=self.bits_per_character,
        )

    def passage(self, book: str, start: int, end: int) -> Passage:
        """The characters `start` to `end` of a book, and what stands around them; Problem where there are none."""
        if self.poet.index is None:
            raise Problem(404, NO_INDEX, code="no_index")
        if book not in self.poet.index.books:
            raise Problem(404, f"{self.name} was not trained on a book {book[:60]!a}.", param="book")
        text = self.text(book)
        if not 0 <= start < end <= min(len(text), start + LONGEST_PASSAGE):
            wanted = f"start should be less than end, and end at most {len(text)} and start + {LONGEST_PASSAGE}"
            raise Problem(404, f"there is no passage from {start} to {end}: {wanted}.", param="end")
        return Passage(
            book=book,
            before=text[max(0, start - AROUND) : start],
            text=text[start:end],
            after=text[end : end + AROUND],
            start=start,
            share=round(start / len(text), 4),
        )

    def line(self) -> Line:
        """A line of a book, picked by chance, to begin a text with; Problem where there is none."""
        books = self.poet.index.books if self.poet.index else []
        # A book may have no fitting line, such as a list of numbers.
        for _ in range(TRIES if books else 0):
            book = CHANCE.choice(books)
            text = self.text(book)
            start = text.find("\n", CHANCE.randrange(len(text))) + 1
            end = text.find("\n", start)
            line = text[start : max(start, end)].strip()
            if SHORTEST_LINE <= len(line) <= LONGEST_LINE and " " in line:
                return Line(book=book, text=line, start=text.index(line, start))
        raise Problem(404, f"{self.name} has no book with a line to begin with.", code="no_line")


def book_text(index: Index, book: str) -> str:
    """The training text of a book, out of the index that was made of it."""
    number = index.books.index(book)
    for shard in index.exact:
        places = (shard.books == number).nonzero()[0]
        if len(places):
            # The next book of the shard begins behind the boundary.
            ends = (*shard.starts[1:].tolist(), len(shard.text))
            place = int(places[0])
            content = shard.text[int(shard.starts[place]) : ends[place] - len(BOUNDARY)]
            # A book may hold half of a surrogate pair, which no JSON can; one character replaces it, so that all others
            # stay in their places.
            return content.tobytes().decode("utf-8", "surrogatepass").translate(UNWRITABLE)
    raise AssertionError(f"{book} is in no shard")


def _no_text(book: str) -> str:
    raise AssertionError("a model without an index has no books")
