"""What surrounds a book of Project Gutenberg, 1991 to today: the patterns of the lines that mark each part.

Gutenberg's house style changes every few years, and old files keep the style of their year. Each row of a table has a
comment with an example, and where or when the wording is used. The tables were written from files and from Gutenberg's
own guidelines. The notes of transcribers have their own module, poet.cleaning.note_markers.
"""

import re

_FLAGS = re.MULTILINE | re.IGNORECASE


def _lines(*alternatives: str) -> re.Pattern[str]:
    """A pattern for complete lines that begin with one of `alternatives`, blanks before it aside.

    >>> _lines("End of", "Fin de").search("So it was.\\n  End of the book.\\n")[0]
    '  End of the book.'
    """
    return re.compile(r"^[ \t]*(?:" + "|".join(alternatives) + r").*$", _FLAGS)


# The last line of what comes before a book.
START = _lines(
    # "*** START OF THIS PROJECT GUTENBERG EBOOK EMMA ***": since 2002; THE took the place of THIS around 2021. Some
    # files of 2004 have no blank after the stars; "THE COPYRIGHTED PROJECT GUTENBERG EBOOK" is from 2002, too.
    r"\*{1,3} ?START OF (?:THE|THIS) (?:COPYRIGHTED )?PROJECT GUTENBERG",
    # The same without stars, which mail programs and converters drop: in capitals, because a sentence may begin so.
    r"(?-i:START OF (?:THE|THIS) (?:COPYRIGHTED )?PROJECT GUTENBERG)",
    # "*** DEBUT DU PROJET GUTENBERG CANDIDE ***": French files.
    r"\*+ ?(?:DEBUT|DÉBUT) DU PROJET GUTENBERG",
    # "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*": 1991 to 2002, when the licence came first.
    r"\*+END\** ?THE SMALL PRINT",
    # "*END THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*": the same with a star less.
    r"\*END THE SMALL PRINT",
    # "*** END ** THE SMALL PRINT! ...": the same with blanks between the stars.
    r"\*\*\* ?END ?\* ?\*? ?THE SMALL PRINT",
    # "*SMALL PRINT! Ver.04.29.93 FOR COPYRIGHT PROTECTED ETEXTS*END*": 1992 to 2002; some name the book.
    r"\*+ ?SMALL PRINT!.{0,80}\*END\*",
    # "ENDTHE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTSVer.03.08.92END": the stars were lost.
    r"(?-i:END ?THE SMALL PRINT)",
)

# The line that ends a book for certain.
END = _lines(
    # "*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***": the counterpart of START, since 2002.
    r"\*{1,3} ?END OF (?:THE|THIS) (?:COPYRIGHTED )?PROJECT GUTENBERG",
    # The same without stars, in capitals.
    r"(?-i:END OF (?:THE|THIS) (?:COPYRIGHTED )?PROJECT GUTENBERG)",
    # "*** FIN DU PROJET GUTENBERG CANDIDE ***": French files.
    r"\*+ ?FIN DU PROJET GUTENBERG",
)

# How an end line begins: see END_LINE.
_END_OF = (
    # "End of the Project Gutenberg EBook of Emma"; in the nineties "End of Project Gutenberg Etext of Emma", sometimes
    # "The end of ..."; "End of this Project Gutenberg of Australia eBook"; "This is the end of the Project Gutenberg
    # Edition of"; "End of the Wiretap/Project Gutenberg Etext of". "End of this is COPYRIGHTED Project Gutenberg Etext,
    # Details Below": the first words of the header once more.
    r"(?:[\"“]?This is )?(?:The )?End of (?:the |this (?:is )?)?(?:COPYRIGHTED |Wiretap/)?Project Gutenberg",
    # "Ende dieses Projekt Gutenberg Etextes ..."; some files have the English word "End" or "Project", or "diese".
    r"Ende? (?:diese[rs]?|des) (?:Project|Projekt) Gutenberg",
    # "Fin de Project Gutenberg Etext ..." and "Fin du Projet Gutenberg ...".
    r"Fin d[eu] (?:ce )?Proje[ct]t? Gutenberg",
)

# A line that ends a book by itself or comes shortly before END. It also remains in the middle of a work that was joined
# from several files.
END_LINE = _lines(*_END_OF)

