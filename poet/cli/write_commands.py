"""The commands of `poet write`: lines that begin with a slash."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from poet.cli.write_screen import Numbers, legend
from poet.cli.write_session import Piece, Session
from poet.errors import PoetError
from poet.terminal import printable

HELP = """Type how a text begins, and the model goes on. \\n is a line end.
  /set                show the settings
  /set NAME VALUE     change one, as /set temperature 1.2
  /seed [N]           show the seed, or change it: the same seed writes the same text again
  /again              the last beginning once more, with the next seed
  /tokens             the last text in numbered tokens
  /else [N]           what else the last token, or token N, could have been
  /take K             go on from alternative K of those
  /sources            the passages of the last text, with their places in the books
  /help  /quit        Ctrl-D ends, too; Ctrl-C ends a text
  //text              a text that begins with a slash"""

# The characters of a book that are shown before a passage, and behind it.
AROUND = 60


class Quit(Exception):
    """The person wants to go."""


@dataclass(kw_only=True)
class Commands:
    """Runs the commands of one session; `write` writes a piece and shows it."""

    session: Session
    console: Console
    numbers: Numbers
    write: Callable[[Piece], None]

    def run(self, line: str) -> None:
        """Run the command in `line`; PoetError where it cannot be meant."""
        name, *words = line[1:].split() or [""]
        known: dict[str, tuple[int, Callable[..., None]]] = {
            "set": (2, self._set),
            "seed": (1, self._seed),
            "again": (0, self._again),
            "tokens": (0, self._tokens),
            "else": (1, self._else),
            "take": (1, self._take),
            "sources": (0, self._sources),
            "help": (0, self._help),
            "quit": (0, self._quit),
        }
        if name not in known:
            raise PoetError(f"there is no command /{name[:60]}; /help shows all. //{name[:60]} is a text with a slash.")
        most, run = known[name]
        if len(words) > most:
            raise PoetError(f"/{name} takes at most {most} word{'' if most == 1 else 's'}, got {len(words)}")
        run(*words)

    def _say(self, text: str | Text) -> None:
        # Words are wrapped for a person; a program gets each line whole.
        soft_wrap = not self.console.is_terminal
        self.console.print(text if isinstance(text, Text) else Text(printable(text)), soft_wrap=soft_wrap)

    def _set(self, name: str = "", value: str = "") -> None:
        if name and not value:
            raise PoetError(f"/set {name} needs a value, as /set temperature 1.2")
        if name:
            self.session.set(name, value)
        self._say("  ".join(f"{key} {number:g}" if key != "seed" else f"seed {number}" for key, number in self._all()))

    def _all(self) -> list[tuple[str, float]]:
        return list(self.session.settings().items())

    def _seed(self, value: str = "") -> None:
        if value:
            self.session.set("seed", value)
        self._say(f"seed {self.session.writing.seed}")

    def _again(self) -> None:
        self.write(self.session.again())

    def _tokens(self) -> None:
        self.session.chosen(None)
        assert self.session.last
        text = Text()
        for number, token in enumerate(self.session.last.tokens, start=1):
            text.append(f"{number}", style="dim")
            text.append(f"{_visible(token.text)} ")
        self._say(text)

    def _else(self, number: str = "") -> None:
        place, token = self.session.chosen(_whole(number) if number else None)
        self._say(f"token {place} is {_visible(token.text)} ({token.probability:.1%}). It could have been:")
        for choice, one in enumerate(token.alternatives, start=1):
            self._say(f"  {choice}  {one.probability:6.1%}  {_visible(one.text)}")
        self._say("/take 2 goes on from the second.")

    def _take(self, choice: str = "") -> None:
        if not choice:
            raise PoetError("/take needs the number of an alternative, as /take 2")
        self.write(self.session.branch(_whole(choice)))

    def _sources(self) -> None:
        self.session.chosen(None)
        piece = self.session.last
        assert piece
        spans = piece.spans.spans if piece.spans else ()
        if not spans:
            least = self.session.offered.poet.min_length
            self._say(
                f"No passage of {least} characters or more is in a book."
                if self.session.offered.poet.index
                else "This model has no index of its books."
            )
        for span in spans:
            source = span.sources[0]
            found = self.session.offered.passage(source.book, source.start, source.end)
            line = Text()
            line.append(f"[{self.numbers.number(source.book)}]", style=self.numbers.style(source.book))
            also = f", and {len(span.sources) - 1} more" if len(span.sources) > 1 else ""
            line.append(f" at {found.share:.0%} of the book{also}: ...{_visible(found.before[-AROUND:])}")
            line.append(_visible(found.text), style=self.numbers.style(source.book))
            line.append(f"{_visible(found.after[:AROUND])}...")
            self._say(line)
        books = dict.fromkeys(span.sources[0].book for span in spans)
        if books:
            self._say(legend(self.numbers, titles(self.session), list(books)))

    def _help(self) -> None:
        self._say(HELP)

    def _quit(self) -> None:
        raise Quit


def titles(session: Session) -> list[tuple[str, str]]:
    """The titles of the books with their authors, by id."""
    return [(book.id, f"{book.title} ({book.author})" if book.author else book.title) for book in session.offered.books]


def piece_of(session: Session, line: str) -> Piece:
    """The piece that begins with `line`."""
    return Piece(prompt=line, writing=dataclasses.replace(session.writing))


def _visible(text: str) -> str:
    """`text` on one line; a text of nothing but blanks can be seen, too."""
    shown = printable(text).replace("\n", "⏎").replace("\t", "⇥")
    return shown if shown.strip() else shown.replace(" ", "␣")


def _whole(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise PoetError(f"expected a whole number, got {word[:60]!a}") from None
