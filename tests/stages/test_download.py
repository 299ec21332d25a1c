"""The stage download: all books with a manifest or nothing at all, and no request twice."""

import dataclasses
import hashlib
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from poet.books.manifest import Book, FileCount, MissingBook, describe_files, read_manifest
from poet.errors import SourceError
from poet.params.sections import Collection
from poet.sources.gutenberg import cache
from stages.download import download, main
from tests.clone import ROOT
from tests.sources.gutenberg.small_mirror import serve, write_mirror
from tests.sources.server import Server
from tests.sources.settings import download_settings, folder_collection, gutenberg_collection


@pytest.fixture
def small_mirror(tmp_path):
    return write_mirror(tmp_path / "mirror")


@pytest.fixture
def served(small_mirror):
    """The small mirror as a web server."""
    with Server() as server:
        serve(server, small_mirror)
        yield server


def manifest(folder):
    return read_manifest(folder / "manifest.csv", Book)


def test_the_command_downloads_the_plays(tmp_path):
    options = ["--params", str(ROOT / "params.yaml"), "--collection", "shakespeare", "--out", str(tmp_path / "raw")]
    result = CliRunner().invoke(main, options)
    assert result.exit_code == 0, result.output
    books = manifest(tmp_path / "raw")
    total = sum(book.bytes for book in books)
    assert f"{len(books)} books, {total:,} bytes in {tmp_path}" in " ".join(result.output.split())
    assert len(books) == 38
    for book in books:
        content = (tmp_path / "raw" / book.file).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (book.bytes, book.sha256)
    assert read_manifest(tmp_path / "raw" / "missing.csv", MissingBook) == []


@pytest.mark.parametrize("over_http", [False, True])
def test_a_mirror_serves_the_same_bytes_from_a_folder_and_over_http(over_http, small_mirror, served, tmp_path):
    settings = download_settings(served.address if over_http else str(small_mirror))
    download(gutenberg_collection(158, 5), settings, tmp_path / "raw")
    books = manifest(tmp_path / "raw")
    assert [(book.id, book.title) for book in books] == [("158", "Emma"), ("5", "Project Gutenberg 5")]
    assert [book.source for book in books] == ["gutenberg:cache/epub/158/pg158.txt", "gutenberg:0/5/5-8.txt"]
    assert (tmp_path / "raw" / "158.txt").read_bytes() == (small_mirror / "cache/epub/158/pg158.txt").read_bytes()


def test_a_missing_book_leaves_nothing_half_written(small_mirror, tmp_path):
    with pytest.raises(SourceError, match="no mirror has book 63022"):
        download(gutenberg_collection(158, 63022), download_settings(str(small_mirror)), tmp_path / "raw")
    assert {path.name for path in tmp_path.iterdir()} == {"mirror"}


def test_a_missing_book_may_be_allowed(small_mirror, tmp_path):
    settings = download_settings(str(small_mirror), allow_missing=True)
    download(gutenberg_collection(63022, 158), settings, tmp_path / "raw")
    assert [book.id for book in manifest(tmp_path / "raw")] == ["158"]
    (missing,) = read_manifest(tmp_path / "raw" / "missing.csv", MissingBook)
    assert missing.id == "63022" and missing.tried.startswith(f"{small_mirror}/cache/epub/63022/pg63022.txt does not")


