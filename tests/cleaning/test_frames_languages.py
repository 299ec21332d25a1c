"""Frames and notes that books in other languages than English have: their own words, shapes and hosts."""

import pytest

from tests.cleaning.frames import BODY, FOOTER_2008, cleaned
from tests.cleaning.test_frames import BOOK, CREDITS, LEFT, TOP

SMALL_PRINT = (
    "**The Project Gutenberg Etext of Emma**\n\n***START** SMALL PRINT! for COPYRIGHT PROTECTED ETEXTS ***\n\n"
)
COPYRIGHTED_END = "*SMALL PRINT! Ver.04.29.93 FOR COPYRIGHT PROTECTED ETEXTS*END*\n\n\n"
OLD_TOP = "Project Gutenberg Etext of Emma\n\n*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*\n\n\n\n"

FRAMES = {
    "small print of a copyrighted text": (
        SMALL_PRINT + COPYRIGHTED_END,
        "\nEnd of The Project Gutenberg Etext of Emma\n",
    ),
    "the first lines of the header once more": (
        SMALL_PRINT
        + COPYRIGHTED_END
        + "**This is a COPYRIGHTED Project Gutenberg Etext, Details Below**\nThe Project Gutenberg Etext of Emma\n\n\n",
        "\n\nEnd of this is COPYRIGHTED Project Gutenberg Etext, Details Below\nThe Project Gutenberg Etext of Emma\n",
    ),
    "a German end line with an ending that is not one": (
        TOP,
        '\n\nEnde diese Project Gutenberg Etextes "Emma und ihre Freundin aus der Stadt", von\nJane Austen\n',
    ),
    "an end line that stops before the title": (
        TOP,
        "\n\nEnd of this Project Gutenberg E-text of\nEmma  [7-bit text]\n",
    ),
}
NEWS = """This marks the 900th Project Gutenberg Etext.
We will show it in a wide variety of formats.

WE WOULD LOVE YOUR HELP WITH THESE FILES!

  emma10.txt   emma10a.txt

M. Reader
[reader@example.org]




"""


@pytest.mark.parametrize("name", FRAMES)
def test_the_frame_goes_and_the_book_stays(name):
    before, after = FRAMES[name]
    assert cleaned(before + BOOK + after).text == LEFT


@pytest.mark.parametrize(
    "credit",
    [
        "This Project Gutenberg Etext prepared by A. Reader\nreader@example.org\nThis Etext is our first in Frisian!\n",
        "This Etext prepared by. . . .\nA. Reader\nreader@example.org\n",
        "A. Reader, B. Writer, and the Online Distributed Proofreading\nTeam.\n",
        "This book content was graciously contributed by a project.\nIt is at the web site http://books.example.\n",
        "Produced by A. Reader.\n\nFrom images generously made available by a library at http://library.example.\n",
    ],
)
def test_credits_without_the_usual_verb(credit):
    assert cleaned(OLD_TOP + credit + "\n\n\n\n" + BOOK).text == LEFT


def test_news_of_the_project_below_the_small_print_go_up_to_their_gap():
    assert cleaned(OLD_TOP + NEWS + BOOK).text == LEFT
    assert cleaned(NEWS + BOOK).text.startswith("This marks"), "without a header it is the author's"


@pytest.mark.parametrize(
    "note",
    [
        "      Project Gutenberg has the other two volumes of this work.\n      Volume I: see http://books.example/1\n",
        "Se ha mantenido todo tal como estaba en el texto. (nota del transcriptor)\n",
    ],
)
def test_a_note_below_the_header_is_known_by_one_certain_phrase(note):
    assert cleaned(TOP + CREDITS + note + "\n\n\n" + BOOK).text == LEFT
    assert cleaned(TOP + note + "\n\n\n" + BOOK).text == LEFT


def test_credits_at_the_end_go_if_they_have_an_address():
    credit = "\n\n\nThis text was converted to plain form for a library by\nA. Reader and is free.\n\n"
    assert cleaned(TOP + BOOK + credit + "  E-mail: reader@example.org\n" + FOOTER_2008).text == LEFT
    assert "was converted" in cleaned(TOP + BOOK + credit + "\n" + FOOTER_2008).text


