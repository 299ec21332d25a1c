"""`poet attribute`: what it prints, as text, JSON and HTML, for harmless and hostile texts."""

import dataclasses
import html
import json
import re

import pytest
from click.testing import CliRunner

from poet.attribution.build_index import index_books
from poet.books.manifest import MANIFEST, CleanBook, write_manifest
from poet.cli import main
from poet.results.samples import write_samples
from tests.attribution.shelf import sample
from tests.clone import ROOT
from tests.report.shelf import a_book

HOSTILE = '<script>alert("x")</script> & \x1b[31mred\u202e \0 e\u0301'


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `poet attribute` in a folder with an index of two books."""
    monkeypatch.chdir(tmp_path)
    books = [("a", "It was the best of times, it was the worst of times. " + HOSTILE), ("b", "the worst of times")]
    index_books(books, tmp_path / "data/index/shakespeare")

    def invoke(*words, text=None):
        arguments = ["attribute", *words, "--params", str(ROOT / "params.yaml")]
        return CliRunner().invoke(main, arguments, input=text)

    return invoke


def test_passages_are_shown_with_their_books(run):
    result = run("-", "--min-length", "10", text="So it was the worst of times, was it? IT WAS THE BEST")
    assert result.exit_code == 0, result.output
    assert "it was the worst of times[1]" in result.output
    assert re.search(r"\[1\] \d+ characters at 25", result.output)
    assert "IT WAS THE BEST[1]" in result.output and "near copy" in result.output
    assert "no passage of 5 characters or more" in run("-", "--min-length", "5", text="zzz").output


def test_json_is_a_row_of_attribution_jsonl(run, tmp_path):
    (tmp_path / "x.txt").write_text("the worst of times", encoding="utf-8")
    result = run(str(tmp_path / "x.txt"), "--json", "--min-length", "5")
    (row,) = map(json.loads, result.output.splitlines())
    (span,) = row["spans"]
    assert (row["sample"], row["near"]) == (0, [])
    assert {"start", "end", "shared", "sources", "exact", "surprise"} <= span.keys()
    assert span["sources"] == [
        {"book": "a", "start": 33, "end": 51, "count": 1},
        {"book": "b", "start": 0, "end": 18, "count": 1},
    ]


def test_the_page_is_the_text_and_escapes_it(run, tmp_path):
    text = "Well. " + HOSTILE + " the best of times"
    assert run("-", "--html", "out.html", "--min-length", "4", text=text).exit_code == 0
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert page.count("<script") == 1, "our own, which the policy names by its hash"
    paragraph = re.search(r'<p class="text"[^>]*>(.*?)</p>', page, re.DOTALL)[1]
    shown = html.unescape(re.sub("<[^>]*>", "", paragraph))
    # HTML cannot hold NUL; the page shows a symbol for it.
    assert shown == text.replace("\0", "\N{SYMBOL FOR NULL}")
    assert "standard input" in page and "seed" not in re.sub(r"(?s)<(style|script)>.*?</\1>", "", page)


def test_the_page_shows_where_a_passage_stands_if_the_books_are_here(run, tmp_path):
    clean = tmp_path / "data/clean/shakespeare"
    write_manifest(clean / MANIFEST, [a_book("a", file="a.txt"), a_book("b", file="b.txt")], CleanBook)
    (tmp_path / "poem.txt").write_text("So it was the worst of times, was it?", encoding="utf-8")
    trace = ("poem.txt", "--html", "out.html", "--min-length", "10")
    for text, quoted in (("It was the best of times, it was the worst of times. ", True), ("Another text.", False)):
        (clean / "a.txt").write_text(text, encoding="utf-8")
        assert run(*trace).exit_code == 0
        page = (tmp_path / "out.html").read_text(encoding="utf-8")
        assert ("…It was the best of times, <mark>it was the worst of times" in page) == quoted
        assert ("from character 26" in page) == (not quoted), "the text is not that of the index"
        assert "poem.txt</bdi>" in page and "<cite><bdi>T</bdi></cite>, <bdi>A</bdi>" in page


def test_an_index_of_its_own_needs_no_project(run, tmp_path, monkeypatch):
    monkeypatch.chdir((tmp_path / "data").rename(tmp_path / "elsewhere"))
    result = CliRunner().invoke(
        main,
        ["attribute", "-", "--index", "index/shakespeare", "--html", "out.html", "--min-length", "9"],
        input="IT WAS THE worst of times",
    )
    assert result.exit_code == 0 and result.output == ""
    page = (tmp_path / "elsewhere/out.html").read_text(encoding="utf-8")
    assert "the books of an index" in page and "<cite><bdi>a</bdi></cite></p>" in page
    assert "from character" in page and "near copy" in page and "<blockquote" not in page


def test_the_terminal_gets_nothing_to_obey(run):
    output = run("-", "--min-length", "4", text=HOSTILE).output
    assert "\x1b" not in output and "\0" not in output and "\u202e" not in output


def test_the_samples_of_a_run(run, tmp_path):
    samples = [sample(7, "the worst of times"), sample(8, "none")]
    write_samples(tmp_path / "reports/shakespeare/samples.jsonl", samples)
    found = list(map(json.loads, run("--samples", "--json", "--min-length", "9").output.splitlines()))
    assert [(row["sample"], len(row["spans"])) for row in found] == [(7, 1), (8, 0)]
    assert run("--samples", "--html", "out.html", "--min-length", "9").exit_code == 0
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert 'id="sample-8"' in page and "Sample 7</bdi></a>, temperature 1, seed 7: 100.0" in page


def test_errors_say_what_to_do(run, tmp_path):
    assert "either a FILE" in run().output
    assert "either a FILE" in run("-", "--samples", text="x").output
    assert "is not UTF-8 (byte 1)" in run("-", text=b"a\xff").output
    assert "Run `dvc repro`" in run("-", "--index", "nowhere", text="x").output


@pytest.mark.parametrize(
    ("language", "attributes"), [("he", ' lang="he" dir="rtl"'), ("en", ' lang="en" dir="auto"'), ("", ' dir="auto"')]
)
def test_the_page_has_the_language_of_the_books(run, tmp_path, language, attributes):
    rows = [dataclasses.replace(a_book(book), language=language) for book in ("a", "b")]
    write_manifest(tmp_path / "data/clean/shakespeare" / MANIFEST, rows, CleanBook)
    assert run("-", "--html", "out.html", "--min-length", "4", text="the best of times").exit_code == 0
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert '<html lang="en" dir="ltr">' in page and f'<p class="text"{attributes}>' in page
