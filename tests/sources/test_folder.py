"""Folders: which files are taken, what their names say, and mistakes."""

import pytest

from poet.errors import SourceError
from poet.params.sections import FolderSource
from poet.sources.folder import fetch_folder
from tests.sources.settings import download_settings


def fetch(path):
    return list(fetch_folder(FolderSource(kind="folder", path=str(path)), download_settings()))


def test_a_folder_yields_its_texts_and_what_their_names_say(tmp_path):
    (tmp_path / "own" / "deep").mkdir(parents=True)
    for name in ("Emma - Jane Austen - en.txt", "deep/notes.TXT", "picture.png", "README.md", "text"):
        (tmp_path / "own" / name).write_text("words", encoding="utf-8")
    assert [
        (book.id, book.title, book.author, book.language, book.source, book.suffix) for book in fetch(tmp_path)
    ] == [
        ("own-emma-jane-austen-en", "Emma", "Jane Austen", "en", "folder:own/Emma - Jane Austen - en.txt", ".txt"),
        ("own-deep-notes", "notes", "", "", "folder:own/deep/notes.TXT", ".txt"),
    ]
    assert {book.content for book in fetch(tmp_path)} == {b"words"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, r"does not exist; make it and put \.txt files into it"),
        ({}, r"has no \.txt file"),
        ({"notes.md": "x"}, r"has no \.txt file"),
        ({"a.txt": " \n"}, r"a\.txt is empty"),
    ],
)
def test_mistakes(tmp_path, files, message):
    if files is not None:
        (tmp_path / "own").mkdir()
        for name, text in files.items():
            (tmp_path / "own" / name).write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=message):
        fetch(tmp_path / "own")
