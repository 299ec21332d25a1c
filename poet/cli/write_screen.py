"""A text in the terminal while it is written: its passages take the colours of their books as soon as they are known.

What is settled is printed for good, row by row. The rows below it are drawn anew while their passages may still grow.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from poet.serve.tickets import Spans
from poet.terminal import printable

# Background colours of the books, in turn: as in `poet attribute`.
TINTS = ("#77aadd", "#ee8866", "#eedd88", "#ffaabb", "#99ddff", "#44bb99", "#bbcc33", "#aaaa00")

# Seconds between two drawings of the same rows.
DRAWN_EVERY = 0.05


@dataclass(kw_only=True)
class Numbers:
    """The numbers of the books, from 1 in the order in which the texts quote them."""

    of: dict[str, int] = field(default_factory=dict)

    def number(self, book: str) -> int:
        """The number of `book`, a new one if it has none."""
        return self.of.setdefault(book, len(self.of) + 1)

    def style(self, book: str) -> str:
        """The colours of `book`."""
        return f"black on {TINTS[(self.number(book) - 1) % len(TINTS)]}"


def tinted(prompt: str, text: str, spans: Spans | None, numbers: Numbers) -> tuple[Text, list[int]]:
    """The prompt and the text behind it, each passage in the colours of its first book with the book's number behind.

    Also the place of each character of the text, and of its end, in what is shown. Where passages overlap, the first
    keeps its characters.
    """
    shown, done = Text.assemble((printable(prompt), "bold")), 0
    places: list[int] = []

    def add(end: int, style: str = "") -> None:
        nonlocal done
        places.extend(range(len(shown), len(shown) + end - done))
        shown.append(printable(text[done:end]), style=style or None)
        done = end

    for span in spans.spans if spans else ():
        if span.end <= done:
            continue
        add(max(span.start, done))
        book = span.sources[0].book
        # The number stands at the last word: a blank between them could be the end of a row.
        add(max(done, span.start + len(text[span.start : span.end].rstrip())), numbers.style(book))
        shown.append(f"[{numbers.number(book)}]", style="bold")
        add(span.end, numbers.style(book))
    add(len(text))
    return shown, [*places, len(shown)]


def rows(text: str, width: int) -> list[tuple[int, int]]:
    """The stretches of `text` that fit into rows of `width` columns; a blank at which a row ends is in none.

    >>> [("a line of words")[start:end] for start, end in rows("a line of words", 7)]
    ['a line', 'of', 'words']
    """
    found, start, blank, used = [], 0, -1, 0
    for place, letter in enumerate(text):
        if letter == "\n":
            found.append((start, place))
            start, blank, used = place + 1, -1, 0
            continue
        if letter == " ":
            blank = place
        used += cell_len(letter)
        # Usually once; a wide letter may need more room than the blank before it leaves.
        while used > width:
            # A word that is longer than a row is cut.
            end, following = (blank, blank + 1) if blank >= start else (place, place)
            found.append((start, end))
            start, blank = following, -1
            used = cell_len(text[start : place + 1])
    found.append((start, len(text)))
    return found


class Screen:
    """Shows one text on `console`. `min_length` is the least length of a passage."""

    def __init__(self, console: Console, prompt: str, min_length: int, numbers: Numbers) -> None:
        self.console, self.prompt, self.min_length, self.numbers = console, prompt, min_length, numbers
        # Where a terminal has no width, any will do. A row as wide as the terminal would wrap in some.
        self._width = max(20, console.width - 1)
        self._live = Live(console=console, auto_refresh=False, transient=True, vertical_overflow="visible")
        self._printed, self._drawn = 0, 0.0

    def __enter__(self) -> "Screen":
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def show(self, text: str, spans: Spans | None, *, last: bool = False) -> None:
        """Show `text` with its passages, as far as they are known. The `last` call prints all of it for good."""
        now = time.monotonic()
        if now - self._drawn < DRAWN_EVERY and not last:
            return
        self._drawn = now
        shown, places = tinted(self.prompt, text, spans, self.numbers)
        settled = len(shown) + 1 if last else places[self._settled(text, spans)]
        found = rows(shown.plain, self._width)
        lines = [shown[start:end] if end > start else Text("") for start, end in found]
        # A row is settled where the next one begins before the end of what is settled.
        ready = len(found) if last else sum(start <= settled for start, _ in found) - 1
        if last:
            self._live.update(Text(""), refresh=True)
        for line in lines[self._printed : ready]:
            self._live.console.print(line, no_wrap=True, overflow="ignore", crop=False)
        self._printed = max(self._printed, ready)
        if not last:
            self._live.update(Group(*lines[self._printed :]), refresh=True)

    def _settled(self, text: str, spans: Spans | None) -> int:
        """How many characters of `text` belong to the passages that they will belong to at its end."""
        settled = max(0, len(text) - self.min_length)
        for span in spans.spans if spans else ():
            # A passage up to the end may grow, and find itself in fewer books.
            if span.end >= settled:
                settled = min(settled, span.start)
        return settled


def legend(numbers: Numbers, titles: Sequence[tuple[str, str]], new: Sequence[str]) -> Text:
    """A line for each of the `new` books: its number, its title and its author."""
    known = dict(titles)
    text = Text()
    for book in new:
        text.append(f"[{numbers.number(book)}]", style=numbers.style(book))
        text.append(f" {printable(known.get(book, book))}\n")
    text.rstrip()
    return text
