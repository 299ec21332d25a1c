"""The report: exact text, nothing executable from data, geometry of the charts."""

import dataclasses
import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.corpus.manifest import CleanBook
from poet.report.charts import Level, Line, line_chart, round_ticks, thin
from poet.report.highlight import pieces
from poet.report.pages import render_page
from poet.report.sources import Shelf, characters_by_book

HOSTILE = "<script>alert(1)</script> \"'&amp; \u202e right-to-left \u0301 </p><img src=x onerror=alert(2)>"


class Texts(HTMLParser):
    """The text of each element of a class, and every tag and attribute that could run something."""

    def __init__(self, wanted):
        super().__init__(convert_charrefs=True)
        self.wanted, self.depth, self.texts, self.active = wanted, 0, [], []

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "img", "iframe", "object") or any(name.startswith("on") for name, _ in attributes):
            self.active.append(tag)
        if self.wanted in (dict(attributes).get("class") or "").split():
            self.depth = 1
            self.texts.append("")
        elif self.depth:
            self.depth += 1

    def handle_endtag(self, tag):
        self.depth = max(0, self.depth - 1)

    def handle_data(self, data):
        if self.depth:
            self.texts[-1] += data


@st.composite
def text_and_spans(draw):
    text = draw(st.text(max_size=60))
    count = draw(st.integers(0, 5))
    spans = []
    for _ in range(count if text else 0):
        start = draw(st.integers(0, len(text) - 1))
        spans.append({"start": start, "end": draw(st.integers(start + 1, len(text)))})
    return text, spans


@given(text_and_spans())
def test_pieces_joined_are_the_text_and_show_the_longest_span(case):
    text, spans = case
    cut = pieces(text, spans)
    assert "".join(piece.text for piece in cut) == text
    position = 0
    for piece in cut:
        for i in range(position, position + len(piece.text)):
            covering = [span for span in spans if span["start"] <= i < span["end"]]
            assert (piece.span is None) == (not covering)
            if piece.span is not None:
                longest = max(span["end"] - span["start"] for span in covering)
                assert spans[piece.span]["end"] - spans[piece.span]["start"] == longest
        position += len(piece.text)


def book(**changes):
    row = {"book": "b", "title": "T", "author": "A", "language": "en", "source": "folder:b.txt", "file": "b.txt"}
    return CleanBook(
        **row
        | {"bytes": 1, "sha256": "", "characters": 1, "removed_characters": 0, "flags": "", "removed": ""}
        | changes
    )


def test_a_passage_is_shown_with_its_context_and_place(tmp_path):
    (tmp_path / "b.txt").write_text("0123456789" * 10, encoding="utf-8")
    shelf = Shelf(tmp_path, [book(source="gutenberg:x", book="158", file="b.txt")])
    span = {"start": 1, "end": 4, "shared": False, "sources": [{"book": "158", "start": 52, "count": 3}]}
    shown = shelf.show({"sample": 0, "text": "x234y"}, [span], context=5)
    (passage,) = shown.passages
    assert (passage.before, passage.match, passage.after) == ("78901", "234", "56789")
    assert passage.place == 0.52 and passage.count == 3
    assert passage.book.link == "https://www.gutenberg.org/ebooks/158"
    assert shown.copied == pytest.approx(3 / 5)
    assert [(entry.number, count) for entry, count in characters_by_book([shown])] == [(1, 3)]