NOTES = [
    "Notes sur la version électronique\n\nOn a suivi l'original.\n",
    "Uwagi do wydania elektronicznego.\n\nPoprawiono błędy.\n",
    "Uwagi transkrybenta\n\nPoprawiono błędy.\n",
    "Anmerkungen zur elektronischen Ausgabe\n\nDer Text folgt dem Druck.\n",
    "Nota all'edizione elettronica\n\nSegue la stampa.\n",
    "Anmärkningar till den elektroniska utgåvan\n\nSom i tryck.\n",
    "Rimarkoj pri la elektronika eldono\n\nLaŭ la libro.\n",
    "Poznámka k elektronickému vydání\n\nPodle tisku.\n",
    "Megjegyzések az elektronikus kiadáshoz\n\nNyomtatás szerint.\n",
    "Afskriverens bemærkninger\n\nOverskriften mangler.\n",
    "Talâ ng Tagapagsalin\n\nGaya ng orihinal.\n",
    "About this electronic edition:\n\nThe order is that of the print.\n",
]


@pytest.mark.parametrize("note", NOTES)
def test_notes_name_the_electronic_edition_in_many_languages(note):
    assert cleaned(TOP + note + "\n\n\n" + BOOK).text == LEFT
    assert cleaned(TOP + BOOK + "\n\n" + note + FOOTER_2008).text == LEFT
    assert cleaned(TOP + "[" + note.strip() + "]\n\n" + BOOK).text == LEFT


@pytest.mark.parametrize("line", ["Notes on electronics", "About this edition", "Notas de viaje", "Uwagi ogólne"])
def test_notes_of_the_author_stay(line):
    text = f"{line}\n\nWords of the author.\n\n\n" + BODY * 5
    assert cleaned(TOP + text).text == text.strip("\n") + "\n"


def test_remarks_on_the_print_below_a_plain_heading_at_the_end_are_the_transcribers():
    remarks = "\n\n\n      Noteringar:\n\n\nOriginalets stavning har bibehållits.\n\n   [s. 4]:\n   ... en hatt ...\n"
    authors = "\n\n\n      Noteringar:\n\n\n1. Originalets stavning har bibehållits i verserna.\n\n2. Se ovan.\n"
    assert cleaned(TOP + BOOK + remarks + FOOTER_2008).text == LEFT
    assert "2. Se ovan." in cleaned(TOP + BOOK + authors + FOOTER_2008).text
    assert "en hatt" in cleaned(BOOK + remarks).text, "without a header they are the author's"


def test_a_bracket_that_ends_the_book_may_be_a_long_list_of_corrections():
    lines = "  Die Zeile, wie sie im Druck steht [A 3].\n  Die Zeile, wie sie stehen muss [A 3].\n\n" * 60
    note = f"\n\n\n  [ Im folgenden werden alle geänderten Zeilen angeführt, zuerst wie im Original.\n\n{lines}  ]\n"
    assert cleaned(TOP + BOOK + note + FOOTER_2008, minimum_kept=0.3).text == LEFT
    assert (
        cleaned(
            TOP + BOOK + note.replace("[ Im", "[Anmerkung zur Transkription: Im") + FOOTER_2008, minimum_kept=0.3
        ).text
        == LEFT
    )
    authors = "\n\n\n[Here the original letter ends.]\n"
    assert authors.strip() in cleaned(TOP + BOOK + authors + FOOTER_2008).text


@pytest.mark.parametrize(
    "key",
    [
        "_corsivo_, =grassetto=\n",
        "<grec> translitteration: <a>lpha, <b>eta, <`><'> accents (after the letter), smooth is unmarked\n",
        "[Bold text is marked with /# ... #/]\n",
        "[Denne tekst er baseret på udgaven udgivet i Aarhus, 1917]\n",
    ],
)
def test_a_key_to_the_marks_of_type_above_the_title_goes(key):
    assert cleaned(TOP + CREDITS + key + "\n\n\n" + BOOK).text == LEFT


def test_a_note_between_two_credits_goes():
    key = "<a>lpha, <b>eta, accents (after the letter), smooth is unmarked\n\n\n\n"
    thanks = "We thank the library that made the images available at http://library.example for this etext.\n\n\n\n"
    assert cleaned(TOP + CREDITS + key + thanks + BOOK).text == LEFT


def test_a_table_that_names_the_characters_of_the_file_goes():
    table = (
        "\n\n  - - -\n\n  TAVOLA DEI CARATTERI SPECIALI\n  SPECIAL CHARACTERS\n\n    à = a grave\n    è = e grave\n\n"
    )
    rows = "    “ = left double quotation mark\n\n. . . = ellipsis\n"
    assert cleaned(TOP + BOOK + table + rows + FOOTER_2008).text == LEFT
    words = "\n\nSPECIAL CHARACTERS\n\nThey were a strange company of players.\n"
    assert "strange company" in cleaned(TOP + BOOK + words + FOOTER_2008).text


