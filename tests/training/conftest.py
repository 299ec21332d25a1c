"""Tokens of a small text, for everything that trains."""

import pytest

from poet.params.sections import SplitSettings
from poet.tokens.token_files import tokenize
from tests.cleaning.shelf import clean_shelf
from tests.conftest import babble
from tests.tokenizers.sizes import CHAR


@pytest.fixture
def tokens(write_books, tmp_path):
    clean = clean_shelf(write_books(a=babble(1, 4000)), tmp_path)
    split = SplitSettings(validation=0.1, held_out_books=[])
    tokenize(clean, split, CHAR, {}, tmp_path / "tokens")
    return tmp_path / "tokens"
