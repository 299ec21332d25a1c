"""A short text in each of many languages, with the letters and quotes that it uses, cut or repeated to any length.

The texts in languages.txt were written for these tests.
"""

from pathlib import Path

LINES = Path(__file__).with_name("languages.txt").read_text(encoding="utf-8").splitlines()

# By language: `zh-hant` is Chinese in traditional characters.
TEXTS = dict(line.split(": ", maxsplit=1) for line in LINES)


def text_of(language: str, characters: int) -> str:
    """The text of `language`, cut or repeated to `characters`, with its sentences in turn, wrapped into lines."""
    base = TEXTS[language]
    sentences = [part for part in base.replace("。", "。\0").replace(". ", ". \0").split("\0") if part]
    text, turn = "", 0
    while len(text) < characters:
        # Another order in each round, so that a longer text is not the same line again and again.
        text += "".join(sentences[turn % len(sentences) :] + sentences[: turn % len(sentences)]).strip() + "\n"
        turn += 1
    return text[:characters]
