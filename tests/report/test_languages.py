"""Language and direction of what pages show: of texts from the manifest, of the page itself English."""

import dataclasses
import re

import pytest

from poet.report.collection_page import collection_page, summarize
from poet.report.languages import language_attributes
from poet.report.passages import Shelf, show_samples
from poet.report.start_page import start_page
from tests.report.shelf import HOSTILE, made_up_books, made_up_results, made_up_samples, shipped_params


def results_in(*languages):
    """Made-up results whose books have `languages`, in turn."""
    books, texts = made_up_books()
    books = [dataclasses.replace(book, language=languages[i % len(languages)]) for i, book in enumerate(books)]
    shelf = Shelf(books, texts.__getitem__)
    shown = show_samples(shelf, *made_up_samples(books, texts, 2), shipped_params().report)
    return dataclasses.replace(made_up_results(), shelf=shelf, samples=shown)


@pytest.mark.parametrize(
    ("languages", "attributes"),
    [(["he"], 'lang="he" dir="rtl"'), (["zh"], 'lang="zh" dir="auto"'), (["ar", "en"], 'dir="auto"')],
)
def test_samples_have_the_language_that_all_books_share(languages, attributes):
    results = results_in(*languages)
    page, start = collection_page(results, shipped_params()), start_page([summarize(results, "abc")], {})
    for one in (page, start):
        assert one.startswith('<!doctype html>\n<html lang="en" dir="ltr">')
    assert set(re.findall(r'<p class="text" ([^>]*)>', page)) == {attributes}
    assert re.findall(r'<blockquote (?:class="excerpt" )?([^>]*)>', start) == [attributes]
    assert set(re.findall(r'<q class="prompt-title" ([^>]*)>', page)) == {attributes}


def test_passages_of_a_book_have_its_language():
    page = collection_page(results_in("ar", "en"), shipped_params())
    assert {*re.findall(r"<blockquote (?!class)([^>]*)>", page)} == {'lang="ar" dir="rtl"', 'lang="en" dir="auto"'}


@pytest.mark.parametrize("language", ["", "English", "en; fr", '" onclick="x', HOSTILE, "x" * 50])
def test_what_is_no_code_of_a_language_is_left_out(language):
    assert language_attributes(language) == ' dir="auto"'
