"""Aozora Bunko: its marks go, the words and the letters that they describe stay; other texts keep everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.cleaning.formats.aozora import GETA, aozora_to_text
from poet.cleaning.text import clean_text
from tests.recipes import CLEAN

FOOTER = (
    "\n\n\n底本：「ある作家全集　第一巻」ある書房\n入力：ある人\n校正：別の人\n青空文庫作成ファイル：\nこのファイルは\n"
)
RULE = "-" * 55 + "\n"
LEGEND = f"題名\n作者\n\n{RULE}【テキスト中に現れる記号について】\n\n《》：ルビ\n（例）東京《とうきょう》\n{RULE}"


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("東京《とうきょう》へ", "東京へ"),
        ("この｜都の人《みやこのひと》は", "この都の人は"),
        ("｜Tokyo《トウキョウ》と棒｜は", "Tokyoと棒｜は"),
        ("［＃３字下げ］一［＃「一」は中見出し］", "一"),
        ("［＃「霧［＃「霧」に傍点］」］霧", "霧"),
        ("「※［＃「てへん＋勾」、第3水準1-84-72］る」", "「抅る」"),
        ("※［＃「土へん＋卞」、U+5742、12-3］", "坂"),
        ("※［＃「何か」、読めない］", GETA),
        ("※［＃「何か」、第9水準1-99-99］", GETA),
        ("※［＃「何か」、U+D800］", GETA),
        ("※注意", "※注意"),
    ],
)
def test_marks_go_and_words_stay(marked, plain):
    assert aozora_to_text(marked + FOOTER) == plain + FOOTER
    assert aozora_to_text(LEGEND + marked).endswith(plain)
    assert aozora_to_text(marked) == marked, "nothing says that this text is from there"


@given(text=st.text("東《》｜※［］＃\n第3水準1-84-72", max_size=60))
def test_no_character_is_made_up(text):
    """All that is left stood in the text in this order, but for letters that a note describes."""
    left = aozora_to_text(text.replace("※", "") + FOOTER)
    rest = iter(text + FOOTER)
    assert all(letter in rest for letter in left)


def test_a_book_from_there_is_cleaned():
    text = LEGEND + "\n" + "東京《とうきょう》の空。［＃改ページ］\n" * 200 + FOOTER
    cleaned = clean_text(text.encode("shift_jis"), ".txt", "a.txt", CLEAN, language="ja")
    assert cleaned.text.strip().splitlines()[-1] == "東京の空。"
    assert "《" not in cleaned.text and "［＃" not in cleaned.text and "底本" not in cleaned.text


def test_time_grows_with_the_text():
    for piece in ("［＃", "《", "｜", "※［＃", "底本："):
        aozora_to_text(piece * 200_000 + FOOTER)
