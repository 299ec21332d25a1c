"""How notes of the people who made an electronic text begin and what they speak of, in thirteen languages.

A note has a heading ("TRANSCRIBER'S NOTE", "Anmerkungen zur Transkription"), or opens with the name of what it
describes ("This e-text includes ..."), or is known by what it says: what was corrected or kept of the printed book.
"""

import re

_FLAGS = re.MULTILINE | re.IGNORECASE

# The family of words for who transcribes and for what is done: transcriber, Transkription, transcripteur, transcriptor,
# trascrittore, transcrição, transkriberare, transskribent, transskribinto, transcriptoris, transkrybent.
_TRANSCRIBE = r"tra(?:ns?|s)?s?[ck]r[iy]\w+"

# Others who make such texts: English, Dutch ("bewerker"), Finnish, Danish.
_MAKER = (
    r"pg editor|e-?text editor|e-?book (?:editor|producer)|redactor|digiti[sz]er|producer|proof-?reader|bewerker|"
    r"digitoija\w*|skannaaja\w*|poster|"
    # Danish and Norwegian: who copies
    r"a[fv]skriver\w*|renskriver\w*"
)

# An electronic edition, with its adjective before or behind: "version électronique", "elektronische Ausgabe",
# "edizione elettronica", "elektroniska utgåvan", "elektronika eldono", "wydania elektronicznego", "digital edition".
_ELECTRONIC = r"(?:[eé]l[eéè](?:[ck]t|tt|t)r[oóôò]ni\w+|digital\w*)"
_EDITION = (
    r"(?:versi\w+|vers[aã]o|[eé]di[tczsç]\w+|ausgabe|fassung|utg[aå]v\w+|udgave\w*|utgave\w*|uitgave|eldono\w*|"
    r"wydani\w+|wersj\w+|vyd[aá]n\w+|kiad[aá]s\w*|v[aá]ltozat\w*|te[kx]t\w*)"
)
_ELECTRONIC_EDITION = rf"(?:{_EDITION}\s+{_ELECTRONIC}|{_ELECTRONIC}\s+{_EDITION})"

# What such a note is called.
_NOTE = (
    # en, fr, pt, es, it, la: "notes", "endnote", "nota", "notas", "notae"
    r"(?:(?:end)?-?not(?:es?|as?|ae)|comments?|remarks?|corrections|remarques?|observa(?:ciones|ções|tions?)|avvertenz[ae]|"
    r"errata|corrigenda|"
    # de, nl, sv, da, no
    r"anmerkung(?:en)?|bemerkung(?:en)?|hinweise?|notiz(?:en)?|opmerking(?:en)?|aantekening(?:en)?|noo?t(?:en|er)?|"
    r"anmärkning(?:ar)?|bemærkning(?:er)?|anmærkning(?:er)?|merknad(?:er)?|anmerkning(?:er)?|anm\.|"
    # fi, eo, la
    r"huomautu(?:s|ksia|kset)|noto?j?|rimarkoj?|annotatio(?:nes)?|monitum|"
    # pl, cs, hu, tl
    r"uwag[ai]|przypis[ey]?k?|poznámk[ay]|megjegyzés\w*|paalala|paunawa|tal[aâ])"
)

