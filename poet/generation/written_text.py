"""The text of a sequence that is being written, token by token: whole characters, up to its end.

It is the text of `poet.generation.stream`, for a writer that is handed tokens instead of asking for them.
"""

from tokenizers import Tokenizer

from poet.generation.characters import REPLACEMENT
from poet.generation.ending import Cut, EndAt, Ending, EndWithLine
from poet.generation.stream import LAST_LINE
from poet.tokenizers.tokenizer import decode


class TokenTexts:
    """The text of each token by itself, decoded once: the tokenizer takes longer than a look into a table."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._texts: dict[int, str] = {}

    def __getitem__(self, token: int) -> str:
        """A part of a character is U+FFFD."""
        text = self._texts.get(token)
        if text is None:
            text = self._texts[token] = decode(self.tokenizer, [token])
        return text


class WrittenText:
    """A text that follows `prompt`. It ends where `ending` says or after its `tokens`; without an ending, with the line
    in which they are used up. `most` is the most tokens that it may have.
    """

    def __init__(self, texts: TokenTexts, prompt: str, tokens: int, ending: Ending | None = None) -> None:
        self.most = tokens + (0 if ending else LAST_LINE)
        self.read = 0
        self._cut: Cut = EndAt(ending, prompt) if ending else EndWithLine(tokens)
        self._texts = texts
        # Tokens that end within a character, at most a few.
        self._pending: list[int] = []

    @property
    def ended(self) -> bool:
        """Whether no token may follow."""
        return self._cut.ended or self.read == self.most

    @property
    def used_up(self) -> bool:
        """Whether the text ended because its tokens are used up, and not where `ending` says."""
        return isinstance(self._cut, EndWithLine) or not self._cut.ended

    def take(self, token: int) -> str:
        """The text that can be shown because of one more `token`."""
        self.read += 1
        self._pending.append(token)
        one = len(self._pending) == 1
        text = self._texts[token] if one else decode(self._texts.tokenizer, self._pending)
        shown = ""
        if not text.endswith(REPLACEMENT):
            self._pending.clear()
            shown = self._cut.take(text, self.read)
        if self.read == self.most and not self._cut.ended:
            shown += self._finish()
        return shown

    def _finish(self) -> str:
        """The last of the text. It may end within a character, whose bytes mean nothing without the rest."""
        last = decode(self._texts.tokenizer, self._pending).rstrip(REPLACEMENT)
        shown = self._cut.take(last, self.read) if last else ""
        return shown if self._cut.ended else shown + self._cut.rest()
