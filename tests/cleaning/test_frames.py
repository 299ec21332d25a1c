"""Frames and notes of kinds that were not in the mirror: wrapped markers, other hosts, thirteen languages."""

import pytest

from poet.errors import CleaningError
from tests.cleaning.frames import BODY, FOOTER_2008, HEADER_2008, cleaned

TITLE = "EMMA\n\nby Jane Austen\n\n\n"
BOOK = TITLE + BODY * 5
LEFT = BOOK.strip("\n") + "\n"

AUSTRALIA = """Title: Emma
Author: Jane Austen
* A Project Gutenberg of Australia eBook *
eBook No.: 0602221.txt
Edition: 1
Language: English
Character set encoding: Latin-1(ISO-8859-1)--8 bit
Date first posted: June 2006

This eBook was produced by: A Volunteer

Project Gutenberg of Australia eBooks are created from printed editions
which are in the public domain in Australia.

Copyright laws are changing all over the world.

This eBook is made available at no cost and with almost no restrictions
whatsoever.

To contact Project Gutenberg of Australia go to http://gutenberg.net.au


"""
CANADA = """* A Project Gutenberg Canada Ebook *

This ebook is made available at no cost and with very few
restrictions. If either of these conditions applies, please
check gutenberg.ca/links/licence.html before proceeding.

This work is in the Canadian public domain, but may be under
copyright in some countries.

Title: Emma
Author: Austen, Jane (1775-1817)
Date of first publication: 1815
Edition used as base for this ebook:
   London: John Murray, 1816
Date first posted: 23 May 2012
Project Gutenberg Canada ebook #949

This ebook was produced by A Volunteer
and the Online Distributed Proofreading Team at http://www.pgdpcanada.net

"""
FADED_PAGE = """* A Distributed Proofreaders Canada eBook *

This eBook is made available at no cost and with very few restrictions. If either of these conditions applies, please
contact a https://www.fadedpage.com administrator before proceeding.

This work is in the Canadian public domain, but may be under copyright in some countries.

Title: Emma

Author: Jane Austen

Date first posted: August 1, 2014

Faded Page eBook #20140801

"""
EUROPE = """The Project Gutenberg EBook of Emma, by Jane Austen
at Project Gutenberg Europe

This eBook is for the use of anyone anywhere, under the terms of the licence at pge.rastko.net

*** START OF THIS PROJECT GUTENBERG EBOOK EMMA ***

"""
CANADIAN_END = "\n\n\n[The end of _Emma_ by Jane Austen]\n"
TOP = "*** START OF THIS PROJECT GUTENBERG EBOOK EMMA ***\n\n"

FRAMES = {
    "a start marker over three lines": (
        HEADER_2008.replace(
            "EMMA ***", "EMMA, THE VERY LONG HISTORY OF A\nSMALL TOWN ON THE RIVER AND OF ITS\nPEOPLE ***"
        ),
        FOOTER_2008.replace("EMMA ***", "EMMA, THE VERY LONG HISTORY\nOF A SMALL TOWN ***"),
    ),
    "markers without stars": (
        "Title: Emma\n\nSTART OF THE PROJECT GUTENBERG EBOOK EMMA\n\n",
        "\n\nEND OF THE PROJECT GUTENBERG EBOOK EMMA\n\nProject Gutenberg-tm licence\n",
    ),
    "copyrighted": (
        "*** START OF THE COPYRIGHTED PROJECT GUTENBERG EBOOK EMMA ***\n\n",
        "\n*** END OF THE COPYRIGHTED PROJECT GUTENBERG EBOOK EMMA ***\n\nThe Project Gutenberg Literary Archive\n",
    ),
    "fields without a start marker": ("Title: Emma\nAuthor: Jane Austen\nTranslator: A. B.\n\n", FOOTER_2008),
    "fields below the start marker": (
        TOP + "Author: Jane Austen\n\nTitle: Emma\n\nEncoding: ISO-8859-1\n\n",
        FOOTER_2008,
    ),
    "an end line over two lines": (
        TOP,
        "\n\nEnd of the Project Gutenberg EBook of Emma, the History of a Small Town\non the River, by Jane Austen\n",
    ),
    "an end line with the author below": (TOP, "\n\nThe end of Project Gutenberg's Etext of Emma\nby Jane Austen\n"),
    "Project Gutenberg of Australia": (AUSTRALIA, "\n\nEnd of this Project Gutenberg of Australia eBook\n"),
    "Project Gutenberg Canada": (CANADA, CANADIAN_END),
    "Faded Page": (FADED_PAGE, CANADIAN_END),
    "Project Gutenberg Europe": (EUROPE, FOOTER_2008),
}


