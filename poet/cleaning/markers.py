"""What surrounds a book at Project Gutenberg, 1991 to today: tables of the lines by which each part is known.

House styles change every few years, and old files keep the style of their year. Each row says where it was met. The
tables were written from files and from Gutenberg's own guidelines; English, German and French.
"""

import re

_FLAGS = re.MULTILINE | re.IGNORECASE


def _lines(*alternatives: str) -> re.Pattern[str]:
    """A pattern for whole lines that begin with one of `alternatives`."""
    return re.compile(r"^[ \t]*(?:" + "|".join(alternatives) + r").*$", _FLAGS)


# The last line of what stands before a book.
START = _lines(
    r"\*{3} ?START OF (?:THE|THIS) PROJECT GUTENBERG",  # 2002 until today; THIS gave way to THE around 2021
    r"\*+ ?(?:DEBUT|DÉBUT) DU PROJET GUTENBERG",
    r"\*+END\*? ?THE SMALL PRINT",  # 1991 to 2001: *END*THE SMALL PRINT! FOR PUBLIC DOMAIN ...
    r"\*END THE SMALL PRINT",
    r"\*\*\* ?END ?\* ?\*? ?THE SMALL PRINT",
)

# The line that ends a book for certain.
END = _lines(r"\*{3} ?END OF (?:THE|THIS) PROJECT GUTENBERG", r"\*+ ?FIN DU PROJET GUTENBERG")

# A line that ends a book, stands shortly before END, or was left between the parts of a work that was put together.
END_LINE = _lines(
    r"End of (?:the |this )?Project Gutenberg",
    r"Ende? (?:dieses|des) (?:Project|Projekt) Gutenberg",
    r"Fin d[eu] (?:ce )?Proje[ct]t? Gutenberg",
)

SMALL_PRINT = re.compile(r"SMALL PRINT|LIMITED WARRANTY|INDEMNITY")

# Phrases of the licence and its headers; a book may mention Gutenberg, but not like this.
LICENCE = re.compile(
    r"Project Gutenberg(?:-tm|™|\(tm\))"
    r"|Project Gutenberg Literary Archive"
    r"|Project Gutenberg (?:License|Licence|trademark)"
    r"|(?:START|END) OF (?:THE|THIS) PROJECT GUTENBERG"
    r"|The Project Gutenberg (?:E-?Book|E-?text) of"
    r"|End of (?:the |this )?Project Gutenberg"
    r"|This e-?book is for the use of anyone anywhere",
    re.IGNORECASE,
)

# Each of those phrases holds one of these.
LICENCE_WORDS = ("Gutenberg", "GUTENBERG", "gutenberg", "for the use of anyone anywhere")

# The first words of a header that lacks its marker, and of each paragraph of it.
HEADER_OPENING = re.compile(r"\W*(?:The |This is the )?Project Gutenberg(?:'s|’s)? ", re.IGNORECASE)
HEADER_PARAGRAPH = re.compile(
    r"\W*(?:(?:The |This is the )?Project Gutenberg|This e-?(?:book|text) is for the use of|Title: |Author: |"
    r"Translator: |"
    r"Illustrator: |Editor: |Release Date: |Posting Date: |Language: |Character set encoding: |Most recently updated: |"
    r"Credits: |Original publication: |Other information and formats: )",
    re.IGNORECASE,
)

# How production credits begin, in the first paragraphs of a book. The second group also begins acknowledgments of
# authors, so those paragraphs must hold a word of the trade as well.
CREDITS = re.compile(
    r"\W*(?:Produced by|E-?text (?:prepared|produced|scanned|typed|created|transcribed)|"
    r"(?:This|The) (?:e-?text|e-?book|book|file|text|electronic (?:text|edition|version))(?: file)? (?:was|has been) "
    r"(?:\w+ )?(?:prepared|produced|scanned|typed|transcribed|created|converted|proofread|digitized)|"
    r"(?:HTML|PDF) version (?:prepared )?by|Credits?:|This file was produced from|"
    r"Erstellt von|Hergestellt von|Dieses? (?:E-?Book|E-?Text|Buch) wurde|"
    r"Produit par|Ce (?:livre|texte)(?: électronique)? a été)",
    re.IGNORECASE,
)
AMBIGUOUS_CREDITS = re.compile(
    r"\W*(?:Special thanks|Many thanks|Thanks (?:to|are due)|Transcribed (?:from|by)|Prepared (?:and \w+ )?by|Scanned |"
    r"Typed |Digiti[sz]ed by|Created by|Proof(?:read|ed|reading)|Edited by|Updat(?:ed|es) by|Note: |"
    r"Images? of the original|Transcrit )",
    re.IGNORECASE,
)
TRADE = re.compile(
    r"e-?text|e-?book|proof-?read|gutenberg|scann|\bhtml\b|\bocr\b|pgdp|archive\.org|internet archive|pglaf|volunteer",
    re.IGNORECASE,
)

# The heading of a note that is not the book's but its transcriber's.
NOTE_HEADING = re.compile(
    r"(?:the )?(?:transcriber|transcription|transcriptor|pg editor|e-?text editor|redactor|digitizer|producer)"
    r"(?:['’´`]?s?['’]?|s['’])\s+(?:end)?-?(?:notes?|comments?|remarks?|corrections)\b"
    r"|anmerkungen? (?:des|der|zur) transkript\w*|hinweise? zur transkription"
    r"|notes? (?:de|du|sur la) (?:la )?transcript\w*",
    re.IGNORECASE,
)
NOTE_LINE = re.compile(r"^[^\w\n]*(?:" + NOTE_HEADING.pattern + r")", _FLAGS)
BRACKETED_NOTE = re.compile(r"^[ \t]*\[(?:" + NOTE_HEADING.pattern + r")", _FLAGS)

ILLUSTRATION = re.compile(r"^[ \t]*\[(?:Illustration|Abbildung)\b", _FLAGS)

# Headings of parts that are the book's own, and go only on request.
CONTENTS_HEADING = re.compile(
    r"^[ \t]*(?:table of contents|contents|inhalt|inhaltsverzeichnis|table des mati[eè]res)[.:]?[ \t]*$", _FLAGS
)
PREFACE_HEADING = re.compile(
    r"^[ \t]*(?:(?:\w+['’]s )?(?:preface|foreword|introduction|editorial note)\b[^\n]{0,40}|vorwort|vorrede|einleitung|"
    r"pr[eé]face|avant-propos)[.:]?[ \t]*$",
    _FLAGS,
)
CHAPTER_HEADING = re.compile(
    r"^[ \t]*(?:(?:chapter|book|part|volume|act|letter|canto|section|kapitel|buch|teil|chapitre|livre|partie)\b"
    r"[^\n]{0,60}|"
    r"[ivxlc]+\.?|\d{1,3}\.?)[ \t]*$",
    _FLAGS,
)
FOOTNOTES_HEADING = re.compile(r"^[ \t]*(?:foot-?notes|fu(?:ß|ss)noten|notes de bas de page)[.:]?[ \t]*$", _FLAGS)
FOOTNOTE = re.compile(r"^[ \t]*(?:\[(?:footnote )?[0-9*]+[:\]]|footnote [0-9*]+:|\[\w\])", _FLAGS)
INDEX_HEADING = re.compile(
    r"^[ \t]*(?:index|general index|index of \w[^\n]{0,40}|register|namensregister)[.:]?[ \t]*$", _FLAGS
)
