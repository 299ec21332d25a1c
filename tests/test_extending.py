"""docs/extending.md: its code does what the page says, where the page says that it goes."""

import re
from typing import Any

import pytest

from poet.errors import SourceError
from poet.params import sections
from poet.sources import fetched, folder
from poet.sources import kinds as sources
from poet.tokenizers import kinds as tokenizers
from poet.tokenizers.tokenizer import encode
from tests.clone import ROOT
from tests.recipes import sizes
from tests.sources.settings import download_settings
from tests.texts import babble

PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
SETTINGS, READER, ENTRY, TOKENIZER, FIGURE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def run(code: str, *modules: Any) -> dict[str, Any]:
    """The names of `modules` and of `code`, which is run among them; a table that it changes is a copy."""
    names: dict[str, Any] = {}
    for module in modules:
        names |= vars(module)
    names |= {name: dict(names[name]) for name in ("SOURCES", "KINDS") if name in names}
    exec(compile(code, "docs/extending.md", "exec"), names)
    return names


def test_the_source_of_the_page_yields_its_books(tmp_path, monkeypatch):
    names = run(SETTINGS + READER + ENTRY, folder, fetched, sources, sections)
    monkeypatch.setattr(sources, "SOURCES", names["SOURCES"])
    path = tmp_path / "poems.txt"
    path.write_text("One\n***\nTwo\n\n***\nThree", encoding="utf-8")
    source = names["PoemsSource"](kind="poems", path=str(path), author="I", language="en")
    books = list(sources.fetch_books([source], download_settings()))
    assert [(book.id, book.content) for book in books] == [
        ("poem-1", b"One"),
        ("poem-2", b"Two\n"),
        ("poem-3", b"Three"),
    ]
    path.unlink()
    with pytest.raises(SourceError, match="change `path`"):
        list(sources.fetch_books([source], download_settings()))


def test_the_tokenizer_of_the_page_crosses_words_and_loses_nothing():
    names = run(TOKENIZER, tokenizers)
    text = "of the king and of the queen, " * 200 + babble(1, 3000)
    tokenizer = names["KINDS"]["phrases"].train([text], sizes("bpe"))
    assert any("Ġ" in tokenizer.id_to_token(i)[1:] for i in range(tokenizer.get_vocab_size())), "a blank within a token"
    for sample in (text, "Tür\n\n  天地 <|book|> 😀"):
        ids = encode(tokenizer, sample).tolist()
        assert 0 not in ids and tokenizer.decode(ids) == sample


def test_the_figure_of_the_page_is_right():
    assert run(FIGURE)["bits_per_word"](1.5, "to be or not to be") == 4.5


def test_the_lines_of_a_variant_have_neighbours_where_the_page_says():
    """Each file of the table names another activation in the place that is named."""
    rows = re.findall(r"\| \d\. [^|]+ \| `([^`]+)` \| (.*) \|", PAGE)
    assert len(rows) == 6
    for path, line in rows:
        content = (ROOT / path).read_text(encoding="utf-8")
        assert '"silu"' not in content and "leaky_relu" in content
        places = re.findall(r" in `(\w+)`", line)
        assert all(re.search(rf"\b{place}\b", content) for place in places)