@pytest.mark.parametrize("name", FRAMES)
def test_the_frame_goes_and_the_book_stays(name):
    before, after = FRAMES[name]
    assert cleaned(before + "\n" + BOOK + after).text == LEFT


def test_the_lines_of_internet_wiretap_go_and_the_title_between_them_stays():
    text = (
        TOP
        + "The Internet Wiretap 1st Online Edition of\n\n\n"
        + TITLE
        + "Entered by A Reader\nreader@example.org\n\n\n\n"
    )
    assert cleaned(text + BODY * 5).text == LEFT


@pytest.mark.parametrize(
    "line",
    [
        "To contact Project Gutenberg of Australia go to http://gutenberg.net.au",
        "check gutenberg.ca/links/licence.html before proceeding.",
        "please contact a https://www.fadedpage.com administrator",
        "Faded Page eBook #20140801",
        "A Distributed Proofreaders Canada eBook",
        "the licence at PGE.RASTKO.NET",
        "The Internet Wiretap Online Edition of",
        "This eBook is made available at no cost and with very few restrictions",
        "*****This file should be named emma10.txt or emma10.zip*****",
    ],
)
def test_no_licence_of_any_host_passes(line):
    with pytest.raises(CleaningError, match="a line of the Gutenberg licence would remain"):
        cleaned(BODY * 60 + "Words before it.\n" + line + "\n\n" + BODY * 60)


def test_files_that_were_joined_lose_only_the_frames_between_them():
    """Two volumes, each with its own header and licence: both books stay, however short they are."""
    licence = FOOTER_2008 + "\nProject Gutenberg-tm trademark. " * 200 + "\n\n"
    for size in (3, 150):
        result = cleaned((HEADER_2008 + "\n" + BODY * size + licence) * 2)
        assert result.text.count("dark night") == 60 * size
    # An end marker with nothing of a licence below it does not end the book.
    assert (
        cleaned(BODY * 5 + "\n*** END OF THE PROJECT GUTENBERG EBOOK A ***\n\n" + BODY * 60).text.count("dark") == 1950
    )


def test_an_essay_about_the_project_keeps_its_first_words():
    text = "Project Gutenberg was founded in 1971.\n\nTitle: a word that means much.\n\n" + BODY
    assert cleaned(text).text == text.strip("\n") + "\n"


HEADINGS = [
    "TRANSCRIBER'S NOTE",
    "Transcription notes",
    "Anmerkung des Transkriptors",
    "Anmerkungen zur Transkription",
    "Note du transcripteur",
    "Notes sur la transcription",
    "Nota del Transcriptor",
    "NOTAS DE TRANSCRIPCIÓN",
    "NOTE DEL TRASCRITTORE",
    "Nota di trascrizione",
    "Notas do transcritor",
    "Nota de transcrição",
    "Opmerkingen van de transcribent",
    "Opmerkingen van de bewerker",
    "Huomautus verkkojulkaisusta",
    "Transkriboijan huomautuksia",
    "Transkriberarens anmärkningar",
    "Anmärkningar till transkriptionen",
    "Transskribentens bemærkninger",
    "Bemærkninger til transskriptionen",
    "Transkribørens merknader",
    "Merknader til transkripsjonen",
    "Noto de la transskribinto",
    "Rimarkoj pri la transskribo",
    "Nota transcriptoris",
    "Annotationes transcriptoris",
    "Errata noted by the transcriber",
]
WORDS = "Long words of the book go on\nfrom line to line.\n"


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_note_goes_at_both_ends_with_and_without_brackets(heading):
    shapes = [f"{heading}\n\n{WORDS}", f"{heading}: {WORDS}", f"  * {heading.upper()}:\n{WORDS}"]
    for note in shapes:
        assert cleaned(TOP + f"{note}\n\n\n{BOOK}").text == LEFT, note
        assert cleaned(TOP + f"{BOOK}\n\n{note}").text == LEFT, note
    # A bracketed note ends at its bracket: what follows, after one blank line, is the book's.
    bracketed = f"[{heading}: {WORDS}\nAnd [more].]\n\n"
    assert cleaned(TOP + bracketed + BOOK).text == LEFT
    assert cleaned(TOP + BOOK + bracketed + BODY).text == (BOOK + BODY).strip("\n") + "\n"
    assert cleaned(TOP + f"{heading}: {WORDS}\n{BOOK}").text == LEFT, "a title in capitals is no part of a note"


