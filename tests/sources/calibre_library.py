"""A small Calibre library, in Calibre's own tables as far as they are read."""

import sqlite3
from pathlib import Path


def write_calibre_library(folder: Path, path: str = "Jane Austen/Emma (1)") -> Path:
    """Two books in the library `folder`; one of them has a text, in the sub-folder `path`. Returns `folder`."""
    (folder / path).mkdir(parents=True)
    (folder / path / "Emma - Jane Austen.txt").write_text("Emma Woodhouse", encoding="utf-8")
    with sqlite3.connect(folder / "metadata.db") as database:
        database.executescript(f"""
            CREATE TABLE books (id INTEGER, title TEXT, path TEXT);
            CREATE TABLE data (book INTEGER, format TEXT, name TEXT);
            CREATE TABLE authors (id INTEGER, name TEXT);
            CREATE TABLE books_authors_link (id INTEGER, book INTEGER, author INTEGER);
            CREATE TABLE languages (id INTEGER, lang_code TEXT);
            CREATE TABLE books_languages_link (book INTEGER, lang_code INTEGER, item_order INTEGER);
            INSERT INTO books VALUES (1, 'Emma', '{path}'), (2, 'Picture book', 'X');
            INSERT INTO data VALUES (1, 'TXT', 'Emma - Jane Austen'), (1, 'EPUB', 'Emma'), (2, 'PDF', 'x');
            INSERT INTO authors VALUES (1, 'Jane Austen'), (2, 'Smith| John');
            INSERT INTO books_authors_link VALUES (1, 1, 1), (2, 1, 2);
            INSERT INTO languages VALUES (7, 'eng');
            INSERT INTO books_languages_link VALUES (1, 7, 0);
        """)
    database.close()
    return folder
