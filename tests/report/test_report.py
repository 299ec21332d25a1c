"""The report: exact text, nothing executable from data, geometry of the charts."""

import dataclasses
import html
import itertools
import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from poet.books.manifest import MANIFEST, CleanBook, read_manifest
from poet.files import read_json, read_json_lines, write_json
from poet.report.charts import Level, Line, line_chart, round_ticks, thin
from poet.report.collection import shown_samples
from poet.report.findings import by_prompt, gifts, top_findings
from poet.report.headings import find_headings
from poet.report.highlight import Piece, pieces
from poet.report.passages import Passage, Place, Shelf, ShownBook, ShownSample
from poet.report.render import exact
from poet.report.start_page import compared_runs, read_summaries, start_page
from tests.report.shelf import HOSTILE, a_run, inputs_in, params, write_report


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
            if piece.text.strip():
                assert not piece.lead.strip() and not piece.trail.strip() and piece.core == piece.text.strip()
            assert piece.lead + piece.core + piece.trail == piece.text
        position += len(piece.text)


def book(**changes):
    row = {"id": "b", "title": "T", "author": "A", "language": "en", "source": "folder:b.txt", "file": "b.txt"}
    return CleanBook(
        **row
        | {"bytes": 1, "sha256": "", "characters": 1, "removed_characters": 0, "flags": "", "removed": ""}
        | changes
    )


def test_a_passage_is_shown_with_its_context_and_place(tmp_path):
    (tmp_path / "b.txt").write_text("0123456789" * 10, encoding="utf-8")
    shelf = Shelf(tmp_path, [book(source="gutenberg:x", id="158", file="b.txt")])
    source = {"book": "158", "start": 52, "end": 55, "count": 3}
    span = {"start": 1, "end": 4, "exact": True, "shared": False, "surprise": 7.5, "sources": [source]}
    shown = shelf.show({"sample": 0, "text": "x234y"}, {"spans": [span], "near": []}, context=5)
    (passage,) = shown.passages
    assert (passage.before, passage.match, passage.after) == ("78901", "234", "56789")
    assert passage.place.share == 0.52 and passage.count == 3 and passage.place.heading == ""
    assert passage.place.book.link == "https://www.gutenberg.org/ebooks/158"
    assert shown.verbatim == pytest.approx(3 / 5) and shown.near == 0


def test_a_near_copy_shows_both_texts(tmp_path):
    (tmp_path / "b.txt").write_text("CHAPTER II\n\nIt was  the best\nof times.", encoding="utf-8")
    near = {"start": 0, "end": 15, "exact": False, "surprise": 9.0}
    near["sources"] = [{"book": "b", "start": 12, "end": 28, "count": 1}]
    exact = near | {
        "start": 7,
        "end": 12,
        "exact": True,
        "sources": [{"book": "b", "start": 20, "end": 25, "count": 1}],
    }
    shown = Shelf(tmp_path, [book()]).show({"text": "it was the best, no"}, {"spans": [exact], "near": [near]}, 3)
    (passage,) = shown.passages
    assert (passage.text, passage.match, passage.exact) == ("it was the best", "It was  the best", False)
    assert passage.place.heading == "CHAPTER II"
    assert (shown.verbatim, shown.near) == (pytest.approx(5 / 19), pytest.approx(10 / 19))


def test_a_near_copy_of_which_next_to_nothing_is_seen_is_left_out(tmp_path):
    (tmp_path / "b.txt").write_text("abcdefgh" * 3, encoding="utf-8")
    exact = {"start": 0, "end": 8, "exact": True, "surprise": 1.0}
    exact["sources"] = [{"book": "b", "start": 0, "end": 8, "count": 3}]
    near = exact | {"start": 2, "end": 10, "exact": False}
    shown = Shelf(tmp_path, [book()]).show({"text": "abcdefghAB"}, {"spans": [exact], "near": [near]}, 3)
    assert [passage.exact for passage in shown.passages] == [True]
    assert shown.near == pytest.approx(0.2), "but it counts"


