"""`poet collection`: params.yaml changes where it should, and nowhere else."""

import re
import subprocess
import sys

import pytest
from click.testing import CliRunner
from filelock import FileLock

from poet.cli import main
from poet.errors import ConfigError
from poet.params.file import add_collection, load_params, remove_collection
from tests.clone import ROOT
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


SHAPES = {
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "no final newline": lambda text: text.rstrip("\n"),
    "four blanks": lambda text: re.sub("^  ", "    ", text, flags=re.MULTILINE),
    "collections at the end, no final newline": lambda text: (
        text.replace(block := text[text.index("collections:") : text.index("download:")], "") + block.rstrip("\n")
    ),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_only_the_new_lines_differ(params, shape):
    """Line ends, a missing newline at the end and the indentation stay; what is inserted has them too."""
    before = shape(params.read_text(encoding="utf-8"))
    params.write_bytes(before.encode("utf-8"))
    add_collection(params, "duo", "Duo", [768])
    remove_collection(params, "duo")
    assert params.read_bytes().decode("utf-8").rstrip("\r\n") == before.rstrip("\r\n")
    params.write_bytes(before.encode("utf-8"))
    assert add_collection(params, "women_writers", "", [768, 1260]) == [1260]
    assert params.read_bytes().decode("utf-8") == before.replace("121, 105]", "121, 105, 1260]")
    add_collection(params, "duo", "Duo", [768])
    after = params.read_bytes().decode("utf-8")
    assert after.endswith("\n") == before.endswith("\n") and ("\r\n" in after) == ("\r\n" in before)
    assert after.count("\n") == after.count("\r\n") or "\r" not in after
    assert load_params(params).collections["duo"].title == "Duo"


def test_a_list_with_an_item_a_line_gets_more_of_them(params):
    text = params.read_text(encoding="utf-8")
    listed = "        ids:\n        - 768\n        - 161 # Sense and Sensibility\n"
    text = re.sub(r"        ids: \[63022, [\d, ]+\]\n", listed, text)
    params.write_text(text, encoding="utf-8")
    assert add_collection(params, "women_writers", "", [768, 1260]) == [1260]
    assert add_collection(params, "shakespeare", "", [768]) == [768]
    source = "        language: en\n      - {kind: gutenberg, ids: [768]}\n    prompts:\n"
    expected = text.replace("        language: en\n    prompts:\n", source).replace(listed, listed + "        - 1260\n")
    assert params.read_text(encoding="utf-8") == expected


@pytest.mark.slow
def test_eight_commands_at_once_add_eight_collections(params):
    """Real processes that begin together: each reads the file and writes it back."""
    code = "import sys, pathlib\nfrom poet.params.file import add_collection\nsys.stdin.read()\n"
    code += f"add_collection(pathlib.Path({str(params)!r}), sys.argv[1], 'T', [768])"
    names = [f"shelf{i}" for i in range(8)]
    jobs = [subprocess.Popen([sys.executable, "-c", code, name], stdin=subprocess.PIPE, cwd=ROOT) for name in names]
    for job in jobs:
        job.stdin.close()
    assert [job.wait() for job in jobs] == [0] * 8
    assert set(names) <= set(load_params(params).collections)


def test_a_command_that_cannot_wait_longer_says_so(params, monkeypatch):
    monkeypatch.setattr("poet.params.file.LOCK_SECONDS", 0.01)
    (params.parent / ".poet").mkdir()
    with FileLock(params.parent / ".poet" / "params.lock"):
        result = collection(params, "remove", "women_writers")
    assert result.exit_code == 1 and "another command has been changing" in result.output
