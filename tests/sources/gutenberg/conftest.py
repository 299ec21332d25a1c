"""A mirror of one book on this machine."""

import pytest

from tests.sources.gutenberg.one_book import BOOK, PLACE
from tests.sources.server import Server


@pytest.fixture
def server():
    with Server() as server:
        server.files[PLACE] = BOOK
        yield server
