"""Decoding: which bytes are which text, how certain that is, and which are no text."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.cleaning.decoding import decode, read_text
from poet.errors import CleaningError

GERMAN = "Füße, Bären und Äpfel: déjà vu im Café. "
RUSSIAN = "Старый рыбак вышел из дома рано утром, и ничего не было видно. "


def declared(line, body):
    return f"Character set encoding: {line}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xef\xbb\xbfna\xc3\xafve\r\n", "naïve\n"),
        ("naïve".encode("cp1252"), "naïve"),
        (b"Character set encoding: ISO-8859-1\n\x93quoted\x94 \xe9", "Character set encoding: ISO-8859-1\n“quoted” é"),
        (b"Character set encoding: cp850\n\x82", "Character set encoding: cp850\né"),
        ("né".encode("utf-16"), "né"),
        (b"old\rmac\x1a", "old\nmac"),
        (b"a line\x0bof Word\xc2\x85and of EBCDIC", "a line\nof Word\nand of EBCDIC"),
    ],
)
def test_decoding_in_order(content, text):
    assert decode(content, "a.txt") == text


@pytest.mark.parametrize("line", ["8859-1", "ISO Latin-1", "Unicode", "ASCII", "TeX", "klingon", "rot_13", "UTF8"])
def test_latin_1_is_read_whatever_the_file_calls_it(line):
    read = read_text(declared(line, GERMAN.encode("latin-1")), "a.txt")
    assert GERMAN in read.text
    # What the declaration does not settle is flagged.
    assert (read.decoding.rule == "declared") == (line in ("8859-1", "ISO Latin-1"))
    assert bool(read.decoding.flags) == (read.decoding.rule == "guessed")


def test_a_declaration_is_believed_without_a_flag():
    content = declared("Latin-4", "Väinämöinen, ēģķļņ".encode("iso8859_4"))
    read = read_text(content, "a.txt")
    assert read.text.endswith("Väinämöinen, ēģķļņ") and read.decoding.summary == "iso8859_4 declared"
    assert read.decoding.flags == ()


def test_a_declared_charset_that_reads_nonsense_loses():
    read = read_text(declared("ISO-8859-1", (RUSSIAN * 5).encode("koi8-r")), "a.txt")
    assert RUSSIAN in read.text and read.decoding.flags[0].startswith("encoding-guessed-koi8_r")


def test_mostly_utf8_stays_utf8_and_names_its_bad_bytes():
    read = read_text((GERMAN * 20).encode() + b"\xfc stray \xff", "a.txt")
    assert read.text == GERMAN * 20 + "\ufffd stray \ufffd"
    start = len((GERMAN * 20).encode())
    assert (read.decoding.bad_bytes, read.decoding.bad_places) == (2, (start, start + 8))
    assert read.decoding.flags == ("bad-utf-8-bytes-2", "unreadable-characters-2")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [GERMAN, RUSSIAN, "Plain words only.\n", "老人清早就出了門。河上起了大霧，\n" * 9])
def test_wide_characters_without_a_mark_are_recognised(encoding, text):
    read = read_text(text.encode(encoding), "a.txt")
    assert read.text == text and read.decoding.rule == "guessed"


@pytest.mark.parametrize("encoding", ["iso2022_jp", "iso2022_kr", "hz", "utf-7"])
def test_charsets_of_seven_bits_are_recognised(encoding):
    text = {"iso2022_jp": "老人は朝早く家を出た。", "iso2022_kr": "노인은 아침 일찍", "hz": "老人清早就出了门。"}.get(
        encoding, GERMAN
    )
    assert decode(text.encode(encoding), "a.txt") == text


@pytest.mark.parametrize("text", ["1+234-5+6789", "~{ and ~}", "@@@ @@@@ @@@ a@b @@@\n" * 9, "a + bcd- +abcd"])
def test_signs_of_usual_texts_are_no_other_charset(text):
    assert decode(text.encode(), "a.txt") == text


def test_controls_are_dropped_and_counted():
    read = read_text(("one\x07 two\x7f three\x92 \ufefffour\n" * 2 + "words " * 200).encode(), "a.txt")
    assert read.text.startswith("one two three four\n") and read.dropped == "\x07\x7f\x92\ufeff" * 2
    assert read.decoding.controls == 8


def test_unreadable_characters_are_kept_and_counted():
    read = read_text(("damaged \ufffd words\n" * 9).encode(), "a.txt")
    assert read.text.count("\ufffd") == read.decoding.unreadable == 9
    assert read.decoding.flags == ("unreadable-characters-9",)


def test_the_setting_overrules_everything():
    read = read_text(declared("koi8-r", "été".encode("cp850")), "a.txt", encoding="Code Page 850")
    assert read.text.endswith("été") and read.decoding.summary == "cp850 setting"
    with pytest.raises(CleaningError, match="`encoding: rot_13` of its source is no charset"):
        read_text(b"abc", "a.txt", encoding="rot_13")


def test_a_text_that_was_cut_inside_a_character():
    content = ("道可道，非常道。名可名，非常名。无名天地之始；有名万物之母。\n" * 20).encode("gb18030")[:-2]
    read = read_text(content, "a.txt")
    assert read.decoding.encoding == "gb18030" and read.text.endswith("母\ufffd")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x01", "is not a text: .* control characters, the first"),
        (bytes(range(256)) * 20, "is not a text"),
        (b"damaged \xef\xbf\xbd" * 10, "is ruined: 10 of its 90 characters are unreadable"),
    ],
)
def test_what_is_not_text_is_refused(content, message):
    with pytest.raises(CleaningError, match=rf"a\.txt.*{message}"):
        decode(content, "a.txt")


@given(st.binary(max_size=400), st.sampled_from(["", "en", "ru", "zh", "xx"]), st.sampled_from(["", "utf-16", "big5"]))
def test_any_bytes_are_a_text_or_refused(content, language, encoding):
    try:
        read = read_text(content, "a.txt", language=language, encoding=encoding)
    except CleaningError:
        return
    assert not set(read.text) & {"\r", "\x00", "\x7f", "\x85", "\x9f", "\ufeff"}
    read.text.encode("utf-8")


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff\ufffd"), max_size=200),
    st.sampled_from([
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ]),
)
def test_what_has_a_mark_comes_back(text, marked):
    mark, encoding = marked
    read = read_text(mark + text.encode(encoding), "a.txt")
    assert (read.text, read.decoding.rule, read.decoding.flags) == (text, "mark", ())
