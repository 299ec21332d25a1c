"""Production credits: who typed, scanned or proofread a text, in its first paragraphs or its last.

The same words can be the author's own thanks. So what counts is where a paragraph is, and whether it names what only
electronic texts have.
"""

import re
from collections.abc import Iterator

from poet.cleaning import note_markers
from poet.cleaning.lines import PARAGRAPH, Segment, is_ornament, skip_blank_lines

# A paragraph with more lines is not a credit, whatever its first words are.
MAX_CREDIT_LINES = 15

# Credits below the title are searched in this many characters at the start of the book.
FRONT_MATTER = 3_000

# Credits below the last words of the book, with the addresses in them, are shorter than this.
LAST_CREDITS_LENGTH = 1_500

# They are shorter than those before the title: an imprint or a dedication may look alike.
MAX_LATE_CREDIT_LINES = 6

# The most line ends in a paragraph that is a title and a credit.
MAX_TITLE_LINES = 4

# How production credits begin, in the first paragraphs of a book.
CREDITS = re.compile(
    # "Produced by An Anonymous Volunteer", since 2002; "E-text prepared by Juliet Sutherland", about 2004
    r"\W*(?:Produced by|"
    r"E-?text (?:prepared|produced|scanned|typed|created|transcribed|revised|edited|corrected|entered)|"
    # "This etext was prepared by ...", "The electronic version was scanned by ...": the nineties
    r"(?:This|The) (?:e-?text|e-?book|book|file|text|electronic (?:text|edition|version))(?: file)? (?:was|has been)\s"
    r"(?:\w+ )?(?:prepared|produced|scanned|typed|transcribed|created|converted|proofread|digitized|updated|"
    r"reformatted)|"
    # "HTML version by ..."; "Credits: ..."; "This file was produced from images generously made available by ..."
    # "From images generously made available by Gallica"
    r"(?:HTML|PDF) version (?:prepared )?by|Credits?:|This file was produced from|"
    # "This book content was graciously contributed by the Gutenberg Projekt-DE."
    r"This book content was|(?:From|Using|Based on) (?:page )?(?:images|scans) (?:\w+ )?(?:made available|provided)|"
    # "This updated edition produced by ..."
    r"This (?:updated|revised|corrected|new) (?:edition|version) (?:was )?(?:produced|prepared|created) by|"
    # "This etext produced by ...", "This Etext is in Portuguese", "This eBook was produced by: ...", "This Project
    # Gutenberg Etext prepared by ..."
    r"This (?:Project Gutenberg )?e-?(?:text|book) "
    r"(?:(?:is |was )?(?:produced|created|prepared|scanned|typed|revised) by|is in )|"
    # "Additional editing by ...", "Corrections supplied in November 2001 by ...": beside the first maker
    r"Additional (?:edit\w+|proof\w*|correct\w+|format\w+) by|"
    r"Corrections (?:\w+ )?(?:in (?:\w+ )?\d{4} )?by|Illustrations for the HTML|"
    # "The Internet Wiretap 1st Online Edition of"; the title follows
    r"(?:From the|The|An) Internet Wiretap\b|"
    # "Erstellt von Delphine Lettau", "Dieses E-Book wurde ...": German files
    r"Erstellt von|Hergestellt von|Dieses? (?:E-?Book|E-?Text|Buch) wurde|"
    # "Produit par Jean Dupont", "Ce livre électronique a été ...": French files
    r"Produit par|Ce (?:livre|texte)(?: électronique)? a été)",
    re.IGNORECASE,
)

# Openings of credits with which an author's own acknowledgments begin as well ("Special thanks are due to my mother"):
# such a paragraph is a credit only if it also contains a word of TRADE.
AMBIGUOUS_CREDITS = re.compile(
    # "Special thanks to ...", "Many thanks to ...", "Thanks are due ...", "We thank the Bibliothèque Nationale ..."
    r"\W*(?:Special thanks|Many thanks|Thanks (?:to|are due)|We thank |Nous remercions |"
    # "Entered by ..." (Internet Wiretap), "Keyed by ..."
    r"(?:Entered|Keyed)(?: in)? by|"
    # "Transcribed from the 1909 edition by ...", "Prepared and proofread by ...", "Scanned and edited by ..."
    r"Transcribed (?:from|by)|Prepared (?:and \w+ )?by|Scanned |"
    # "Typed in by ...", "Digitized by the Internet Archive", "Created by ..."
    r"Typed |Digiti[sz]ed by|(?:Created|Generated) by|"
    # "Electronic Edition by <reader@example.org>" (Internet Wiretap)
    r"Electronic (?:edition|text|version) by|"
    # "Proofread by ...", "Edited by ...", "Updated by ...", "Note: see also the HTML version"
    r"Proof(?:read|ed|reading)|Edited by|Updat(?:ed|es) by|Note: |Note from the original file: |"
    # "Images of the original pages are available through ...", "Transcrit par ..." (French)
    r"Images? of the original|Transcrit )",
    re.IGNORECASE,
)

# The volunteers who correct for Project Gutenberg. Early files name them, and those beside them, without a verb.
PROOFREADERS = re.compile(r"\bDistributed\s+Proofread(?:ers|ing)\b|\bPG Distributed Proof", re.IGNORECASE)

