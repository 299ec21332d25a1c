"""Tokens of a small text, for everything that trains."""

import pytest

from tests.cleaning.shelf import clean_shelf
from tests.recipes import CHAR, SPLIT
from tests.texts import babble
from tests.tokens.written import write_tokens


@pytest.fixture
def tokens(write_books, tmp_path):
    clean = clean_shelf(write_books(a=babble(1, 4000)), tmp_path)
    write_tokens(clean, SPLIT, CHAR, tmp_path / "tokens")
    return tmp_path / "tokens"