@pytest.mark.parametrize(
    "line",
    [
        "The transcriber's notes lay on the table,\nand nobody read them.\n",
        "He had read all day, and at last took the\nnotes of the transcriber from the shelf.\n",
        "Note on the transcription of Arabic names\n\nThe names are written as they are spoken.\n",
        "Notes\n\nThe spelling of names was corrected.\n",
        "This e-book is about a small town.\n",
        "[This e-book is about a small town.]\n",
    ],
)
def test_the_author_writes_of_notes_and_books_as_well(line):
    text = line + "\n\n\n" + BODY * 5
    if line.startswith("The transcriber's"):
        text = "Once upon a time, and that is long ago,\n" + text
    assert cleaned(text).text == text.strip("\n") + "\n"


CREDITS = "Produced by A Volunteer\n\n\n\n"


@pytest.mark.parametrize(
    "note",
    [
        "The listed errata have been corrected, as have obvious typos.\nSpelling was retained.\n\nItalics are ~so~.\n",
        "Offensichtliche Druckfehler wurden berichtigt.\n",
        "Au lecteur.\n\nL'orthographe a été conservée.\n",
        "Les mots en italiques sont entourés de _tirets_.\n",
        "Se ha respetado la ortografía del original.\n",
        "This e-text includes characters that require UTF-8 (Unicode):\n\n  Ā ā\n",
        "Cette version électronique suit le texte de 1902.\n",
        "[This text is for readers that cannot use the real (Unicode/UTF-8) version.\n\nAll [macrons] are left out.]\n",
    ],
)
def test_a_note_behind_the_credits_needs_no_heading(note):
    assert cleaned(TOP + CREDITS + note + "\n\n\n" + BOOK, minimum_kept=0.5).text == LEFT
    assert cleaned(note + "\n\n\n" + BOOK).text.startswith(note.split("\n")[0]), (
        "without a host, it may be the author's"
    )


def test_errata_at_the_end_are_the_transcribers_if_they_say_so():
    tail = "\n\n\n  *  *  *\n\n\nErrata\n\n"
    theirs = "Missing points were supplied by the transcriber.\n\n\nFurther notes:\n\n  More of it.\n"
    authors = "Page 6, for 'foo' read 'bar'.\n\n\n[Transcriber's note: one leaf is missing.]\n"
    assert cleaned(TOP + BOOK + tail + theirs).text == LEFT
    assert "for 'foo' read 'bar'" in cleaned(TOP + BOOK + tail + authors).text


def test_a_note_between_the_last_chapters_ends_at_its_gap():
    note = "Transcriber's note: a leaf is missing here.\n\n\n\n"
    last = "CHAPTER II\n\nThe end of it all.\n"
    assert cleaned(TOP + BOOK + "\n\n" + note + last).text == LEFT + "\n\n\n" + last


def test_captions_of_other_languages_go():
    for word in ("Illustrazione", "Ilustración", "Ilustração", "Illustratie", "Kuva", "Bild"):
        assert cleaned(BOOK + f"[{word}: Emma]\n\n" + BODY).text == (BOOK + BODY).strip("\n") + "\n"
    assert "[Bilder]" in cleaned(BOOK + "[Bilder]\n\n" + BODY).text


def test_small_print_below_a_short_book_is_no_header():
    """Files of 2001 to 2004 end with it. Its last line looks like a start marker, near the top of a poem."""
    header = "*** START OF THE PROJECT GUTENBERG EBOOK, A POEM ***\n\n"
    poem = "A POEM\n\n" + "The lamp was lit and the rain went on.\n" * 20
    small_print = (
        "\nProject Gutenberg is dedicated to increasing the number of works.\n\nThe Project gratefully accepts money."
    )
    closing = "\n\n*END THE SMALL PRINT! FOR PUBLIC DOMAIN EBOOKS*Ver.02/11/02*END*\n\n"
    result = cleaned(header + poem + small_print + closing)
    assert result.text == poem
    assert [removal.rule for removal in result.removals] == ["licence", "small_print"]
