"""Years as users write them, and life dates as the catalog has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.finding.years import Years, life, parse_years


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1800-1850", 1800, 1850),
        ("1800 – 1850", 1800, 1850),
        ("1800-", 1800, 9999),
        ("-1850", -9999, 1850),
        ("1818", 1818, 1818),
        ("500-300 BC", -500, -300),
        ("100 BCE-50", -100, 50),
        ("44 b.c.", -44, -44),
    ],
)
def test_ranges(text, first, last):
    assert parse_years(text) == Years(first=first, last=last)


@pytest.mark.parametrize("text", ["", "-", "x", "1850-1800", "18000-19000", "1800-1850-1900", "300-500 BC"])
def test_what_is_no_range_is_told(text):
    with pytest.raises(ValueError, match=r"is no range of years|ends before it begins"):
        parse_years(text)


@pytest.mark.parametrize(
    ("author", "first", "last"),
    [
        ("Woolf, Virginia, 1882-1941", 1882, 1941),
        ("Mügge, Maximilian A. (Maximilian August), 1878- [Translator]", 1878, 1978),
        ("Hamilton, Anthony, Count, 1646?-1720", 1646, 1720),
        ("Reed, Alonzo, -1899", 1799, 1899),
        ("Aristophanes, 447? BCE-386? BCE", -447, -386),
        ("Seneca, Lucius Annaeus, 5? BCE-65", -5, 65),
        ("Guan, Zhong, -646 BCE", -746, -646),
        ("Zhong, Rong, active 502-519", 502, 519),
    ],
)
def test_life_dates(author, first, last):
    assert life(author) == Years(first=first, last=last)


@pytest.mark.parametrize("author", ["", "Unknown", "United States", "Kehoe-Smith, B.", "Hayes, Edward, active 1602"])
def test_no_life_dates(author):
    assert life(author) is None


@given(st.text(alphabet="0123456789-–?BCE. ,activex", max_size=30))
def test_any_text_is_a_range_or_told(text):
    life(text)
    try:
        years = parse_years(text)
    except ValueError:
        return
    assert years.first <= years.last
