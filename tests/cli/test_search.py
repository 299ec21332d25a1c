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


def test_free_words_find_the_best_book_first_and_the_next_command_is_shown(poet):
    found = poet("search", "immanuel", "reason", "kant")
    assert found.exit_code == 0
    assert "4280" in found.output and "6342" not in found.output
    assert found.output.splitlines()[-2:] == ["1 of 1 book", "Next: poet collection add kant --id 4280"]
    german = json.loads(poet("search", "kant", "--language", "German", "--json").output)
    assert [entry["id"] for entry in german] == [6342]


@pytest.mark.parametrize(
    ("command", "number"),
    [("poet search pride prejudice", 1342), ("poet search nietzsche --language english", 1998)],
)
def test_the_commands_of_the_readme_find_books(poet, tmp_path, command, number):
    rows = """1342,Text,1998-06-01,Pride and Prejudice,en,"Austen, Jane, 1775-1817",Sisters,PR,
1998,Text,1999-12-01,Thus Spake Zarathustra,en,"Nietzsche, Friedrich Wilhelm, 1844-1900",Philosophy,B,
7205,Text,2005-01-01,Also sprach Zarathustra,de,"Nietzsche, Friedrich Wilhelm, 1844-1900",Philosophy,B,
"""
    write_catalog(tmp_path / "mirror", CATALOG.splitlines()[0] + "\n" + rows)
    assert [entry["id"] for entry in json.loads(poet(*command.split()[1:], "--json").output)] == [number]


def test_a_misspelt_word_is_told_and_its_books_are_shown(poet):
    found = poet("search", "wuthring", "heights")
    assert found.output.splitlines()[0] == "no book matches 'wuthring'; did you mean 'wuthering'?"
    assert "768" in found.output
    listed = poet("search", "wuthring", "--json")
    assert [entry["id"] for entry in json.loads(listed.stdout)] == [768]
    assert "did you mean 'wuthering'" in listed.stderr


@pytest.mark.parametrize("option", ["--author-lived", "--published"])
def test_years_are_those_in_which_an_author_lived(poet, option):
    listed = json.loads(poet("search", option, "1820-1850", "--json").output)
    assert [entry["id"] for entry in listed] == [768, 1260]
    wrong = poet("search", option, "long ago")
    assert (wrong.exit_code, "is no range of years; expected 1800-1850" in wrong.output) == (2, True)
    assert "no years of publication" in " ".join(poet("search", "--help").output.split())


@pytest.mark.parametrize("width", [80, 120])
def test_long_rows_fit_the_terminal(poet, tmp_path, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    author = "; ".join(f"Somebody With A Long Name, Number {i}, 1800-1870" for i in range(9))
    row = f'123456,Text,2000-01-01,"{"A Very Long Title, " * 30}",de; en; fr; la,"{author}; X [Editor]",,,\n'
    write_catalog(tmp_path / "mirror", CATALOG.splitlines()[0] + "\n" + row)
    lines = poet("search", "long").output.splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) < 12
    assert "│ 123456 │ A Very Long" in lines[3]
    assert any("Somebody With" in line for line in lines)
    assert any("2000-01-01" in line for line in lines) == (width == 120)


def test_controls_from_the_catalog_do_not_reach_the_terminal(poet, tmp_path):
    row = "7,Text,2000-01-01,Songs \x1b]0;x\x07 \x9b2J \u202etxet,en,A\x1b[31m,,,\n"
    write_catalog(tmp_path / "mirror", CATALOG.splitlines()[0] + "\n" + row)
    for arguments in (["songs"], ["songs", "--json"], ["--language", "\x1b[2Jxx"], ["xq\x1b[2Jz"]):
        output = poet("search", *arguments).output
        assert not set("\x1b\x07\x9b\u202e") & set(output), arguments
    listed = json.loads(poet("search", "songs", "--json").output)
    assert listed[0]["title"] == "Songs \x1b]0;x\x07 \x9b2J \u202etxet"


def test_what_is_amiss_with_the_catalog_is_told_once(poet, tmp_path):
    write_catalog(tmp_path / "mirror", CATALOG + '9,Text,2019-01-01,"Short row",en\n')
    found = poet("search", "kant", "--json")
    assert len(json.loads(found.stdout)) == 2
    assert found.stderr.endswith("pg_catalog.csv: 1 damaged row skipped\n")
    assert found.stderr.count("\n") == 1


def test_brackets_in_a_title_are_shown(poet, tmp_path):
    """rich takes lower-case words in brackets for styles."""
    row = "7,Text,2000-01-01,Songs [with music],en,,,,\n"
    write_catalog(tmp_path / "mirror", CATALOG.splitlines()[0] + "\n" + row)
    assert "[with music]" in poet("search", "--title", "songs").output


def test_a_search_needs_a_condition(poet):
    for arguments in ([], [" "], ["--title", "'"]):
        assert poet("search", *arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--author", "nobody"], "no book matches; try fewer words"),
        (["xqzv", "kant"], "no book matches; try fewer words"),
        (
            ["kant", "--language", "germn"],
            "no book matches: the catalog has none in the language 'germn'; did you mean 'german'?",
        ),
        (["kant", "--language", "xx"], "no book matches: the catalog has none in the language 'xx'"),
    ],
)
def test_nothing_found_is_one_line(poet, arguments, line):
    nothing = poet("search", *arguments)
    assert (nothing.exit_code, nothing.output) == (0, line + "\n")
