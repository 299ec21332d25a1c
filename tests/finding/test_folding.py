"""Folding: spellings that must meet, names that must not, and what holds for any text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from poet.finding.folding import fold, fold_all, fold_with_spellings, spellings, transliterated

NAMES = [
    ("Müller", "Mueller"),
    ("Mu\u0308ller", "MUELLER"),
    ("Goethe", "Göthe"),
    ("Bjørnson", "Bjoernson"),
    ("Bjørnson", "Bjornson"),
    ("Åse", "Aase"),
    ("Encyclopædia", "Encyclopedia"),
    ("Encyclopædia", "Encyclopaedia"),
    ("Œuvres", "oeuvres"),
    ("Alice's", "Alice’s"),
    ("Straße", "STRASSE"),
    ("Moby-Dick", "mobydick"),
    ("hyphen\u00adated", "hyphenated"),
    ("Wells, H. G.", "hg"),
    ("łódź", "lodz"),
]


@pytest.mark.parametrize(("listed", "typed"), NAMES)
def test_a_name_is_found_in_its_other_spelling(listed, typed):
    assert set(spellings(typed)) & set(fold_with_spellings(listed).split())


@pytest.mark.parametrize(
    "names",
    [
        "dostoyevsky dostoevsky dostoevskii dostoevskij dostojewski dostoievski",
        "tolstoy tolstoi tolstoj",
        "turgenev turgenieff turgeneff turgenew",
        "chekhov tchekhov",
        "chaikovsky tchaikovsky tschaikowski",
        "alexander aleksander",
    ],
)
def test_transliterations_are_one(names):
    assert len({transliterated(fold(name)) for name in names.split()}) == 1


def test_different_names_stay_different():
    names = "austen austin brooke brooks marlowe barlow carroll harroll stevenson stephenson thomson tomson".split()
    assert len({transliterated(name) for name in names}) == len(names)


@given(st.text())
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


@given(st.lists(st.one_of(st.text(), st.text("ab-.:ü '\n"))))
@example([":-:", "-", ". .", "a-:b"])
def test_all_at_once_is_one_by_one(texts):
    assert fold_all(texts) == [fold_with_spellings(text) for text in texts]