def test_no_book_at_all_is_an_error_even_then(small_mirror, tmp_path):
    settings = download_settings(str(small_mirror), allow_missing=True)
    with pytest.raises(SourceError, match="no source had any book"):
        download(gutenberg_collection(63022), settings, tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def test_a_second_collection_downloads_nothing_twice(served, tmp_path):
    download(gutenberg_collection(158), download_settings(served.address), tmp_path / "one")
    served.requested.clear()
    download(gutenberg_collection(5, 158), download_settings(served.address), tmp_path / "two")
    assert "/0/5/5-8.txt" in served.requested
    assert not any("158" in path for path in served.requested)
    assert (tmp_path / "one" / "158.txt").read_bytes() == (tmp_path / "two" / "158.txt").read_bytes()


def test_aliases_hide_every_name(write_books, tmp_path):
    texts = write_books(**{"Diary - Jane Austen - en": "private words", "Will - A. Lawyer - en": "private words"})
    download(folder_collection(texts, aliases=True), download_settings(), tmp_path / "raw")
    names = [path.name for path in (tmp_path / "raw").iterdir()]
    shown = (tmp_path / "raw" / "manifest.csv").read_text(encoding="utf-8") + " ".join(names)
    assert "Author 2" in shown and sum(name.startswith("book-") for name in names) == 2
    assert not any(word.casefold() in shown.casefold() for word in ("Austen", "Diary", "Lawyer", "Will -", "texts"))


def test_the_stage_says_and_keeps_what_became_of_every_file(write_books, tmp_path, capsys):
    texts = write_books(a="x", b="", c="y")
    (texts / "d.xyz").write_text("z", encoding="utf-8")
    download(folder_collection(texts), download_settings(), tmp_path / "raw")
    line = "2 of 4 files used; not read: 1 .xyz, 1 empty"
    assert line in capsys.readouterr().err
    assert describe_files(read_manifest(tmp_path / "raw" / "files.csv", FileCount)) == line


def test_a_download_replaces_the_one_before(write_books, tmp_path):
    first = folder_collection(write_books(a="x", b="y"))
    download(first, download_settings(), tmp_path / "raw")
    (tmp_path / "texts" / "a.txt").unlink()
    download(dataclasses.replace(first, title="Less"), download_settings(), tmp_path / "raw")
    assert {path.name for path in (tmp_path / "raw").iterdir()} == {"b.txt", "files.csv", "manifest.csv", "missing.csv"}


def test_the_books_of_several_sources_are_in_one_manifest(write_books, small_mirror, tmp_path):
    sources = [*gutenberg_collection(158).sources, *folder_collection(write_books(own="x")).sources]
    download(Collection(title="Both", sources=sources), download_settings(str(small_mirror)), tmp_path / "raw")
    assert [book.id for book in manifest(tmp_path / "raw")] == ["158", "own"]


def test_a_download_killed_anywhere_loses_and_repeats_nothing(tmp_path):
    """The real stage on three books, killed while the second is on its way, then run again."""
    with Server() as server:
        for number in (7, 8, 9):
            server.files[f"/cache/epub/{number}/pg{number}.txt"] = b"Title: A book\n\n" + b"To be, or not.\n" * 2000
        server.script["/cache/epub/8/pg8.txt"] = ["stall 30"]
        params = (ROOT / "params.yaml").read_text(encoding="utf-8")
        shelf = "collections:\n  x:\n    title: X\n    sources:\n      - {kind: gutenberg, ids: [7, 8, 9]}\n"
        params = params.replace("collections:\n", shelf).replace("https://gutenberg.pglaf.org", server.address)
        (tmp_path / "params.yaml").write_text(params, encoding="utf-8")
        command = [sys.executable, "-m", "stages.download", "--params", str(tmp_path / "params.yaml")]
        command += ["--collection", "x", "--out", str(tmp_path / "raw")]
        with subprocess.Popen(command, cwd=ROOT) as process:
            assert server.stalled.wait(60)
            process.send_signal(signal.SIGKILL)
        assert not (tmp_path / "raw").exists()
        assert cache.find_book(7) is not None
        server.requested.clear()
        subprocess.run(command, cwd=ROOT, check=True)
        assert server.requested == ["/cache/epub/8/pg8.txt", "/cache/epub/9/pg9.txt"]
    names = {path.name for path in (tmp_path / "raw").iterdir()}
    assert names == {"7.txt", "8.txt", "9.txt", "manifest.csv", "missing.csv"}