def test_places_of_pictures_in_more_languages_and_with_a_point():
    for words in (
        "Copertina",
        "Larawan: Emma",
        "Figura de Emma",
        "Gravura",
        "Decoratieve Illustratie",
        "Rysunek: Emma",
        "Иллюстрация",
    ):
        assert cleaned(BOOK + f"[{words}]\n\n" + BODY).text == (BOOK + BODY).strip("\n") + "\n", words
    assert cleaned(BOOK + "[Illustration: Emma].\n\n" + BODY).text == (BOOK + BODY).strip("\n") + "\n"
    for words in ("Figura", "Cover of the night", "Imagine"):
        assert f"[{words}]" in cleaned(BOOK + f"[{words}]\n\n" + BODY).text


JAPANESE = "こころの中\n\n山田太郎\n\n"
PROSE = "　その日は朝から雨が降っていた。彼は窓の外を眺めて、何も言わなかった。\n" * 30
RULE = "-" * 55 + "\n"
SIGNS = (
    RULE + "【テキスト中に現れる記号について】\n\n《》：ルビ\n（例）心《こころ》\n\n［＃］：入力者注\n" + RULE + "\n"
)
COLOPHON = """
底本：「山田太郎全集」某書房
　　　1967（昭和42）年1月1日発行
入力：某
校正：某
2001年1月1日公開
青空文庫作成ファイル：
このファイルは、インターネットの図書館、青空文庫で作られました。
"""


def test_the_frame_of_aozora_bunko_goes_in_its_own_charset():
    setting = "［＃ここから２字下げ］\n"
    content = (JAPANESE + SIGNS + PROSE + setting + PROSE + COLOPHON).replace("\n", "\r\n").encode("shift_jis")
    result = cleaned(content, minimum_kept=0.5)
    assert result.text == JAPANESE + PROSE + PROSE
    assert [part.rule for part in result.removals] == ["marks", "transcriber_notes", "licence"]
    assert "no-markers" not in result.flags


def test_a_japanese_book_may_speak_of_its_source():
    text = JAPANESE + PROSE + "\n底本：古い写本。\n\n" + PROSE * 9
    assert cleaned(text).text == text


def test_the_links_of_the_latin_library_go():
    text = "Carmina\n\n" + "arma canunt et noctes, silva tacet;\n" * 40
    links = " \n \n\t \n\t\t Ignotus \n\t\t The Latin Library \n\t\t The Classics Page"
    assert cleaned(text + links).text == text
    assert cleaned(text + "The Latin Library\n\nThe Classics Page\n\n" + text).text.count("Latin Library") == 1


MANUZIO = """Il titolo

www.liberliber.it

Questo e-book è stato realizzato anche grazie al sostegno di:
Una ditta

QUESTO E-BOOK:

TITOLO: Il titolo
AUTORE: Ignoto, Anonimo
NOTE: testo in italiano
DIRITTI D'AUTORE: no

LICENZA: questo testo è distribuito con la licenza del sito

INDICE DI AFFIDABILITÀ: 2
  0: affidabilità bassa
  1: affidabilità media

ALLA EDIZIONE ELETTRONICA HANNO CONTRIBUITO:
Un lettore

Aiuta anche tu il "progetto Manuzio". Fai una donazione:
http://www.liberliber.it/


"""


def test_the_sheet_of_liber_liber_goes_and_the_title_stays():
    text = "IL TITOLO\n\nEra una notte scura, e il vento veniva dal mare.\n" * 60
    assert cleaned(MANUZIO + text).text == "Il titolo\n\n" + text
    authors = "Questo testo è stato scritto per gli amici.\n\n" + text
    assert cleaned(authors).text == authors


def test_the_sheet_of_lib_ru_goes():
    sheet = RULE + "Изд. «Север», 1961\nOCR: Читатель, spellcheck: Читатель\nOrigin: http://library.example\n" + RULE
    text = "Старый дом\n\n" + "Ночь была темна, и ветер дул с моря.\n" * 60
    assert cleaned("Иван Иванов. Старый дом\n\n" + sheet + "\n" + text).text == "Иван Иванов. Старый дом\n\n" + text