def test_headings():
    text = "Emma\n\nVOLUME I\n\n\nCHAPTER I\n\nA book from a shelf.\n\nBook after book she read.\n\nII.\n\nAnd then.\n"
    text += "\nCHAPTER XXXIV, in which " + "very " * 30 + "much happens\n\nEnd." + " " * 200_000 + "!"
    headings = find_headings(text)
    assert headings.before(0) == "" and headings.before(text.index("VOLUME") + 2) == "VOLUME I"
    assert headings.before(text.index("Book after")) == "VOLUME I, CHAPTER I"
    assert headings.before(text.index("then")) == "VOLUME I, II"
    long = headings.before(text.index("End"))
    assert long.startswith("VOLUME I, CHAPTER XXXIV, in which very") and long.endswith(" …") and len(long) < 70
    assert headings.before(len(text)) == "", "a heading so far away says nothing"
    play = find_headings("ACT I\n\nSCENE I. A heath.\n\nThunder.\n\nACT II\n\nSCENE I. A camp.\n\nDrums.")
    assert play.before(30) == "ACT I, SCENE I. A heath" and play.before(10**5) == "ACT II, SCENE I. A camp"


def passage_of(number, text, surprise, *, exact=True):
    place = Place(book=ShownBook(number=number, row=book(id=str(number))), heading="", share=0.0)
    shared = {"before": "", "match": text, "after": "", "count": 1, "also": []}
    return Passage(text=text, exact=exact, surprise=surprise, place=place, **shared)


def shown_sample(number, *passages, prompt="The ", temperature=1.0):
    cut = [Piece(text=passage.text, span=i) for i, passage in enumerate(passages)] + [Piece(text="...", span=None)]
    row = {"sample": number, "prompt": prompt, "temperature": temperature}
    return ShownSample(row=row, pieces=cut, passages=list(passages), verbatim=0.0, near=0.0)


def test_top_findings_are_the_most_surprising_and_none_repeats():
    one, two, three = passage_of(1, "to be", 5.0), passage_of(2, "or not", 9.0), passage_of(1, "To  be", 5.0)
    found = top_findings([shown_sample(0, one, two), shown_sample(1, three, passage_of(1, "x", 1.0))], 2)
    assert [(finding.sample, finding.number) for finding in found] == [(0, 1), (0, 0)]
    again = passage_of(3, "or not or see", 4.0)
    assert len(top_findings([shown_sample(0, one, two, again)], 5)) == 2, "most of its words were shown"
    assert top_findings([], 5) == [] and top_findings([shown_sample(0, one)], 0) == []


def test_gifts_count_what_is_tinted():
    samples = [
        shown_sample(0, passage_of(2, "four", 1.0), passage_of(1, "eightone", 1.0), passage_of(2, "ab", 1, exact=False))
    ]
    given = gifts(samples)
    assert [(gift.book.number, gift.verbatim, gift.near) for gift in given] == [(1, 8, 0), (2, 4, 2)]
    assert [(gift.verbatim_width, gift.width) for gift in given] == [(100, 100), (50, 75)]
    assert gifts([shown_sample(0)]) == []


