"""Tokens of a small text, for everything that trains."""

import pytest

from poet.tokens.token_files import tokenize
from tests.cleaning.shelf import clean_shelf
from tests.recipes import CHAR, SPLIT
from tests.texts import babble


@pytest.fixture
def tokens(write_books, tmp_path):
    clean = clean_shelf(write_books(a=babble(1, 4000)), tmp_path)
    tokenize(clean, SPLIT, CHAR, {}, tmp_path / "tokens")
    return tmp_path / "tokens"