# What is only in credits of electronic texts, wherever they are: their names, and addresses.
ELECTRONIC = re.compile(
    r"\be-?texts?\b|\be-?books?\b|gutenberg|pgdp|archive\.org|internet archive|pglaf|wiretap|gallica|"
    # An address begins where no letter comes before, so that each letter of a long word is not tried as its first.
    r"electronic (?:book|edition|text|version)|https?:|www[.:]|(?<![\w.])[\w.]++@\w[\w.]*\.\w{2}",
    re.IGNORECASE,
)
# In the first paragraphs, its names alone are enough: "Jean Dupont, Ann Lee and the PG Distributed Proofreading Team."
TEAM = re.compile(r"\bDistributed\s+Proof-?read|\bAn Anonymous Volunteer\b", re.IGNORECASE)
# So are these words in one or two lines, in a text from a host: "Created by Ann Lee, Omaha", "The text is from the
# first edition."
SHORT_CREDIT = re.compile(
    r"\W*(?:(?:Created|Typed|Keyed|Scanned|Entered|Transcribed|Prepared|Digiti[sz]ed)(?: in)? by|"
    r"(?:The|This) text (?:is|was) (?:taken |that )?(?:from|of) the\b)[^\n]*\n?(?:[^\n]+\n?)?\Z",
    re.IGNORECASE,
)
# Near the top of a text from a host: machines that no printed book was made by, "From a readers' club, Houston (BBS)".
MACHINES = re.compile(
    r"\bOCR\b|\bOmniPage\b|\(BBS\)|\bBBS:|(?i:\bthis text is in the public domain\b)"
    # "This electronic book is being released at this time to honor ..."
    r"|(?i:\bthis electronic (?:book|text) is being released\b)"
)
# The same, and words of the trade that a book may use as well.
TRADE = re.compile(ELECTRONIC.pattern + r"|e-?text|e-?book|proof-?read|scann|\bhtml\b|\bocr\b|volunteer", re.IGNORECASE)

# How credits at the end of a book begin: those of CREDITS, and what other hosts say of their texts.
LAST_CREDITS = re.compile(
    # "This text was converted to ascii format for Project Wittenberg by ... and is in the public domain."
    r"\W*This (?:e-?text|text|file|book|document) (?:was|has been|is) (?:\w+ )?(?:converted|prepared|scanned|typed|"
    r"transcribed|created|produced|made available|keyed|digiti[sz]ed|brought to you)\b",
    re.IGNORECASE,
)


def first_credits(text: str, start: int, end: int) -> Iterator[Segment]:
    """Production credits, "Produced by An Anonymous Volunteer": the first paragraphs of the book.

    After the first paragraph of another kind, the same words are the author's, unless an address or the name of an
    electronic text stands with them. Only a transcriber's note or a rule may come between two of the first credits.
    """
    leading = True
    pending = start
    for paragraph in PARAGRAPH.finditer(text, start, end):
        words = paragraph[0]
        if paragraph.start() > start + FRONT_MATTER and not leading:
            return
        if note_markers.NOTE_LINE.match(words) or note_markers.BRACKETED_NOTE.match(words):
            pending = paragraph.end()
        elif leading and is_ornament(words):
            continue
        elif _is_credit(words, late=not leading, hosted=start > 0):
            yield Segment(
                kind="credits",
                start=pending if leading else paragraph.start(),
                end=skip_blank_lines(text, paragraph.end(), end),
            )
            pending = paragraph.end()
        else:
            leading = False
            if start and (line := _credit_below_title(words)):
                yield Segment(kind="credits", start=paragraph.start() + line, end=paragraph.end())


def last_credits(text: str, start: int, end: int) -> Iterator[Segment]:
    """Credits that are the last words of the book, "This text was converted for Project Wittenberg by ...", with an
    address or the name of an electronic text in them."""
    region = max(start + (end - start) // 2, end - LAST_CREDITS_LENGTH)
    for paragraph in PARAGRAPH.finditer(text, region, end):
        begins = LAST_CREDITS.match(paragraph[0])
        if begins and text[max(0, paragraph.start() - 2) : paragraph.start()] == "\n\n":
            if ELECTRONIC.search(text, paragraph.start(), end):
                yield Segment(kind="credits", start=paragraph.start(), end=end)
            return


def _credit_below_title(words: str) -> int:
    """Where a credit begins in the paragraph `words`, whose first line is the title; 0 when none does.

    >>> _credit_below_title("Emma by Jane Austen\\nScanned by A. Reader, reader@example.org\\n")
    20
    """
    title = words.find("\n") + 1
    if title and words.count("\n") <= MAX_TITLE_LINES and _is_credit(words[title:], late=True, hosted=False):
        return title
    return 0


def _is_credit(words: str, *, late: bool, hosted: bool) -> bool:
    """Whether the paragraph `words` is a credit; `late` for one below other words, which needs more certainty.

    `hosted` says whether the text comes from a host of electronic texts.
    """
    if words.count("\n") > (MAX_LATE_CREDIT_LINES if late else MAX_CREDIT_LINES):
        return False
    # "A. Reader, B. Writer, and the Online Distributed Proofreading Team." is a credit where the book has not begun.
    certain = CREDITS.match(words) or (not late and PROOFREADERS.search(words))
    if late:
        named = (certain or AMBIGUOUS_CREDITS.match(words)) and ELECTRONIC.search(words)
        return bool(named or (hosted and MACHINES.search(words)))
    # "Special thanks to ..." is a credit if it also mentions e-texts or scanning; else it may be the author's.
    if hosted and SHORT_CREDIT.match(words):
        return True
    return bool(certain or TEAM.search(words) or (AMBIGUOUS_CREDITS.match(words) and TRADE.search(words)))
