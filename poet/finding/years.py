"""Years: a range of them as a user writes it, and the life dates in an author's name."""

import re
from dataclasses import dataclass

# Where the catalog has only one of the two years of a life, the other is taken to be this far away at most.
LONGEST_LIFE = 100

ERA = r"(?:\s*(?:b\.?\s*c\.?\s*(?:e\.?)?))"
# 1775-1817, 1864?-, -1887?, 621? BCE-565? BCE, as the last part of a name, before a role in brackets.
LIFE = re.compile(
    rf"(?:^|,)\s*(?:active\s+)?(?:(?P<birth>\d{{1,4}})\??(?P<birth_era>{ERA})?)?\s*[-–]\s*"
    rf"(?:(?P<death>\d{{1,4}})\??(?P<death_era>{ERA})?)?\s*(?:\[[^\]]*\])?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Years:
    """All years from `first` to `last`, both included; years before Christ are negative."""

    first: int
    last: int

    def overlaps(self, other: "Years") -> bool:
        """Whether a year is in both."""
        return self.first <= other.last and other.first <= self.last


def parse_years(text: str) -> Years:
    """The range that a user wrote; ValueError when it is none.

    >>> parse_years("1800-1850"), parse_years("1818"), parse_years("-400 BC")
    (Years(first=1800, last=1850), Years(first=1818, last=1818), Years(first=-9999, last=-400))
    """
    text = text.strip()
    if single := re.fullmatch(rf"(\d{{1,4}})({ERA})?", text, re.IGNORECASE):
        year = _year(single[1], single[2])
        return Years(first=year, last=year)
    found = LIFE.fullmatch(text)
    if not found or not (found["birth"] or found["death"]):
        raise ValueError(f"{text!r} is no range of years; expected 1800-1850, 1800-, -1850 or 1818")
    # In "500-400 BC", both years are.
    era = found["birth_era"] or found["death_era"]
    first = _year(found["birth"], era) if found["birth"] else -9999
    last = _year(found["death"], found["death_era"]) if found["death"] else 9999
    if first > last:
        raise ValueError(f"{text!r} ends before it begins; write the earlier year first")
    return Years(first=first, last=last)


def life(author: str) -> Years | None:
    """The years in which an author of the catalog lived; None when the catalog does not say.

    >>> life("Austen, Jane, 1775-1817"), life("Aesop, 621? BCE-565? BCE"), life("Unknown")
    (Years(first=1775, last=1817), Years(first=-621, last=-565), None)
    """
    found = LIFE.search(author)
    if not found or not (found["birth"] or found["death"]):
        return None
    birth = _year(found["birth"], found["birth_era"]) if found["birth"] else None
    death = _year(found["death"], found["death_era"]) if found["death"] else None
    if birth is None:
        assert death is not None
        return Years(first=death - LONGEST_LIFE, last=death)
    return Years(first=birth, last=birth + LONGEST_LIFE if death is None else death)


def _year(digits: str, era: str | None) -> int:
    return -int(digits) if era else int(digits)