# The heading of a note that is by the transcriber and not by the author.
NOTE_HEADING = re.compile(
    # "TRANSCRIBER'S NOTE", "The PG Editor's Comments", "Transkriberarens anmärkningar": with any apostrophe or none.
    rf"(?:the |original )?(?:{_TRANSCRIBE}|{_MAKER})(?:['’´`]?s?['’]?|s['’])[\s-]+{_NOTE}(?!\w)"
    # "Anmerkung des Transkriptors", "Note sur la transcription", "Nota del Transcriptor", "Noto de la transskribinto":
    # up to three short words between. "Note on the transcription of Arabic names" is an author's.
    rf"|{_NOTE}(?:\s+\w{{1,5}}){{0,3}}\s+(?:[dl]['’])?(?:{_TRANSCRIBE}|bewerker)\b(?!\s+(?:of|des|de|der|dos|di|van|del)\b)"
    # "Transkriptionsnotizen", "Transcriptiehinweise": one word
    r"|tra(?:ns?|s)?s?[ck]ri\w*(?:noti[sz]\w*|noten?|hinweise?|anmerkung\w*)\b"
    # "Huomautus verkkojulkaisusta": Finnish, "note on the online edition"
    r"|huomautu\w+ (?:verkko|e-kirja|sähkö|digi)\w*"
    # "Lista de erros corrigidos": Portuguese, the table at the end
    r"|lista de erros corrigidos"
    # "Notes sur la version électronique", "Uwagi do wydania elektronicznego", "Notes concerning this file", "About this
    # electronic edition"
    rf"|(?:{_NOTE}|about)(?:[\s'’]+\w{{1,10}}){{0,3}}[\s'’]+{_ELECTRONIC_EDITION}"
    rf"|{_NOTE} (?:concerning|about|on) this (?:file|e-?text)\b"
    # "Paalala ng nagsalin", "Talâ ng Tagapagsalin": Tagalog, whoever carried the text over
    r"|(?:paalala|paunawa|tal[aâ]) ng (?:mga )?(?:nag|tagapag)(?:salin|lipat|tala)\w*"
    # "Errata (noted by transcriber)", "Errors and Anomalies noted by the transcriber"
    rf"|(?:errata|errors|anomalies)\b[^\n]{{0,20}}\bnoted by (?:the )?{_TRANSCRIBE}"
    # "Notes from Project Gutenberg Executive Director"; "Notes on this etext of Emma"; "Notes on the original edition
    # and on changes and corrections made."; "Preface to the Project Gutenberg Etext"
    r"|notes? (?:from|by) (?:the )?project gutenberg\b|preface to the project gutenb[eu]rg e-?text\b"
    r"|notes? (?:on|about|to) (?:(?:th(?:is|e) )?e-?text|this e-?book|th(?:is|e) electronic (?:text|edition|version))\b"
    r"|notes on [^\n]{0,50}\bcorrections made\b",
    re.IGNORECASE,
)
# A line that begins with such a heading: "  * Transcriber's Note:".
NOTE_LINE = re.compile(r"^[^\w\n\[]*(?:" + NOTE_HEADING.pattern + r")", _FLAGS)
# A note within the book: "[Transcriber's note: the original has a blank page here.]", "[Music: Transcriber's note:
# ...]", "[Note Project Gutenberg: ...]".
BRACKETED_NOTE = re.compile(
    r"^[^\w\n\[]*\[(?:[^\[\]\n]{0,40}?\b)?(?:" + NOTE_HEADING.pattern + r"|note,? project gutenberg)", _FLAGS
)

# A note that opens with what it describes, the electronic text.
SELF_DESCRIPTION = re.compile(
    # "This e-text includes characters that require UTF-8"; "This e-book was produced by" is a credit
    r"^[^\w\n\[]*(?:This (?:e-?text|e-?book|electronic (?:text|edition|version)) (?:includes|contains|uses|follows|"
    r"reproduces|preserves|retains|is intended|is based|attempts)\b|"
    # "This is a complete electronic ASCII text of the Book of Esther"
    r"This is (?:an?|the) (?:complete )?electronic (?:\w+ )?(?:text|edition|version)\b|"
    # "I have transcribed from this source as accurately as possible for this e-text, with the following changes"
    r"I have (?:transcribed|typed|scanned|keyed)\b(?=[^\n]*(?:\n[^\n]*)?\bthis e-?text\b)|"
    # "Dieses E-Book ...", "Diese elektronische Ausgabe ..."; "Ce livre électronique reproduit ..."
    r"Diese[sr]? (?:e-?book|e-?text|elektronische)\b|Ce(?:t|tte)? (?:livre|version|texte|édition) électronique|"
    # "Esta edición electrónica", "Questo e-book", "Esta edição eletrónica", "Dit e-boek"
    r"Est[ae] (?:edici[oó]n|libro|edi[cç][aã]o|livro) ele[ck]?tr[oóôö]nic|Quest[oa] (?:e-?book|edizione elettronica)|"
    r"(?:Dit|Deze) (?:e-?bo(?:ek|ok)|e-?tekst|elektronische)|"
    # "Tämä e-kirja", "Denna e-bok", "Denne e-bog", "Ĉi tiu elektronika"
    r"Tämä (?:e-kirja|verkkokirja|sähkökirja)|Denn[ae] (?:e-bo[gk]|elektronis\w+)|[ĈC]h?i tiu (?:e-libro|elektronika))",
    _FLAGS,
)

