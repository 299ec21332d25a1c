"""Small and odd collections: each goes through download, clean and tokenize, or stops with one clear line."""

import pytest

from poet.books.manifest import CleanBook, read_manifest
from poet.errors import PoetError
from poet.params.sections import Collection, FolderSource
from poet.tokens.token_files import open_tokens
from stages.clean import clean
from stages.download import download
from tests.recipes import CLEAN
from tests.sources.settings import download_settings
from tests.stages.small import tokenize_books
from tests.texts import babble

LINE = "Shall I compare thee to a summer's day? "


def build(tmp_path, *folders):
    """Download, clean and tokenize a collection of `folders`; returns its books."""
    sources = [FolderSource(kind="folder", path=str(folder)) for folder in folders]
    download(Collection(title="Odd", sources=sources), download_settings(), tmp_path / "raw")
    clean(tmp_path / "raw", CLEAN, out=tmp_path / "clean", quality=tmp_path / "corpus.json")
    tokenize_books(tmp_path / "clean", tmp_path / "tokens")
    assert open_tokens(tmp_path / "tokens").meta["splits"]["train"]["characters"] > 0
    return read_manifest(tmp_path / "clean" / "manifest.csv", CleanBook)


@pytest.mark.parametrize(
    "texts",
    [
        {"poem": "\n".join([LINE.strip()] * 13)[:500]},
        {"line": babble(1, 1000)[:1000].replace("\n", " ") * 5000},
        {"book": babble(2, 20_000)},
        {"good": babble(3, 500), "empty": "", "blank": "\n \n"},
    ],
    ids=lambda texts: next(iter(texts)),
)
def test_an_odd_collection_is_tokenized(write_books, tmp_path, texts):
    books = build(tmp_path, write_books(**texts))
    assert [book.id for book in books] == [name for name, text in texts.items() if text.strip()]


def test_two_folders_make_one_collection(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").write_text(babble(len(name), 300), encoding="utf-8")
    assert [book.id for book in build(tmp_path, tmp_path / "one", tmp_path / "two")] == ["one", "two"]
    (tmp_path / "two" / "one.txt").write_text("other words", encoding="utf-8")
    with pytest.raises(PoetError, match="two books of the collection have the id 'one'"):
        build(tmp_path, tmp_path / "one", tmp_path / "two")
