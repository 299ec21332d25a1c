"""Gutenberg's frame around a book, in the house styles of its years, and a book to put into it."""

import dataclasses

from poet.cleaning.text import CleanText, clean_text
from tests.recipes import CLEAN

BODY = "CHAPTER I\n\nIt was a dark night.\n\n" * 30

HEADER_2008 = """The Project Gutenberg EBook of Emma, by Jane Austen

This eBook is for the use of anyone anywhere at no cost and with
almost no restrictions whatsoever.

Title: Emma

*** START OF THIS PROJECT GUTENBERG EBOOK EMMA ***
"""
FOOTER_2008 = """
End of the Project Gutenberg EBook of Emma, by Jane Austen

*** END OF THIS PROJECT GUTENBERG EBOOK EMMA ***

***** This file should be named 158.txt or 158.zip *****
Project Gutenberg-tm is a registered trademark
"""
# Year or language: what comes before a book, and what comes after it.
VINTAGES = {
    "1991, small print at the top": (
        "**The Project Gutenberg Etext of Alice in Wonderland**\n\n***START**THE SMALL PRINT!**FOR PUBLIC DOMAIN "
        'ETEXTS**START***\nWhy is this "Small Print!" statement here?\n\n'
        "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*\n",
        "\nEnd of Project Gutenberg Etext of Alice in Wonderland\n",
    ),
    "1998, credits after the small print": (
        "Project Gutenberg's Etext of Emma\n\n*END THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*\n\n\n"
        "This etext was prepared by An Anonymous Volunteer.\n\n",
        "\nEnd of The Project Gutenberg Etext of Emma\n",
    ),
    "2004, three stars without blanks": (
        "The Project Gutenberg eBook, Emma\n\n***START OF THE PROJECT GUTENBERG EBOOK EMMA***\n\n\n"
        "E-text prepared by Juliet Sutherland\nand the Project Gutenberg Online Distributed Proofreading Team\n\n",
        "\n***END OF THE PROJECT GUTENBERG EBOOK EMMA***\n\nProject Gutenberg-tm licence\n",
    ),
    "2008": (HEADER_2008 + "\nProduced by An Anonymous Volunteer\n\n", FOOTER_2008),
    "2010, notes at both ends": (
        HEADER_2008 + "\nProduced by Someone\n\n\nTRANSCRIBER'S NOTE:\n\nItalics are _so_.\n\n\n\n",
        "\n\nTranscriber's Notes\n\nHyphens were kept.\n\nAll else too.\n" + FOOTER_2008,
    ),
    "2024": (
        "\ufeffThe Project Gutenberg eBook of Emma\n    \nThis ebook is for the use of anyone anywhere\n\n"
        "*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***\n\n[Illustration: A\n\n[_Copyright_]]\n\n",
        "\n*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***\n\nUpdated editions will replace the previous one\n",
    ),
    "header without a marker": (
        "The Project Gutenberg EBook of Emma, by Jane Austen\n\nThis eBook is for the use of anyone anywhere\n\n"
        "Title: Emma\n\nLanguage: English\n\n",
        "\nEnd of Project Gutenberg's Emma, by Jane Austen\n",
    ),
    "German": (
        HEADER_2008 + "\nErstellt von Delphine Lettau\n\n",
        "\n\nAnmerkungen zur Transkription\n\nOffensichtliche Fehler wurden berichtigt.\n\n"
        "Ende dieses Projekt Gutenberg Etextes Emma\n" + FOOTER_2008,
    ),
    "French": (
        HEADER_2008 + "\nProduit par Jean Dupont\n\n",
        "\n\nNote du transcripteur\n\nL'orthographe a été conservée.\n\nFin du Projet Gutenberg etext Emma\n"
        + FOOTER_2008,
    ),
}

# Lines that rules match, and lines between them: to be put together in any order.
PIECES = [
    "Produced by A. Person\n",
    "*** START OF THE PROJECT GUTENBERG EBOOK X ***\n",
    "*** END OF THE PROJECT GUTENBERG EBOOK X ***\n",
    "End of Project Gutenberg's X\n",
    "*END*THE SMALL PRINT! Ver.1*END*\n",
    "TRANSCRIBER'S NOTE\n",
    "[Transcriber's note: gone]\n",
    "[Illustration: a\n",
    "]\n",
    "[Illustration]\n",
    "CONTENTS\n",
    "INDEX\n",
    "FOOTNOTES:\n",
    "[1] A note.\n",
    "PREFACE\n",
    "CHAPTER I\n",
    "The Project Gutenberg EBook of X\n",
    "Title: X\n",
    "Words of the book.\n",
    "  indented \t\n",
    "\n",
    "\n\n\n",
    "\r\n",
    "\u2028",
    "\x0c",
    "é",
    "*SMALL PRINT! Ver.1 FOR COPYRIGHT PROTECTED ETEXTS*END*\n",
    "-----------------------\n",
    "《》：ルビ\n",
    "［＃改ページ］\n",
    "底本：「x」\n",
    "入力：x\n",
    "www.liberliber.it\n",
    "LICENZA: x\n",
    "OCR: x\n",
    "Noteringar\n\nOriginalets stavning har bibehållits.\n",
    "This text was converted by X, x@example.org\n",
    "\t The Latin Library\n\t The Classics Page\n",
    "\n\n[ geänderte Zeilen, wie im Original:\n1\n2\n3\n",
]

ALL_PARTS = [*CLEAN.drop, "contents", "prefaces", "footnotes", "index"]


def cleaned(text: str | bytes, suffix: str = ".txt", **changes: object) -> CleanText:
    """`text` cleaned by the shipped settings with `changes`."""
    content = text if isinstance(text, bytes) else text.encode("utf-8")
    return clean_text(content, suffix, "a.txt", dataclasses.replace(CLEAN, **changes))
