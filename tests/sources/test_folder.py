"""Folders: which files are taken, what becomes of all others, what names say, links, and mistakes."""

import os

import pytest

from poet.books.manifest import FileCount, describe_files
from poet.cleaning.formats import table
from poet.cleaning.formats.table import Format
from poet.errors import CleaningError, SourceError
from poet.params.sections import FolderSource
from poet.sources import folder_files
from poet.sources.fetched import FetchedBook
from poet.sources.folder import count_files, fetch_folder
from tests.cleaning.formats.packed import epub
from tests.sources.settings import download_settings


def fetch_all(path, *, aliases=False):
    """The books of the folder `path`, and the counts of its files."""
    source = FolderSource(kind="folder", path=str(path), aliases=aliases)
    found = list(fetch_folder(source, download_settings()))
    books = [each for each in found if isinstance(each, FetchedBook)]
    counts = [each for each in found if isinstance(each, FileCount)]
    assert found == [*books, *counts]
    return books, counts


def fetch(path):
    return fetch_all(path)[0]


def write(folder, *names, text="words"):
    """Files with `text` in `folder`, by their names or paths."""
    for name in names:
        path = folder / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_a_folder_yields_its_texts_and_what_their_names_say(tmp_path):
    write(
        tmp_path,
        "own/Emma - Jane Austen - en.txt",
        "own/deep/notes.TXT",
        "own/plain.txt",
        "own/picture.png",
        "own/text",
    )
    ids = [book.id.partition("_")[0] for book in fetch(tmp_path)]
    assert ids == ["own-emma-jane-austen-en", "own-deep-notes", "own-plain"]
    assert [(book.title, book.author, book.language, book.source, book.suffix) for book in fetch(tmp_path)] == [
        ("Emma", "Jane Austen", "en", "folder:own/Emma - Jane Austen - en.txt", ".txt"),
        ("notes", "", "", "folder:own/deep/notes.TXT", ".txt"),
        ("plain", "", "", "folder:own/plain.txt", ".txt"),
    ]
    assert [book.id for book in fetch(tmp_path / "own")][-1] == "plain"
    assert {book.content for book in fetch(tmp_path)} == {b"words"}


def test_ids_stay_when_files_are_added(tmp_path):
    write(tmp_path, "Emma.txt", "Анна Каренина.txt", "a.txt")
    before = {book.source: book.id for book in fetch(tmp_path)}
    write(tmp_path, "emma.txt", "EMMA!.txt", "Emma.TXT", "Война и мир.txt", "A.txt", "a/b.txt", "a-b.txt")
    after = {book.source: book.id for book in fetch(tmp_path)}
    assert len(set(after.values())) == len(after) == 10 and before.items() <= after.items()


def test_nothing_is_passed_over_in_silence(tmp_path):
    write(tmp_path, "a.txt", "b.txt", *(f"{i}.xyz" for i in range(12)), "README", text="words")
    write(tmp_path, "empty.txt", text=" \n")
    write(tmp_path, ".hidden.txt", "__MACOSX/._a.txt", "a.txt~", "a.bak", ".a.txt.swp", "#a.txt#", "Thumbs.db")
    books, counts = fetch_all(tmp_path)
    assert [book.id for book in books] == ["a", "b"]
    assert describe_files(counts) == (
        "2 of 16 files used; not read: 12 .xyz, 1 empty, 1 without suffix; passed over: 7 hidden files or backups"
    )
    names = {count.outcome: count.names for count in counts}
    assert names["empty"] == "empty.txt" and names[".xyz"] == "0.xyz; 1.xyz; 10.xyz; 11.xyz; 2.xyz"


def test_with_aliases_the_counts_hold_no_names(tmp_path):
    write(tmp_path, "a.txt", "Letters to Dr.Secret", "Secret.xyz", ".Secret", "Secret/b.txt~")
    write(tmp_path, "Secret.txt", text="")
    _, counts = fetch_all(tmp_path, aliases=True)
    assert "secret" not in str(counts).casefold()
    assert describe_files(counts) == (
        "1 of 4 files used; not read: 2 of another kind, 1 empty; passed over: 2 hidden files or backups"
    )


def test_a_packed_file_that_is_broken_is_left_out(tmp_path, monkeypatch, capsys):
    def unpack(content, name):
        if content == b"broken":
            raise CleaningError(f"{name} is no archive")
        return content.decode()

    packed = Format(name="packed", decode=unpack, has_licence=False, in_folders=True)
    monkeypatch.setitem(table.FORMATS, ".pack", packed)
    write(tmp_path, "a.pack", "b.txt", text="words")
    write(tmp_path, "c.pack", text="broken")
    books, counts = fetch_all(tmp_path)
    assert [book.title for book in books] == ["a", "b"]
    assert describe_files(counts) == "2 of 3 files used; not read: 1 broken"
    assert "not read: c.pack is no archive" in capsys.readouterr().err


