"""Aliases hide everything: no stage writes a name of a private book, its author, its file or its folder."""

import dataclasses

from poet.params.sections import CalibreSource, Collection
from poet.report.collection_page import recipe
from poet.report.passages import Shelf
from stages.clean import clean
from stages.download import download
from tests.cleaning.frames import FOOTER_2008, HEADER_2008
from tests.recipes import CLEAN
from tests.report.shelf import a_book
from tests.sources.settings import download_settings, folder_collection
from tests.stages.small import tokenize_books
from tests.texts import babble

SECRET = "Zorblatt"


def prose(seed, words):
    """A text of several paragraphs, as a book has them."""
    text = babble(seed, words).split()
    return "CHAPTER I\n\n" + "".join(" ".join(text[i : i + 50]) + ".\n\n" for i in range(0, len(text), 50))


def private_collection(tmp_path):
    """A collection with the secret name in its folders, files, authors, titles, headers and footers."""
    folder = tmp_path / f"{SECRET} texts"
    (folder / SECRET).mkdir(parents=True)
    header = HEADER_2008.replace("Emma", SECRET) + f"Produced by {SECRET}\n\n\n"
    for number, name in enumerate((f"Diary of {SECRET} - A. {SECRET} - en.txt", f"{SECRET}/notes.txt")):
        (folder / name).write_text(header + prose(number, 2000) + FOOTER_2008, encoding="utf-8")
    (folder / f"again {SECRET}.txt").write_text(header + prose(1, 1900) + FOOTER_2008, encoding="utf-8")
    for name in (f"{SECRET}.xyz", f"letters to Dr.{SECRET}", f".{SECRET}", f"{SECRET}.txt~"):
        (folder / name).write_text("x", encoding="utf-8")
    (folder / f"empty {SECRET}.txt").touch()
    (folder / f"link {SECRET}.txt").symlink_to(tmp_path)
    return folder_collection(folder, aliases=True)


def test_no_stage_writes_a_secret_name(tmp_path):
    out = tmp_path / "out"
    download(private_collection(tmp_path), download_settings(), out / "raw")
    clean(out / "raw", CLEAN, out=out / "clean", quality=out / "corpus.json")
    tokenize_books(out / "clean", out / "tokens")
    files = [path for path in out.rglob("*") if path.is_file()]
    # The test would see nothing if the secret were not in what was removed.
    assert "licence" in (out / "clean" / "removals.csv").read_text(encoding="utf-8")
    # The raw texts are the books as they were; only what they are called is hidden.
    raw_texts = set((out / "raw").glob("*.txt"))
    assert len(raw_texts) == 3 and (out / "clean" / "removals.csv") in files
    for path in files:
        content = path.name.encode() + (b"" if path in raw_texts else path.read_bytes())
        assert SECRET.casefold() not in content.decode("utf-8", "replace").casefold(), path


def test_the_report_shows_no_secret_place(tmp_path, params):
    private = private_collection(tmp_path)
    calibre = CalibreSource(kind="calibre", path=f"/{SECRET}", aliases=True)
    chosen = Collection(title="Private", sources=[*private.sources, calibre])
    shown = recipe(dataclasses.replace(params, collections={"mine": chosen}), "mine")
    assert "collections.mine.sources" in shown and SECRET not in str(shown)
    public = dataclasses.replace(private, sources=[dataclasses.replace(private.sources[0], aliases=False)])
    assert SECRET in str(recipe(dataclasses.replace(params, collections={"mine": public}), "mine"))


def test_the_headings_of_a_private_book_are_hidden():
    text = f"CHAPTER I: {SECRET}\n\nIt was a dark night."
    books = [a_book("open"), a_book("closed", source="private")]
    shelf = Shelf(books, lambda book: text)
    assert SECRET.casefold() in shelf.place("open", 30).heading.casefold()
    assert shelf.place("closed", 30).heading == ""
