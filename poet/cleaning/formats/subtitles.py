"""Subtitles, SRT and VTT: what is said, without times, numbers and tags. Read by pysubs2."""

import html
import re
from typing import Any

from poet.cleaning.formats.libraries import library
from poet.cleaning.formats.lines import blank_between

# A pause of this many milliseconds between two subtitles begins a paragraph.
PAUSE = 3000

# Subtitles that follow each other within this many milliseconds touch.
TOUCHING = 100

# Tags: those of pysubs2 ("{\\i1}"), and any of HTML or VTT that it leaves ("<c.yellow>", "<00:01.500>").
TAG = re.compile(r"\{\\[^{}]*\}|</?[A-Za-z][^<>]*>|<[\d:.]+>")

# A subtitle that ends so ends a sentence; any other is continued by the next one.
SENTENCE_END = re.compile(r"""[.!?…。！？؟।♪:;)\]-][\s"'”’»)\]]*$""")

# A line that begins so is another speaker's.
SPEAKER = re.compile(r"^\s*[-–—‐]")


def srt_to_text(markup: str) -> str:
    """The text of the SRT file `markup`.

    >>> srt_to_text("1\\n00:00:01,000 --> 00:00:02,000\\nIt was <i>the\\nbest</i> of\\n\\n2\\n00:00:02,500 --> "
    ...     "00:00:03,000\\ntimes.\\n")
    'It was the best of times.\\n'
    """
    return _to_text(library("pysubs2", "pysubs2").SSAFile.from_string(markup, format_="srt"), rolling=False)


def vtt_to_text(markup: str) -> str:
    """The text of the WebVTT file `markup`: also without notes, styles, and the repeated lines of rolling captions."""
    return _to_text(library("pysubs2", "pysubs2").SSAFile.from_string(markup, format_="vtt"), rolling=True)


def _to_text(events: Any, *, rolling: bool) -> str:
    """The text of pysubs2's `events`. `rolling`: each subtitle may begin with the last line of the one before it."""
    # What is said, and what separates it.
    said: list[str] = []
    end, last_line = None, ""
    for event in events:
        lines = _lines(event.text, first_block=rolling)
        pause = 0 if end is None else event.start - end
        if rolling and lines and pause <= TOUCHING and lines[0] == last_line:
            lines = lines[1:]
        end = event.end if end is None else max(end, event.end)
        if not lines:
            continue
        for place, line in enumerate(lines):
            if said and place == 0 and pause >= PAUSE:
                said.append("\n\n")
            elif said and (SPEAKER.match(line) or (place == 0 and SENTENCE_END.search(last_line))):
                said.append("\n")
            elif said:
                said.append(blank_between(last_line, line))
            said.append(line)
            last_line = line
    return "".join(said) + "\n"


def _lines(text: str, *, first_block: bool) -> list[str]:
    r"""The lines of one subtitle in pysubs2's notation, without tags.

    `first_block`: only those before the first empty line. There a subtitle of VTT ends, and pysubs2 takes a NOTE that
    follows for a part of it. In SRT, what follows an empty line is text.

    >>> _lines(r"{\i1}Hi{\i0} &amp; hello\N\NNOTE x", first_block=True)
    ['Hi & hello']
    """
    if first_block:
        text = text.partition(r"\N\N")[0]
    text = TAG.sub("", text.replace(r"\N", "\n").replace(r"\n", "\n").replace(r"\h", " "))
    lines = (" ".join(html.unescape(line).split()) for line in text.split("\n"))
    return [line for line in lines if line]