def test_files_without_a_text_are_left_out(tmp_path):
    """A vault has notes of front matter only, and a comic has pictures only; the clean stage would stop at each."""
    (tmp_path / "note.md").write_text("---\ntags: [a]\n---\n", encoding="utf-8")
    (tmp_path / "page.html").write_text("<html><body><img src='a.png'></body></html>", encoding="utf-8")
    (tmp_path / "comic.epub").write_bytes(epub({"a.xhtml": "<html><body><img src='a.png'/></body></html>"}))
    (tmp_path / "utf16.srt").write_bytes("1\n00:00:01,000 --> 00:00:02,000\nHi.\n".encode("utf-16"))
    (tmp_path / "good.md").write_text("Words.", encoding="utf-8")
    books, counts = fetch_all(tmp_path)
    assert [book.title for book in books] == ["good", "utf16"]
    assert describe_files(counts) == "2 of 5 files used; not read: 3 without text"
    counts = count_files(FolderSource(kind="folder", path=str(tmp_path)))
    assert describe_files(counts) == "3 of 5 files used; not read: 2 without text"  # the comic is not unpacked


def test_links_are_followed_inside_the_folder_and_reported_outside(tmp_path):
    write(tmp_path / "other", "secret.txt")
    root = write(tmp_path / "root", "a.txt", "deep/b.txt", ".store/c.txt")
    (root / "deep" / "loop").symlink_to(root)
    (root / "again.txt").symlink_to(root / "a.txt")
    (root / "stored").symlink_to(root / ".store")
    (root / "out").symlink_to(tmp_path / "other")
    (root / "out.txt").symlink_to(tmp_path / "other" / "secret.txt")
    (root / "nothing.txt").symlink_to(root / "missing.txt")
    (root / "self").symlink_to(root / "self")
    (tmp_path / "linked").symlink_to(root)
    for folder in (root, tmp_path / "linked"):
        books, counts = fetch_all(folder)
        assert [book.source for book in books] == ["folder:a.txt", "folder:deep/b.txt", "folder:stored/c.txt"]
        assert {count.outcome: count.names for count in counts} == {
            "used": "",
            "broken link": "nothing.txt; self",
            "hidden file or backup": ".store",
            "linked from outside the folder": "out; out.txt",
            "linked twice": "again.txt; deep/loop",
        }


def test_names_that_no_table_can_hold(tmp_path, capsys):
    write(
        tmp_path, b"\xff\xfe.txt", "two\r\nlines.txt", "bell\a.txt", "a" * 200 + ".txt", "a" * 201 + ".txt", "con.txt"
    )
    books, _ = fetch_all(tmp_path)
    assert len({book.id for book in books}) == 6
    shown = [part for book in books for part in (book.id, book.title, book.source)]
    assert all(part.encode("utf-8") and part.isprintable() for part in shown)
    assert "3 file names" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_what_may_not_be_read_is_counted(tmp_path):
    write(tmp_path, "a.txt", "b.txt", "closed/c.txt")
    (tmp_path / "b.txt").chmod(0)
    (tmp_path / "closed").chmod(0)
    _, counts = fetch_all(tmp_path)
    (tmp_path / "closed").chmod(0o700)
    assert describe_files(counts) == "1 of 3 files used; not read: 2 unreadable"


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(write(tmp_path, "a.txt") / "pipe.txt")
    assert describe_files(fetch_all(tmp_path)[1]) == "1 of 2 files used; not read: 1 no file"


def test_of_two_encodings_of_one_book_the_one_with_more_characters_is_taken(tmp_path):
    write(tmp_path, "10160.txt", "10160-8.txt", "158-0.txt", "158-8.txt", text="Chapter 1 " * 50)
    write(tmp_path, "10.txt", text="Chapter 10")
    write(tmp_path, "10-8.txt", text="Chapters 10 to 8 " * 50)
    books, counts = fetch_all(tmp_path)
    assert [book.id for book in books] == ["10-8", "10", "10160-8", "158-0"]
    assert {count.outcome: count.names for count in counts}[folder_files.OTHER_ENCODING] == "10160.txt; 158-8.txt"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, r"does not exist; make it and put .*\.txt.* files into it"),
        ({}, r"has no .*\.txt.* file; put at least one"),
        ({"notes.xyz": "x"}, r"has no .*\.txt.* file \(0 of 1 file used; not read: 1 \.xyz\)"),
        ({"a.txt": " \n", "b.txt": ""}, r"has no text that can be read: 0 of 2 files used; not read: 2 empty"),
    ],
)
def test_mistakes(tmp_path, files, message):
    if files is not None:
        (tmp_path / "own").mkdir()
        for name, text in files.items():
            (tmp_path / "own" / name).write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=message):
        fetch(tmp_path / "own")