# "ETEXT EDITOR'S BOOKMARKS:", alone on a line: a list of lines of the book, at the end of each volume.
BOOKMARKS = re.compile(r"^[ \t]*(?:E-?TEXT|E-?BOOK|PG) EDITOR['’]S BOOKMARKS\b[^\n]{0,40}$", _FLAGS)

# "[The end of Nineteen Eighty-four by George Orwell]", the last line of files of Project Gutenberg Canada and of
# Faded Page.
CANADIAN_END = re.compile(r"^[ \t]*\[(?:The )?End of [^\]]{1,300}\]\s*\Z", _FLAGS)

# Words of a header of 1991 to 2002. Its licence is called "Small Print!", with warranty and indemnity in capitals.
SMALL_PRINT = re.compile(r"SMALL PRINT|LIMITED WARRANTY|INDEMNITY")

# How the small print begins where it follows the book, 2001 to 2004: "***START**THE SMALL PRINT! FOR PUBLIC DOMAIN
# EBOOKS**START***", or in files without that line, the words on the purpose of the project and on donations.
CLOSING_SMALL_PRINT = _lines(
    r"\*+START\*+ ?THE SMALL PRINT",
    r"(?-i:START ?THE SMALL PRINT)",
    r"Project Gutenberg is dedicated to increasing",
    r"The Project gratefully accepts",
    r"WHAT IF YOU \*WANT\* TO SEND",
    r"\[Portions of this (?:e-?book|e-?text|header)",
)

# How the licence begins where a hand or a converter dropped the end marker before it.
LICENCE_OPENING = _lines(
    r"\*{0,3} ?START: FULL LICEN[SC]E",
    r"THE FULL PROJECT GUTENBERG(?:-tm|™)? LICEN[SC]E",
    r"Updated editions will replace the previous one",
)

# The names by which the hosts beside Project Gutenberg call their files: "* A Project Gutenberg of Australia eBook *",
# "A Project Gutenberg Canada Ebook", "at Project Gutenberg Europe", "A Distributed Proofreaders Canada eBook".
_HOSTS = r"(?:Project Gutenberg (?:of )?(?:Australia|Canada|Europe|EU)|Distributed Proofreaders Canada|Faded Page)"

# Phrases of the licences and headers of all hosts. A book may mention Gutenberg, the printer or the project, but not
# like this.
LICENCE_TEXT = re.compile(
    # "Project Gutenberg-tm is a registered trademark": the name in the licence always has the sign.
    r"Project Gutenberg(?:-tm|™|\(tm\))"
    # "donations to the Project Gutenberg Literary Archive Foundation"
    r"|Project Gutenberg Literary Archive"
    # "the full Project Gutenberg License"
    r"|Project Gutenberg (?:License|Licence|trademark)"
    # "*** START OF THE PROJECT GUTENBERG EBOOK": a marker in an unexpected place.
    r"|(?:START|END) OF (?:THE|THIS) (?:COPYRIGHTED )?PROJECT GUTENBERG"
    # "The Project Gutenberg EBook of Emma": the first line of a header.
    r"|The Project Gutenberg (?:E-?Book|E-?text) of"
    # "This eBook is for the use of anyone anywhere at no cost": the first sentence of a header since 2002.
    r"|This e-?book is for the use of anyone anywhere"
    # "*****This file should be named 158.txt or 158.zip*****": below the end marker
    r"|This file should be named \S+\.(?:txt|zip)"
    # "A Project Gutenberg of Australia eBook", "Faded Page eBook #20140801": the first lines of other hosts
    rf"|{_HOSTS} e-?(?:book|text)"
    # "the Project Gutenberg of Australia License", "To contact Project Gutenberg of Australia"
    rf"|{_HOSTS} Licen[sc]e|To contact {_HOSTS}"
    # "This ebook is made available at no cost and with very few restrictions": Australia and Canada
    r"|This e-?book is made available at no cost"
    # the addresses of these licences; "pge.rastko.net" is Project Gutenberg Europe
    r"|gutenberg\.net\.au/licen|gutenberg\.ca/links/licen|pge\.rastko\.net|contact a https?://www\.fadedpage\.com"
    # "The Internet Wiretap 1st Online Edition of": 1990 to 1995, on which many early etexts are based
    r"|The Internet Wiretap .{0,30}Edition",
    re.IGNORECASE,
)