def render_hostile(tmp_path):
    """A page whose every string is hostile, by the real template."""
    (tmp_path / "b.txt").write_text(HOSTILE, encoding="utf-8")
    shelf = Shelf(tmp_path, [book(title=HOSTILE, author=HOSTILE, flags=HOSTILE)])
    span = {"start": 2, "end": 30, "shared": False, "sources": [{"book": "b", "start": 2, "count": 1}]}
    row = {"sample": 0, "prompt": HOSTILE, "text": HOSTILE, "temperature": 1.0, "top_k": 0, "seed": 1, "tokens": 9}
    shown = shelf.show(row, [span], context=10)
    shares = {f"share_at_{length}": 0.5 for length in (10, 20, 30, 50, 100)} | {"longest": 5}
    figures = {"bits_per_character": 2.0, "held_out_books": None, "compressors": {HOSTILE: 2.4}}
    split = {"characters": 10, "tokens": 5, "books": [1]}
    chart = line_chart(
        HOSTILE, HOSTILE, HOSTILE, [Line(name=HOSTILE, points=[(0, 1), (1, 2)])], [Level(name=HOSTILE, y=1)]
    )
    machine = {"processor": HOSTILE, "cores": 2, "system": HOSTILE, "torch": HOSTILE}
    render_page(
        "collection.html",
        tmp_path / "index.html",
        name="x",
        title=HOSTILE,
        samples=[shown],
        by_book=characters_by_book([shown]),
        books=list(shelf.books.values()),
        missing=[],
        corpus={
            "books": {"b": {"words": 1, "distinct_words": 1, "odd": {HOSTILE: 1}, "removed": {HOSTILE: 0.5}}},
            "overlaps": [{"book": HOSTILE, "other": HOSTILE, "share": 0.5}],
        },
        removals={"b": [{"rule": HOSTILE, "bytes": 1, "first_words": HOSTILE, "last_words": HOSTILE}]},
        training={"parameters": 5, "epochs": 1.0, "precision": HOSTILE, "device": HOSTILE},
        training_samples=[{"step": 1, "prompt": HOSTILE, "text": HOSTILE}],
        evaluation=figures,
        copying=shares | {"held_out": shares},
        min_length=5,
        tokens={"kind": HOSTILE, "vocab_size": 9, "splits": {"train": split}},
        tokenizers=[{"kind": HOSTILE, "chosen": True, "skipped": HOSTILE}],
        model={"data_sha256": HOSTILE, "tokenizer_sha256": HOSTILE},
        benchmark={"machine": machine, "results": [], "skipped": [{"device": HOSTILE, "reason": HOSTILE}]},
        loss_chart=chart,
        bits_chart=chart,
        recipe={HOSTILE: HOSTILE},
    )
    return (tmp_path / "index.html").read_text(encoding="utf-8")


def test_hostile_strings_stay_text(tmp_path):
    page = render_hostile(tmp_path)
    parser = Texts("text")
    parser.feed(page)
    assert parser.active == ["script"], "our own script and nothing else"
    assert parser.texts == [HOSTILE + HOSTILE] * 2, "prompt and text, exactly"
    assert "<script>alert" not in page and html.escape("<img src=x") in page


def test_the_page_is_self_contained_and_says_so(tmp_path):
    page = render_hostile(tmp_path)
    assert "default-src 'none'" in html.unescape(page)
    own = re.sub(re.escape(html.escape(HOSTILE)), "", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', own)
    assert "@import" not in page and "url(" not in page
    for attribute in ("localStorage", "innerHTML", "fetch(", "window.open"):
        assert attribute not in page


def test_the_same_input_gives_the_same_bytes(tmp_path):
    assert render_hostile(tmp_path) == render_hostile(tmp_path)


def luminance(colour):
    """Relative luminance by WCAG 2.2 of #rrggbb."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_pair_of_colours_has_contrast_enough(scheme):
    from poet.report.pages import TEMPLATES

    blocks = re.findall(r":root \{(.*?)\}", (TEMPLATES / "page.css").read_text(encoding="utf-8"), re.DOTALL)
    colours = dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{6})", blocks[scheme]))
    for background in ("paper", "panel", "warn", *(f"c{i}" for i in range(8))):
        assert contrast(colours[background], colours["ink"]) >= 7, background
    for text in ("soft", "link"):
        for background in ("paper", "panel"):
            assert contrast(colours[text], colours[background]) >= 4.5, (text, background)
    for i in range(8):
        assert contrast(colours[f"l{i}"], colours[f"c{i}"]) >= 3, f"underline {i}"
        assert contrast(colours[f"l{i}"], colours["paper"]) >= 3, f"line {i}"


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_enclose_the_range(low, spread):
    ticks = round_ticks(low, low + spread)
    assert ticks[0] <= low + 1e-6 and ticks[-1] >= low + spread - 1e-6
    assert 3 <= len(ticks) <= 12


@given(
    st.lists(st.tuples(st.floats(0, 1e4), st.floats(-50, 50)), max_size=40), st.lists(st.floats(-50, 50), max_size=2)
)
def test_everything_lies_inside_the_chart(points, levels):
    chart = line_chart("t", "x", "y", [Line(name="a", points=sorted(points))], [Level(name="l", y=y) for y in levels])
    for _, path in chart.paths:
        for pair in path.split():
            x, y = map(float, pair.split(","))
            assert chart.left <= x <= chart.right + 0.1 and 0 <= y <= chart.bottom + 0.1
    assert all(0 <= y <= chart.bottom + 0.1 for _, y in chart.levels)


def test_thin_keeps_means():
    assert thin([(float(i), float(i)) for i in range(6)], 3) == [(1.0, 0.5), (3.0, 2.5), (5.0, 4.5)]
    assert dataclasses.asdict(Line(name="a", points=[])) == {"name": "a", "points": []}