# Either: how a note begins in a text that comes from a host of electronic texts.
NOTE_OPENING = re.compile(f"{NOTE_LINE.pattern}|{SELF_DESCRIPTION.pattern}", _FLAGS)

# The words of a bracketed note at the top, whatever its first ones are: "[This text is intended for users whose text
# readers cannot use the "real" (Unicode/UTF-8) version of the file.]"
ELECTRONIC_WORDS = re.compile(
    r"\be-?texts?\b|\be-?books?\b|\butf-?8|\bunicode\b|latin-1|\bascii\b|html version|file encoding|project gutenberg|"
    r"electronic (?:edition|text|version)|\b\w+\.(?:txt|zip)\b|\blist of bookmarks\b|"
    # "[Denne tekst er baseret på udgaven udgivet i København, 1917]"
    r"\bte(?:x|ks)te?[nt]? (?:is|er|är) (?:based|bas[ei]r[ea][dt])|\bText folgt\b|\btexte suit\b|\btexto sigue\b|"
    + _TRANSCRIBE.replace(r"\w+", r"(?:b|pt|tt)\w+"),
    re.IGNORECASE,
)

# What a transcriber changes or keeps: spelling, accents, misprints, type. Words in the order of the languages above.
MATTER = re.compile(
    r"spelling|hyphenat|typo(?:s|graph)|misprint|punctuation|itali[cq]|corsivo|c?[ck]ursi[vf]|\berrat|printer|accents|"
    r"small caps|bold (?:type|text|face)|"
    r"rechtschreib|schreibweise|druckfehler|zeichensetzung|gesperrt|orthograph|coquilles?|typographique|"
    r"ortogra[fp]|errores|erros|errori|refusi|gralhas|drukfout|oikeinkirjoitu|painovirhe|stavning|tryckfel|"
    r"stavefejl|trykfejl|trykkfeil|retskrivning|rettskriving|preseraro|literumad|menda",
    re.IGNORECASE,
)
# What was done to it: corrected, kept, or marked.
DEED = re.compile(
    r"correct|retain|preserv|unchanged|maintain|left as|denoted|indicated by|represented|regulari[sz]|supplied|"
    r"encoded (?:in|as|by)|enclosed|surrounded|\bunmarked|marked (?:with|by|as)|entouré|indiqu|muestran|reso come|"
    r"berichtig|korrig|beibehalten|übernommen|gekennzeichnet|corrig|conserv|respet|corregid|mantenut|conservat|mantid|"
    r"verbeterd|gecorrigeerd|behouden|korja|säilytet|rättat|bibehåll|rettet|bevaret|beholdt|korekt|emendat|servat",
    re.IGNORECASE,
)

# A key to the marks of type that the text uses, written in these marks: "_corsivo_, =grassetto=".
MARKS_OF_TYPE = re.compile(
    r"(?<!\w)[_*/=+~]{1,2}(?:[ck]ursi[vf]\w*|corsiv\w+|itali[cq]\w*|grassett\w+|negrit\w+|gras|bold|fett|fet|halvfet|"
    r"gesperrt|antiqua|spaced)[_*/=+~]{1,2}(?!\w)",
    re.IGNORECASE,
)

# What is said of lines that differ from the printed book: "Im folgenden werden alle geänderten Textzeilen angeführt,
# wobei jeweils zuerst die Zeile wie im Original steht".
CHANGED = re.compile(
    r"geändert|änderung|changes|changed|korri?g|rett?[ae][dt]|rättat|ändrat|endret|ændret|modifi[ce]|cambi|alterad|muutet|"
    r"zmieni|poprawi|oprav|javít|binago|verbeter|gewijzig",
    re.IGNORECASE,
)

