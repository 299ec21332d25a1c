"""The table of sources: complete, in order, with aliases, and without two books of one id."""

import dataclasses
import typing

import pytest

from poet.books.manifest import MissingBook
from poet.errors import SourceError
from poet.params.sections import CalibreSource, FolderSource, GutenbergSource, Source
from poet.sources.fetched import FetchedBook
from poet.sources.kinds import SOURCES, expected_books, fetch_books
from tests.sources.calibre_library import write_calibre_library
from tests.sources.gutenberg.policy import FAST
from tests.sources.gutenberg.small_mirror import write_mirror
from tests.sources.internet import session_to
from tests.sources.server import Server
from tests.sources.settings import download_settings

SETTINGS = download_settings()


def folder(path, *, aliases=False, **texts):
    """A source of the folder `path` with `texts`, by name."""
    path.mkdir()
    for name, text in texts.items():
        (path / f"{name}.txt").write_text(text, encoding="utf-8")
    return FolderSource(kind="folder", path=str(path), aliases=aliases)


def books_of(sources):
    return [book for book in fetch_books(sources, SETTINGS) if isinstance(book, FetchedBook)]


def test_every_source_of_params_yaml_has_an_entry():
    union, _ = typing.get_args(Source)
    assert set(typing.get_args(union)) == set(SOURCES)


def test_sources_keep_their_order(tmp_path):
    sources = [folder(tmp_path / "z", b="x", a="x"), folder(tmp_path / "a", c="x")]
    assert [book.id for book in books_of(sources)] == ["a", "b", "c"]


def test_two_books_with_one_id_are_refused(tmp_path):
    sources = [folder(tmp_path / "one", **{"a": "x"}), folder(tmp_path / "two", **{"a": "y"})]
    message = (
        f"have the id 'a': folder:a.txt in {tmp_path}/one and folder:a.txt in {tmp_path}/two; rename or remove one"
    )
    with pytest.raises(SourceError, match=message):
        list(fetch_books(sources, SETTINGS))


def test_a_missing_book_is_passed_on(tmp_path):
    sources = [GutenbergSource(kind="gutenberg", ids=[63022, 158])]
    settings = download_settings(str(write_mirror(tmp_path)), allow_missing=True)
    missing, found = fetch_books(sources, settings)
    assert isinstance(missing, MissingBook) and missing.id == "63022"
    assert found.id == "158"


def test_all_sources_of_a_run_share_what_is_known_of_a_server(monkeypatch):
    """A server that the first source could not reach is not tried again by the second, and a pause holds for both."""
    monkeypatch.setattr("poet.sources.gutenberg.mirrors.RequestPolicy", lambda: FAST)
    sources = [GutenbergSource(kind="gutenberg", ids=[number]) for number in (158, 1342, 5)]
    with Server() as busy:
        for number in (158, 1342, 5):
            busy.script[f"/cache/epub/{number}/pg{number}.txt"] = ["status 503"] * 9
        books = list(fetch_books(sources, download_settings(busy.address, allow_missing=True)))
        assert [type(book) for book in books] == [MissingBook] * 3
        assert busy.requested == ["/cache/epub/158/pg158.txt"] * FAST.tries
        # Another run asks again.
        list(fetch_books(sources[:1], download_settings(busy.address, allow_missing=True)))
        assert len(busy.requested) == 2 * FAST.tries


def test_requests_of_two_sources_keep_the_pause(clock, internet, monkeypatch):
    """By the default policy: two seconds between any two requests of the run."""
    monkeypatch.setattr("poet.sources.gutenberg.mirrors.FileSession", lambda: session_to(internet))
    sources = [GutenbergSource(kind="gutenberg", ids=ids) for ids in ([158, 7], [1342], [5])]
    assert len(list(fetch_books(sources, download_settings("https://mirror.example", allow_missing=True)))) == 4
    # The catalog is asked for the titles of books without a header; its requests count too.
    assert len(internet.requests) >= 4
    assert set(internet.distances()) == {2.0}


def test_an_author_of_two_sources_keeps_one_alias(tmp_path):
    library = write_calibre_library(tmp_path / "lib")
    names = {"Diary - Jane Austen & Smith, John - en": "x", "Will - A. Lawyer - en": "x"}
    sources = [
        CalibreSource(kind="calibre", path=str(library), aliases=True),
        folder(tmp_path / "own", aliases=True, **names),
        folder(tmp_path / "public", **{"Emma - Jane Austen - en": "x"}),
    ]
    books = books_of(sources)
    assert [book.author for book in books] == ["Author 1", "Author 1", "Author 2", "Jane Austen"]
    private = " ".join(str(dataclasses.replace(book, content=b"")) for book in books[:3])
    assert not any(word in private for word in ("Austen", "austen", "Emma", "emma", "Diary", "Lawyer", tmp_path.name))


def test_a_bar_counts_listed_books_or_sources(tmp_path):
    gutenberg = GutenbergSource(kind="gutenberg", ids=[158, 1342, 5])
    own = folder(tmp_path / "own")
    assert expected_books([gutenberg, own]) == 3
    assert expected_books([own, own]) == 2


def test_a_new_source_is_one_entry_in_the_table(monkeypatch, tmp_path):
    """As docs/architecture.md says: settings, a function that yields books, an entry. The download stage knows it."""

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class VerseSource:
        verses: list[str]

    def fetch_verses(source, settings):
        for i, verse in enumerate(source.verses):
            content = verse.encode()
            yield FetchedBook(
                id=f"v{i}", title=verse, author="", language="en", source="verses", suffix=".txt", content=content
            )

    monkeypatch.setitem(SOURCES, VerseSource, fetch_verses)
    source = VerseSource(verses=["To be", "or not"])
    assert [book.id for book in books_of([source, folder(tmp_path / "a", x="x")])] == ["v0", "v1", "x"]
    assert expected_books([source]) >= 1


def test_the_encoding_of_a_source_reaches_its_books(tmp_path):
    source = dataclasses.replace(folder(tmp_path / "own", a="x"), encoding="Windows Code Page 1252")
    assert [book.encoding for book in books_of([source])] == ["cp1252"]
    with pytest.raises(SourceError, match="a source of kind folder has `encoding: rot_13`, which is no charset"):
        list(fetch_books([dataclasses.replace(source, encoding="rot_13")], SETTINGS))
