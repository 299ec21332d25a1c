"""`poet search`: a table, JSON, and queries that find nothing."""

import json

import pytest
from click.testing import CliRunner

from poet.cli import main
from tests.sources.gutenberg.small_mirror import CATALOG, write_catalog, write_params


@pytest.fixture
def poet(tmp_path):
    """Runs a command with a params.yaml whose first mirror has the small catalog."""
    write_catalog(tmp_path / "mirror")
    params = write_params(tmp_path / "params.yaml", tmp_path / "mirror")
    return lambda *arguments: CliRunner().invoke(main, [*arguments, "--params", str(params)])


def test_search_prints_a_table_or_json(poet):
    table = poet("search", "--author", "kant", "--limit", "1")
    assert "4280" in table.output and "6342" not in table.output and "1 of 2 books" in table.output
    listed = json.loads(poet("search", "--author", "kant", "--json").output)
    assert [entry["id"] for entry in listed] == [4280, 6342]
    assert set(listed[0]) == {"id", "title", "author", "language", "issued", "subjects"}
    assert len(json.loads(poet("search", "--author", "kant", "--json", "--limit", "1").output)) == 1


def test_brackets_in_a_title_are_shown(poet, tmp_path):
    """rich takes lower-case words in brackets for styles."""
    row = "7,Text,2000-01-01,Songs [with music],en,,,,\n"
    write_catalog(tmp_path / "mirror", CATALOG.splitlines()[0] + "\n" + row)
    assert "[with music]" in poet("search", "--title", "songs").output


def test_a_search_needs_a_condition_and_may_find_nothing(poet):
    assert poet("search").exit_code == 2
    nothing = poet("search", "--author", "nobody")
    assert nothing.exit_code == 0 and "no book matches" in nothing.output