# "Errata", "Corrigenda", "Druckfehler" alone on a line: the author's or the transcriber's.
ERRATA_HEADING = re.compile(
    r"^[^\w\n]*(?:errata|corrigenda|corrections(?: made)?|changes|typographical (?:errors|notes)|druckfehler|"
    r"fe de erratas|errata corrige|drukfouten|tryckfel|trykfejl|trykkfeil|painovirheet)[^\w\n]*$",
    _FLAGS,
)
# What only a transcriber says of misprints: an author's errata are orders ("for 'foo' read 'bar'") and know no printed
# text beside their own.
TRANSCRIBERS_ERRATA = re.compile(
    _TRANSCRIBE.replace(r"\w+", r"(?:b|pt|tt)\w+")
    + r"|\be-?texts?\b|\b(?:is|are|was|were|left) (?:unchanged|invisible)|may be intentional|"
    r"(?:text|original) (?:reads|has)\b|supplied by|as printed|html version",
    re.IGNORECASE,
)

# "Notes", "Noteringar", "Anmerkungen:", "Uwagi" alone on a line: the author's or the transcriber's. What follows tells.
PLAIN_HEADING = re.compile(rf"^[^\w\n\[]*(?:{_NOTE}|noteringar|notering)[^\w\n]*$", _FLAGS)
# The printed book, as who transcribes it speaks of it.
PRINTED_BOOK = re.compile(
    r"origin|orygin|ursprung|oorspronkelijk|alkuperäi|vorlage|forlegg|forelæg|förlag[ae]|eredeti|předlo|printed|imprim|"
    r"stampat|impres|gedruckt|tryckt|trykte",
    re.IGNORECASE,
)

# The signs that a Japanese text uses, explained between two rules of dashes: "《》：ルビ", "｜ marks the start of
# a string of ruby-attached characters".
SIGNS_OF_JAPANESE = re.compile(r"^[ \t]*-{20,}[ \t]*\n(?:(?!-{20})[^\n]*\n){1,60}?[ \t]*-{20,}[ \t]*$", re.MULTILINE)
SIGNS = re.compile("ルビ|ruby|入力者注|［＃")
# "［＃ここから２字下げ］", "［＃改ページ］": how the printed text is set, alone on a line.
SIGN_OF_SETTING = re.compile(r"^[ \t\u3000]*(?:［＃[^［］\n]{1,80}］[ \t\u3000]*)+$", re.MULTILINE)

# What a note below the header says of its project, which no book begins with: "This marks the 900th Project Gutenberg
# Etext", "Project Gutenberg has the other two volumes of this work."
PROJECTS_WORDS = re.compile(
    r"project gutenberg(?:[’']s)? (?:e-?(?:text|book)s?\b|has the other\b|also has\b)|"
    r"gutenberg\.org/(?:ebooks|etext)/\d",
    re.IGNORECASE,
)

# A note that is called so behind its words: "The spelling was kept. (nota del transcriptor)".
NOTE_BEHIND = re.compile(rf"[(\[](?:{NOTE_HEADING.pattern})\.?[)\]]\s*\Z", re.IGNORECASE)

# "TABLE OF SPECIAL CHARACTERS" alone on a line near the end, and three rows of it: "à = a grave", "— = em dash".
CHARACTERS_HEADING = re.compile(
    r"^[^\w\n\[]*(?:(?:table|list|tavola|tabla|tabelle|tableau) (?:of|dei|de|der|des) )?(?:special characters|"
    r"caratteri speciali|sonderzeichen|caractères spéciaux|caract[eé]res especia(?:les|is))[^\w\n]*$",
    _FLAGS,
)
CHARACTERS = re.compile(r"(?:^[ \t]*\S{1,4} = [a-z] ?\w+[^\n]*\n\s*){3}", _FLAGS)