def test_samples_stand_by_prompt_and_temperature():
    samples = [shown_sample(i, prompt="AB"[i % 2], temperature=(1.0, 0.5)[i // 2]) for i in range(4)]
    order = {
        prompt: {temperature: [sample.row["sample"] for sample in found] for temperature, found in rows.items()}
        for prompt, rows in by_prompt(samples).items()
    }
    assert order == {"A": {0.5: [2], 1.0: [0]}, "B": {0.5: [3], 1.0: [1]}}
    assert list(order) == ["A", "B"] and list(order["A"]) == [0.5, 1.0]


def test_no_two_of_32_books_look_the_same():
    tints = [ShownBook(number=number, row=book()).tint for number in range(1, 33)]
    assert len(set(tints)) == 32
    for one, other in itertools.pairwise(tints):
        assert not set(one.split()) & set(other.split()), "neighbours differ in colour and in line"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A report whose every string is hostile."""
    return write_report(tmp_path_factory.mktemp("hostile"), hostile=True)


def test_hostile_strings_stay_text(hostile):
    page = hostile.read_text(encoding="utf-8")
    parser = Texts("text")
    parser.feed(page)
    assert parser.active == ["script"], "our own script and nothing else"
    samples = read_json_lines(hostile.parents[2] / "samples.jsonl")
    wanted = [(sample["prompt"] + sample["text"]).replace("\0", "␀") for sample in samples]
    assert sorted(parser.texts[: len(samples)]) == sorted(wanted), "prompt and text, exactly"
    assert "<script>alert" not in page and html.escape("<img src=x") in page
    assert "\0" not in page and "\r" not in page, "no byte that a browser would drop or change"


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_comes_back_from_its_html(text):
    shown = html.unescape(str(exact(text)))
    # Python maps references to C1 controls as browsers do, but leaves the characters themselves alone, as they do.
    assert shown == text.translate({0: "␀"} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd"))
    shown.encode("utf-8")


def test_the_page_is_self_contained_and_says_so(hostile):
    page = hostile.read_text(encoding="utf-8")
    assert "default-src 'none'" in html.unescape(page)
    assert not re.search(r'<(?:link|img|script src|iframe)|src="|@import|url\(|style="', page)
    assert set(re.findall(r'href="(https?://[^/"]+)', page)) == {"https://www.gutenberg.org"}
    for attribute in ("localStorage", "sessionStorage", "innerHTML", "fetch(", "window.open"):
        assert attribute not in page


def test_titles_are_isolated_from_the_direction_of_the_page(hostile):
    page = hostile.read_text(encoding="utf-8")
    title = str(exact(HOSTILE))
    everywhere = [match.start() for match in re.finditer(re.escape(title), page)]
    body = page.index("<cite>")
    cited = [at for at in everywhere if at > body and page[at - 11 : at].startswith("<cite><bdi>")]
    assert cited and all(page[at - 5 : at] == "<bdi>" for at in cited)


def test_the_same_input_gives_the_same_bytes(tmp_path):
    first, second = (write_report(tmp_path / name) for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()


def test_sixty_samples_stay_below_two_megabytes(tmp_path):
    assert write_report(tmp_path, samples=60).stat().st_size < 2_000_000


def test_a_passage_beyond_the_quotes_is_shown_without_context(tmp_path):
    write_report(tmp_path)
    inputs = inputs_in(tmp_path)
    shelf = Shelf(inputs.clean, read_manifest(inputs.clean / MANIFEST, CleanBook))
    settings = dataclasses.replace(params().report, quotes=7)
    passages = [passage for sample in shown_samples(shelf, inputs, settings) for passage in sample.passages]
    quoted = {passage.surprise for passage in passages if passage.before}
    assert len(passages) == 30 and all(passage.match for passage in passages)
    assert min(quoted) > max(passage.surprise for passage in passages if not passage.before)


def test_a_report_without_any_passage(tmp_path):
    page = write_report(tmp_path, samples=0).read_text(encoding="utf-8")
    assert "No sample holds a passage" in page and 'id="shelf"' not in page and 'id="filter"' not in page


def test_runs_are_compared_by_what_differs():
    same = {"train.seed": "1", "train.steps": "5"}
    one, two = (
        a_run("one", 2.0, **same),
        a_run("two", 1.5, **same | {"train.steps": "9", "model.n_layer": "2", "model.yoke": "None"}),
    )
    unfinished = a_run("three", None, **{"train.seed": "7"})
    assert compared_runs([one], "one") == compared_runs([one, unfinished], "one") == []
    rows = compared_runs([one, unfinished, two], "one")
    assert [(row["name"], row["params"]) for row in rows] == [
        ("two", [("model.n_layer", "2"), ("train.steps", "9")]),
        ("one", [("train.steps", "5")]),
    ]
    assert rows[0]["bits"] == 1.5 and rows[0]["longest"] is None
    assert [row["reported"] for row in rows] == [False, True]
    many = [a_run(str(i), 1 + i, **{"train.seed": str(i)}) for i in range(99)]
    assert [row["name"] for row in compared_runs(many, "50")] == [*map(str, range(20)), "50"]


def test_the_start_page_compares(tmp_path):
    write_report(tmp_path, hostile=True)
    summary = read_json(tmp_path / "summaries" / "shelf.json")
    other = summary | {"title": HOSTILE, "bits_per_character": 1.5, "held_out_bits_per_character": None}
    write_json(tmp_path / "summaries" / "zzz.json", other | {"human_share_at_20": None, "excess_at_30": None})
    summaries = read_summaries(tmp_path / "summaries")
    runs = [a_run(HOSTILE, 1.5, **{"train.steps": HOSTILE}), a_run("other", 2.5)]
    start_page(summaries, {"shakespeare": runs}, tmp_path / "start.html")
    page = (tmp_path / "start.html").read_text(encoding="utf-8")
    assert page.index("1.500") < page.index("2.200"), "the better first"
    assert str(exact(HOSTILE)) in page and "<script>alert" not in page and page.count("<tr>") == 9
    for summary in summaries:
        del summary["model_sha256"]  # as an earlier version wrote them
    start_page(summaries, {"shakespeare": runs}, tmp_path / "old.html")
    start_page(summaries, {}, tmp_path / "alone.html")
    assert (tmp_path / "alone.html").read_text(encoding="utf-8").count("<tr>") == 3
    start_page(read_summaries(tmp_path / "none"), {}, tmp_path / "empty.html")
    assert (tmp_path / "empty.html").is_file()


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
    from poet.report.render import TEMPLATES

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


@example(points=[(0.0, 0.0)], levels=[5e-324])
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
