"""The words before which a text ends: found as soon as they are complete, and no part of them is given away before."""

from collections.abc import Sequence


class StopWords:
    """Reads a text in pieces and gives back what certainly stands before the first of `words`.

    >>> reader = StopWords(["end", "--"])
    >>> reader.read("a li"), reader.read("ne -"), reader.read("- more"), reader.has_ended
    ('a li', 'ne ', '', True)
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = [word for word in words if word]
        self.has_ended = False
        # What may be the beginning of one of the words.
        self._held = ""

    def read(self, piece: str) -> str:
        """The part of the text that is certain after `piece`."""
        if self.has_ended:
            return ""
        text = self._held + piece
        # The words that are complete first count, of these the ones that begin first.
        found = [(at + len(word), at) for word in self.words if (at := text.find(word)) >= 0]
        if found:
            self.has_ended, self._held = True, ""
            return text[: min(found)[1]]
        size = max((_beginning(text, word) for word in self.words), default=0)
        self._held = text[len(text) - size :]
        return text[: len(text) - size]

    def rest(self) -> str:
        """What was held back, at the end of the text."""
        held, self._held = self._held, ""
        return held


def _beginning(text: str, word: str) -> int:
    """How many characters at the end of `text` are the beginning of `word`."""
    sizes = range(min(len(word) - 1, len(text)), 0, -1)
    return next((size for size in sizes if text.endswith(word[:size])), 0)
