"""The catalog: what a query finds, and files that are no catalog."""

import pytest

from poet.errors import SourceError
from poet.sources.gutenberg.catalog import CatalogQuery, open_catalog, search
from poet.sources.gutenberg.mirrors import Mirrors
from tests.sources.gutenberg.small_mirror import write_catalog


@pytest.fixture
def folder(tmp_path):
    """A mirror that has the small catalog."""
    write_catalog(tmp_path / "mirror")
    return tmp_path / "mirror"


def find(folder, **query):
    return search(open_catalog(Mirrors([str(folder)], max_bytes=10**6)), CatalogQuery(**query))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"authors": ["bronte"]}, [768, 1260]),
        ({"authors": ["BRONTË emily"]}, [768]),
        ({"authors": ["emily", "kant"]}, [768, 4280, 6342]),
        ({"authors": ["kant"], "languages": ["de"]}, [6342]),
        ({"languages": ["LA"]}, [4280]),
        ({"titles": ["eyre autobiography"]}, [1260]),
        ({"subjects": ["gothic"]}, [768, 1260]),
        ({"ids": [6342, 9846, 1]}, [6342]),
        ({"authors": ["nobody"]}, []),
        ({}, [768, 1260, 4280, 6342]),
    ],
)
def test_searching(folder, query, ids):
    assert [entry.id for entry in find(folder, **query)] == ids
    assert CatalogQuery(**query).is_empty == (query == {})


def test_titles_lose_their_line_breaks(folder):
    (entry,) = find(folder, ids=[1260])
    assert entry.title == "Jane Eyre An Autobiography"


@pytest.mark.parametrize(
    "content", ["a,b\n1,2\n", "Text#,Type,Issued,Title,Language,Authors,Subjects,Bookshelves\nx,Text,,,,,,\n"]
)
def test_a_file_that_is_no_catalog_is_named(folder, content):
    path = write_catalog(folder, content)
    with pytest.raises(SourceError, match=f"{path} is not Gutenberg's catalog"):
        find(folder, authors=["x"])


def test_no_catalog_at_all_is_an_error_with_every_address(tmp_path):
    with pytest.raises(SourceError, match=r"(?s)no mirror has Gutenberg's catalog.*pg_catalog\.csv does not exist"):
        find(tmp_path, authors=["x"])
