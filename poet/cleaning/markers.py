"""What surrounds a book of Project Gutenberg, 1991 to today: the patterns of the lines that mark each part.

Gutenberg's house style changes every few years, and old files keep the style of their year. Each row of a table has a
comment with an example, and where or when the wording is used. The tables were written from files and from Gutenberg's
own guidelines, for English, German and French.
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
    # files of 2004 have no blank after the stars.
    r"\*{3} ?START OF (?:THE|THIS) PROJECT GUTENBERG",
    # "*** DEBUT DU PROJET GUTENBERG CANDIDE ***": French files.
    r"\*+ ?(?:DEBUT|DÉBUT) DU PROJET GUTENBERG",
    # "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*": 1991 to 2002, when the licence came first.
    r"\*+END\*? ?THE SMALL PRINT",
    # "*END THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*": the same with a star less.
    r"\*END THE SMALL PRINT",
    # "*** END ** THE SMALL PRINT! ...": the same with blanks between the stars.
    r"\*\*\* ?END ?\* ?\*? ?THE SMALL PRINT",
)

# The line that ends a book for certain.
END = _lines(
    # "*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***": the counterpart of START, since 2002.
    r"\*{3} ?END OF (?:THE|THIS) PROJECT GUTENBERG",
    # "*** FIN DU PROJET GUTENBERG CANDIDE ***": French files.
    r"\*+ ?FIN DU PROJET GUTENBERG",
)

# A line that ends a book by itself or comes shortly before END. It also remains in the middle of a work that was joined
# from several files.
END_LINE = _lines(
    # "End of the Project Gutenberg EBook of Emma"; in the nineties "End of Project Gutenberg Etext of Emma".
    r"End of (?:the |this )?Project Gutenberg",
    # "Ende dieses Projekt Gutenberg Etextes ..."; some files have the English word "End" or "Project".
    r"Ende? (?:dieses|des) (?:Project|Projekt) Gutenberg",
    # "Fin de Project Gutenberg Etext ..." and "Fin du Projet Gutenberg ...".
    r"Fin d[eu] (?:ce )?Proje[ct]t? Gutenberg",
)

# Words of a header of 1991 to 2002. Its licence is called "Small Print!", with warranty and indemnity in capitals.
SMALL_PRINT = re.compile(r"SMALL PRINT|LIMITED WARRANTY|INDEMNITY")

# Phrases of the licence and its headers. A book may mention Gutenberg, the printer or the project, but not like this.
LICENCE = re.compile(
    # "Project Gutenberg-tm is a registered trademark": the name in the licence always has the sign.
    r"Project Gutenberg(?:-tm|™|\(tm\))"
    # "donations to the Project Gutenberg Literary Archive Foundation"
    r"|Project Gutenberg Literary Archive"
    # "the full Project Gutenberg License"
    r"|Project Gutenberg (?:License|Licence|trademark)"
    # "*** START OF THE PROJECT GUTENBERG EBOOK": a marker in an unexpected place.
    r"|(?:START|END) OF (?:THE|THIS) PROJECT GUTENBERG"
    # "The Project Gutenberg EBook of Emma": the first line of a header.
    r"|The Project Gutenberg (?:E-?Book|E-?text) of"
    # "End of Project Gutenberg's Emma"
    r"|End of (?:the |this )?Project Gutenberg"
    # "This eBook is for the use of anyone anywhere at no cost": the first sentence of a header since 2002.
    r"|This e-?book is for the use of anyone anywhere",
    re.IGNORECASE,
)

# Each phrase of LICENCE contains one of these, in one of the spellings that occur: a quick test before the slow one.
LICENCE_WORDS = ("Gutenberg", "GUTENBERG", "gutenberg", "for the use of anyone anywhere")

# The first words of a header that lacks its marker: "The Project Gutenberg EBook of Emma", "This is the Project
# Gutenberg Etext of ...", "Project Gutenberg's Emma".
HEADER_OPENING = re.compile(r"\W*(?:The |This is the )?Project Gutenberg(?:'s|’s)? ", re.IGNORECASE)

# The first words of every paragraph of such a header; the first other paragraph is the book.
HEADER_PARAGRAPH = re.compile(
    # "The Project Gutenberg EBook of Emma", "This eBook is for the use of anyone anywhere"
    r"\W*(?:(?:The |This is the )?Project Gutenberg|This e-?(?:book|text) is for the use of|"
    # What the file is: "Title: Emma", "Author: Jane Austen", "Translator: ..."
    r"Title: |Author: |Translator: |Illustrator: |Editor: |"
    # How it was published: "Release Date: August, 1994  [EBook #158]", "Language: English"
    r"Release Date: |Posting Date: |Language: |Character set encoding: |Most recently updated: |"
    # "Credits: An Anonymous Volunteer" and the fields beside it: since 2021
    r"Credits: |Original publication: |Other information and formats: )",
    re.IGNORECASE,
)

# How production credits begin, in the first paragraphs of a book.
CREDITS = re.compile(
    # "Produced by An Anonymous Volunteer", since 2002; "E-text prepared by Juliet Sutherland", about 2004
    r"\W*(?:Produced by|E-?text (?:prepared|produced|scanned|typed|created|transcribed)|"
    # "This etext was prepared by ...", "The electronic version was scanned by ...": the nineties
    r"(?:This|The) (?:e-?text|e-?book|book|file|text|electronic (?:text|edition|version))(?: file)? (?:was|has been) "
    r"(?:\w+ )?(?:prepared|produced|scanned|typed|transcribed|created|converted|proofread|digitized)|"
    # "HTML version by ..."; "Credits: ..."; "This file was produced from images generously made available by ..."
    r"(?:HTML|PDF) version (?:prepared )?by|Credits?:|This file was produced from|"
    # "Erstellt von Delphine Lettau", "Dieses E-Book wurde ...": German files
    r"Erstellt von|Hergestellt von|Dieses? (?:E-?Book|E-?Text|Buch) wurde|"
    # "Produit par Jean Dupont", "Ce livre électronique a été ...": French files
    r"Produit par|Ce (?:livre|texte)(?: électronique)? a été)",
    re.IGNORECASE,
)

# Openings of credits with which an author's own acknowledgments begin as well ("Special thanks are due to my mother"):
# such a paragraph is a credit only if it also contains a word of TRADE.
AMBIGUOUS_CREDITS = re.compile(
    # "Special thanks to ...", "Many thanks to ...", "Thanks are due ..."
    r"\W*(?:Special thanks|Many thanks|Thanks (?:to|are due)|"
    # "Transcribed from the 1909 edition by ...", "Prepared and proofread by ...", "Scanned and edited by ..."
    r"Transcribed (?:from|by)|Prepared (?:and \w+ )?by|Scanned |"
    # "Typed in by ...", "Digitized by the Internet Archive", "Created by ..."
    r"Typed |Digiti[sz]ed by|Created by|"
    # "Proofread by ...", "Edited by ...", "Updated by ...", "Note: see also the HTML version"
    r"Proof(?:read|ed|reading)|Edited by|Updat(?:ed|es) by|Note: |"
    # "Images of the original pages are available through ...", "Transcrit par ..." (French)
    r"Images? of the original|Transcrit )",
    re.IGNORECASE,
)

# Words of people who make electronic texts.
TRADE = re.compile(
    r"e-?text|e-?book|proof-?read|gutenberg|scann|\bhtml\b|\bocr\b|pgdp|archive\.org|internet archive|pglaf|volunteer",
    re.IGNORECASE,
)

# The heading of a note that is by the transcriber and not by the author.
NOTE_HEADING = re.compile(
    # Whose note it is, "TRANSCRIBER'S NOTE", "The PG Editor's Comments", with any apostrophe in any place or none:
    r"(?:the )?(?:transcriber|transcription|transcriptor|pg editor|e-?text editor|redactor|digitizer|producer)"
    r"(?:['’´`]?s?['’]?|s['’])\s+"
    # What it is: "Notes", "Endnotes", "End-note", "Corrections"
    r"(?:end)?-?(?:notes?|comments?|remarks?|corrections)\b"
    # "Anmerkungen zur Transkription", "Anmerkungen des Transkriptors", "Hinweise zur Transkription": German files
    r"|anmerkungen? (?:des|der|zur) transkript\w*|hinweise? zur transkription"
    # "Note du transcripteur", "Notes sur la transcription": French files
    r"|notes? (?:de|du|sur la) (?:la )?transcript\w*",
    re.IGNORECASE,
)
# A line that begins with such a heading: "  * Transcriber's Note:".
NOTE_LINE = re.compile(r"^[^\w\n]*(?:" + NOTE_HEADING.pattern + r")", _FLAGS)
# A note within the book: "[Transcriber's note: the original has a blank page here.]".
BRACKETED_NOTE = re.compile(r"^[ \t]*\[(?:" + NOTE_HEADING.pattern + r")", _FLAGS)

# The place of a picture: "[Illustration: Mr. Bennet and his wife]", "[Illustration]"; in German files "[Abbildung]".
ILLUSTRATION = re.compile(r"^[ \t]*\[(?:Illustration|Abbildung)\b", _FLAGS)

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

# The beginning of a footnote: "[1] See below.", "[Footnote 12: See below.]", "Footnote 3: ...", "[A] ...".
FOOTNOTE = re.compile(r"^[ \t]*(?:\[(?:footnote )?[0-9*]+[:\]]|footnote [0-9*]+:|\[\w\])", _FLAGS)

# "INDEX", "GENERAL INDEX", "Index of Names", "Register", alone on a line.
INDEX_HEADING = re.compile(
    r"^[ \t]*(?:index|general index|index of \w[^\n]{0,40}|register|namensregister)[.:]?[ \t]*$", _FLAGS
)
