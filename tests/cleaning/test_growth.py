"""Cleaning takes time in proportion to the text, whatever the text is made of."""

import time

import pytest

from poet.cleaning.segments import KINDS, Segment, _resolve, segment
from tests.cleaning.frames import ALL_PARTS, HEADER_2008, cleaned

PROSE = "The lamp was lit and the rain went on falling over the low roofs.\n" * 4 + "\n"

FRAME = "*** START OF THIS PROJECT GUTENBERG EBOOK EMMA ***\n\n"
RULE = "-" * 55 + "\n"

# A text of `n` parts that once took the square of n.
TEXTS = {
    "footnotes": lambda n: "".join(f"[{i}] See the volume on page {i}.\n\n" for i in range(n)) + PROSE * 20,
    "footnotes in one paragraph": lambda n: "".join(f"[{i}] See page {i}.\n" for i in range(n)) + PROSE * 20,
    "a chat log": lambda n: "".join(f"[{i % 24:02}:{i % 60:02}] anna: hello\n" for i in range(n)),
    "a line of blanks": lambda n: "x" + " " * (n * 20) + "y\n",
    "end lines": lambda n: PROSE * 20 + "End of Project Gutenberg's Emma\n" * n,
    "end lines between volumes": lambda n: (PROSE + "End of Project Gutenberg's Emma\n\n") * n,
    "markers": lambda n: (
        "*** END OF THE PROJECT GUTENBERG EBOOK\n*** START OF THE PROJECT GUTENBERG EBOOK\n" * n + PROSE
    ),
    "captions": lambda n: (PROSE + "[Illustration: Emma]\n\n") * n,
    "open brackets": lambda n: "[Illustration: [\n" * n + PROSE,
    "notes": lambda n: "Transcriber's note\n\nHyphens.\n\n\n" * n + PROSE * 300,
    "footnote headings": lambda n: "  FOOTNOTES:\n\n" * n + PROSE,
    "credits": lambda n: "Produced by A. Reader\n\n" * n + PROSE,
    "corrections in the last bracket": lambda n: (
        FRAME + PROSE * n + "\n\n[ Original, corrected:\n" + "[a]\n" * n + "]\n"
    ),
    "brackets that close": lambda n: FRAME + PROSE * 20 + "x ]\n" * n,
    "signs of setting": lambda n: RULE + "《》：ルビ\n" + RULE + (PROSE + "［＃改ページ］\n") * n,
    "rules": lambda n: RULE * n + PROSE,
    "editions": lambda n: (PROSE + "底本：x\n") * n + "入力：x\n",
    "plain headings": lambda n: FRAME + PROSE * 20 + "Notes\n\nOriginal.\n\n" * n,
    "last words": lambda n: FRAME + PROSE * 20 + "This text was converted by A. Reader\n\n" * n,
    "brackets at the start of lines": lambda n: FRAME + "[ a b c d e f g h\n" * n + PROSE,
    "names of pictures": lambda n: FRAME + ("[" + "a" * 40 + "\n") * n + PROSE,
    "a long word in a credit": lambda n: "Created by " + "x" * (n * 5) + "\n\n" + PROSE * 20,
    "preamble": lambda n: HEADER_2008 + "This etext is free.\n\nIt is.\n\n" * n + PROSE,
    "lists of etext editors": lambda n: (
        HEADER_2008 + (PROSE + "ETEXT EDITOR'S BOOKMARKS:\n\nThe lamp\n\nEnd of Project Gutenberg's Emma\n\n") * n
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_four_times_the_text_takes_about_four_times_as_long(name):
    """The square would be 16 times. The ratio is loose, because the test also runs on busy machines."""

    def seconds(n):
        text = TEXTS[name](n)
        best = []
        for _ in range(2):
            start = time.process_time()
            cleaned(text, drop=ALL_PARTS, minimum_kept=0.0)
            best.append(time.process_time() - start)
        return min(best)

    assert seconds(8000) < 9 * max(seconds(2000), 0.01)


def test_parts_are_resolved_in_one_sweep():
    """Each candidate enters and leaves the heap once; a comparison of all with all edges would be 25 million."""
    captions = [Segment(kind="illustrations", start=10 * i, end=10 * i + 15) for i in range(5000)]
    start = time.process_time()
    parts = _resolve(captions, 50_010)
    assert time.process_time() - start < 2
    assert [part.start for part in parts[:3]] == [0, 15, 25] and len(parts) == 5001


def test_only_the_kinds_that_are_dropped_are_searched_for(monkeypatch):
    import poet.cleaning.segments as module

    asked = []
    monkeypatch.setattr(
        module, "BOOK_PARTS", {kind: lambda *_, kind=kind: asked.append(kind) or [] for kind in KINDS[5:9]}
    )
    segment(PROSE, ["licence", "index"])
    assert asked == ["index"]