# What no line of a cleaned book may contain: all of this, and the end lines.
LICENCE = re.compile("|".join([LICENCE_TEXT.pattern, *_END_OF]), re.IGNORECASE)

# Each phrase of LICENCE contains one of these in small letters: a quick test before the slow one.
LICENCE_WORDS = (
    "gutenberg",
    "for the use of anyone anywhere",
    "file should be named",
    "distributed proofreaders canada",
    "faded page",
    "fadedpage",
    "made available at no cost",
    "pge.rastko.net",
    "internet wiretap",
)

# How the names of Project Gutenberg's files begin: "The Project Gutenberg EBook of Emma", "This is the Project
# Gutenberg Etext of ...", "Project Gutenberg's Emma", "* A Project Gutenberg Canada Ebook *". An essay about the
# project does not. "**This is a COPYRIGHTED Project Gutenberg Etext, Details Below**" is the first line of others.
_FILE_NAME = (
    r"(?:(?:The |This is the |This is a copyrighted |A )?Project Gutenberg(?:(?:'s|’s) |"
    rf"(?: (?:of )?(?:Australia|Canada|Europe|EU))?,? e-?(?:book|text)s?\b)|(?:A )?{_HOSTS} e-?(?:book|text))"
)

# The header of 1991.
_RECEIVED = "You have received this (?:book|e-?text|file) through Project Gutenberg"

# The first words of a header that lacks its marker.
HEADER_OPENING = re.compile(rf"\W*(?:{_FILE_NAME}|{_RECEIVED})", re.IGNORECASE)

# What only the project says, below a header, of itself and of the file: "The oldest etext known to Project Gutenberg".
# "Version of 12-26-91", "Version 01.30.92f" is the last word of the small print.
PREAMBLE = re.compile(
    r"\be-?texts?\b|\bProject Gutenberg\b|\bin the public domain\b|\A\s*Version (?:of )?\d\d[.-]\d\d[.-]\d\d",
    re.IGNORECASE,
)
# What such words are called, where a gap comes before: "Introduction (one page)".
PREAMBLE_HEADING = re.compile(r"\W*(?:Introduction|Information|Disclaimer|Notes?)\b[^\n]{0,40}\n?\Z", re.IGNORECASE)
# "This is the Project Gutenberg 1.5 release of": the title stands on the next line.
RELEASE_LINE = re.compile(r"[^\n]*\brelease of:?[ \t]*\n", re.IGNORECASE)

# The names of header fields.
_FIELDS = (
    # What the file is: "Title: Emma", "Author: Jane Austen", "Translator: ..."
    r"(?:Title|Subtitle|Author|Translator|Illustrator|Editor|Commentator|Contributor|Compiler|Remark|"
    # How it was published: "Release Date: August, 1994  [EBook #158]", "Language: English"
    r"Release Date|Posting Date|Language|(?:Character set )?encoding|Most recently updated|Date last updated|"
    # "Credits: An Anonymous Volunteer" and the fields beside it: since 2021
    r"Credits|Original publication|Other information and formats|"
    # "eBook No.: 0602221.txt", "Edition: 1", "Date first posted: June 2006": Australia and Canada
    r"e-?Book No\.|Edition|Date (?:first posted|most recently updated|of first publication)|"
    r"Edition used as base for this e-?book|url)"
)

# One field with the indented lines in which it goes on, and blank lines.
HEADER_FIELD = re.compile(rf"(?P<key>{_FIELDS}): [^\n]*(?:\n(?:[ \t]+\S[^\n]*|[ \t]*$))*\n?", _FLAGS)

# The first words of every paragraph of such a header; the first other paragraph is the book.
HEADER_PARAGRAPH = re.compile(
    # "The Project Gutenberg EBook of Emma", "This eBook is for the use of anyone anywhere"
    rf"\W*(?:{_FILE_NAME}|{_RECEIVED}|This e-?(?:book|text) is for the use of|{_FIELDS}: |"
    # "Project Gutenberg Canada ebook #949"; "To contact Project Gutenberg of Australia go to ..."
    rf"{_HOSTS} e-?books?|To contact {_HOSTS}|"
    # "This ebook is made available at no cost", "Copyright laws are changing all over the world"
    r"This e-?book is made available at no cost|Copyright laws are changing|"
    # "This work is in the Canadian public domain, but may be under copyright in some countries."
    r"This (?:work|e-?book) is in the Canadian public domain|"
    # "Go to Project Gutenberg Australia", "Project Gutenberg Australia a treasure-trove of literature"
    r"(?:GO TO )?Project Gutenberg Australia)",
    re.IGNORECASE,
)

