"""`poet collection`: params.yaml changes where it should, and nowhere else."""

import pytest
from click.testing import CliRunner

from poet.cli import main
from poet.errors import ConfigError
from poet.params.file import add_collection, load_params, remove_collection
from tests.sources.gutenberg.small_mirror import CATALOG, write_catalog, write_params


@pytest.fixture
def mirror(tmp_path):
    """A mirror that has the small catalog."""
    write_catalog(tmp_path / "mirror")
    return tmp_path / "mirror"


@pytest.fixture
def params(tmp_path, mirror):
    """A copy of params.yaml that looks at that mirror first."""
    return write_params(tmp_path / "params.yaml", mirror)


def collection(params, *arguments):
    return CliRunner().invoke(main, ["collection", *arguments, "--params", str(params)])


def test_adding_and_removing_leaves_everything_else_as_it_was(params):
    before = params.read_text(encoding="utf-8")
    assert collection(params, "add", "duo", "--id", "768").exit_code == 0
    assert collection(params, "add", "duo", "--author", "bronte").exit_code == 0
    settings = load_params(params)
    assert settings.collections["duo"].sources[0].ids == [768, 1260]
    added = "  duo:\n    title: Duo\n    sources:\n      - kind: gutenberg\n        ids: [768, 1260]\n"
    assert added in params.read_text(encoding="utf-8")
    assert params.read_text(encoding="utf-8").replace(added, "") == before
    shown = collection(params, "show", "duo").output
    assert "Wuthering Heights" in shown and "Jane Eyre" in shown
    assert collection(params, "remove", "duo").exit_code == 0
    assert params.read_text(encoding="utf-8") == before


def test_free_words_add_what_they_find(params):
    assert collection(params, "add", "kant", "immanuel", "KANT").exit_code == 0
    assert load_params(params).collections["kant"].sources[0].ids == [4280, 6342]


def test_adding_to_a_shipped_collection_keeps_its_comments(params):
    before = params.read_text(encoding="utf-8").splitlines()
    assert add_collection(params, "women_writers", "", [768, 1260]) == [1260]
    after = params.read_text(encoding="utf-8").splitlines()
    changed = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    assert len(changed) == 1
    assert changed[0][1] == changed[0][0].replace("105]", "105, 1260]")


def test_a_comment_after_the_last_collection_survives(params):
    text = params.read_text(encoding="utf-8").replace("\ndownload:", "\n# A remark.\ndownload:")
    params.write_text(text, encoding="utf-8")
    remove_collection(params, "philosophers_plato")
    assert "\n# A remark.\ndownload:" in params.read_text(encoding="utf-8")


def test_a_shelf_without_gutenberg_gets_some(params):
    assert add_collection(params, "shakespeare", "", [768]) == [768]
    assert [source.kind for source in load_params(params).collections["shakespeare"].sources] == [
        "package",
        "gutenberg",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add", "x", "--id", "5"], "catalog has no text 5 that fits"),
        (["add", "x", "--author", "nobody"], "no book matches"),
        (["add", "x", "wuthring", "heights"], "did you mean 'wuthering'?\nLook for them with `poet search`."),
        (["add", "../x", "--id", "768"], "collections.../x"),
        (["show", "nothing"], "unknown collection 'nothing'"),
        (["remove", "nothing"], "unknown collection 'nothing'"),
        (["remove", "shakespeare"], "take it out of `build` first"),
    ],
)
def test_mistakes_change_nothing(params, arguments, message):
    before = params.read_text(encoding="utf-8")
    result = collection(params, *arguments)
    assert (result.exit_code, message in result.output) == (1, True), result.output
    assert params.read_text(encoding="utf-8") == before


def test_many_books_need_a_yes(params, mirror):
    rows = "".join(f'{i},Text,2000-01-01,Book {i},en,"Many, A.",,,\n' for i in range(1, 42))
    write_catalog(mirror, CATALOG.splitlines()[0] + "\n" + rows)
    refused = collection(params, "add", "many", "--author", "many")
    assert refused.exit_code == 1 and "would add 41 books; narrow the search, or say --yes" in refused.output
    assert collection(params, "add", "many", "--author", "many", "--yes").exit_code == 0
    assert len(load_params(params).collections["many"].sources[0].ids) == 41


def test_a_broken_file_is_not_touched(params):
    params.write_text(params.read_text(encoding="utf-8").replace("n_layer: 3", "n_layer: x"), encoding="utf-8")
    before = params.read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match="n_layer"):
        add_collection(params, "duo", "Duo", [768])
    assert params.read_text(encoding="utf-8") == before