# The place of a picture: "[Illustration: Mr. Bennet and his wife]", "[Illustration]"; in other languages "[Abbildung]",
# "[Illustrazione: ...]", "[Ilustración: ...]", "[Kuva: ...]". Short words that mean other things need their colon.
ILLUSTRATION = re.compile(
    r"^[ \t]*\[(?:(?:Illustration|Abbildung|Illustrazione|Ilustraci[oó]n|Ilustra[cç][aã]o|Illustratie|Afbeelding|"
    r"Ilustraĵo|Ilustracja|Ilustrace|Ілюстрація|Иллюстрация|Immagine|Imagen|Imagem|Gravura|Gravure|Figura (?:de|di)|"
    r"Decorati(?:ve|eve|on) Illustrati(?:on|e))\b|"
    r"(?:Kuva|Bild|Billede|Bilde|Larawan|Kép|Ábra|Obrázek|Rysunek|Рисунок|Рис\.|Figuur|Figura|Figure|Image):|"
    # "[Copertina]": the cover, and nothing else in the bracket
    r"(?:Copertina|Couverture|Front cover|Cover|Umschlag|Einband|Portada|Cubierta|Capa|Omslag|Okładka|Borító)\])",
    _FLAGS,
)

# The place of a picture in a page that a browser wrote as text: "[6][tom01.gif]", the number of a link and a file.
PICTURE_FILE = re.compile(r"^[ \t]*(?:\[\d+\])?\[\w[\w.-]*\.(?:gif|jpe?g|png)\][ \t]*$", _FLAGS)

# The patterns below are for parts that are the book's own. They are removed only on request.

# "CONTENTS", "Table of Contents.", "Inhalt", "Table des matières", alone on a line.
CONTENTS_HEADING = re.compile(
    r"^[ \t]*(?:table of contents|contents|inhalt|inhaltsverzeichnis|table des mati[eè]res)[.:]?[ \t]*$", _FLAGS
)

# "PREFACE", "TRANSLATOR'S PREFACE", "Introduction by the Editor", "Vorwort", "Avant-propos". A heading is short: at
# most 40 more characters, so that "Introduction of a new character ..." at the start of a paragraph does not match.
PREFACE_HEADING = re.compile(
    r"^[ \t]*(?:(?:\w+['’]s )?(?:preface|foreword|introduction|editorial note)\b[^\n]{0,40}|vorwort|vorrede|einleitung|"
    r"pr[eé]face|avant-propos)[.:]?[ \t]*$",
    _FLAGS,
)

# "CHAPTER I", "BOOK THE FIRST", "Kapitel 1", "LIVRE PREMIER", or a number alone: "XIV.", "12".
CHAPTER_HEADING = re.compile(
    r"^[ \t]*(?:(?:chapter|book|part|volume|act|letter|canto|section|kapitel|buch|teil|chapitre|livre|partie)\b"
    r"[^\n]{0,60}|"
    r"[ivxlc]+\.?|\d{1,3}\.?)[ \t]*$",
    _FLAGS,
)

# "FOOTNOTES:", "Foot-notes", "Fußnoten", "Notes de bas de page", alone on a line.
FOOTNOTES_HEADING = re.compile(r"^[ \t]*(?:foot-?notes|fu(?:ß|ss)noten|notes de bas de page)[.:]?[ \t]*$", _FLAGS)

# The beginning of a footnote: "[1] See below.", "[Footnote 12: See below.]", "Footnote 3: ...", "[A] ...". The time of
# a message in a chat, "[12:34]", is none.
FOOTNOTE = re.compile(r"^[ \t]*(?:\[(?:footnote )?[0-9*]+[:\]](?!\d)|footnote [0-9*]+:|\[\w\])", _FLAGS)

# "INDEX", "GENERAL INDEX", "Index of Names", "Register", alone on a line.
INDEX_HEADING = re.compile(
    r"^[ \t]*(?:index|general index|index of \w[^\n]{0,40}|register|namensregister)[.:]?[ \t]*$", _FLAGS
)
