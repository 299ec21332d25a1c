"""`poet clean-text`: loose files by the rules of params.yaml, all of them or none."""

import json

import pytest
from click.testing import CliRunner

from poet.cli import main
from tests.clone import ROOT

WORDS = "The words of the book.\n" * 20


@pytest.fixture
def clean_text(tmp_path):
    """Runs the command on files by name, with the shipped params.yaml; the texts go to `out`."""

    def run(files, *options):
        paths = []
        for name, content in files.items():
            paths.append(tmp_path / name)
            paths[-1].parent.mkdir(exist_ok=True)
            paths[-1].write_bytes(content.encode("utf-8"))
        command = ["clean-text", *map(str, paths), "--out", str(tmp_path / "out")]
        return CliRunner().invoke(main, [*command, "--params", str(ROOT / "params.yaml"), *options])

    return run


def test_loose_files_are_cleaned(clean_text, tmp_path):
    result = clean_text({"a.txt": "Produced by Someone\n\n" + WORDS, "b.txt": "Other words.\n"}, "--json")
    rows = json.loads(result.output)
    assert [(row["characters"], [removal["rule"] for removal in row["removals"]]) for row in rows] == [
        (len(WORDS), ["credits"]),
        (13, []),
    ]
    assert [row["flags"] for row in rows] == [["no-markers"], ["no-markers"]]
    assert (tmp_path / "out/a.txt").read_text(encoding="utf-8") == WORDS


def test_the_removals_are_printed(clean_text):
    result = clean_text({"a.txt": "Produced by Someone\n\n" + WORDS})
    assert f"a.txt: {len(WORDS)} characters kept no-markers" in result.output
    assert "credits                 21 bytes  Produced by Someone ... Produced by Someone" in result.output


def test_the_suffix_decides_the_format(clean_text, tmp_path):
    result = clean_text({"a.md": "## ACT I\n\n" + WORDS, "b.text": "## ACT I\n\n" + WORDS}, "--json")
    markdown, plain = json.loads(result.output)
    assert ([removal["rule"] for removal in markdown["removals"]], plain["removals"]) == (["markdown"], [])
    assert (tmp_path / "out/a.txt").read_text(encoding="utf-8") == "ACT I\n\n" + WORDS
    assert (tmp_path / "out/b.txt").read_text(encoding="utf-8") == "## ACT I\n\n" + WORDS


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.txt": WORDS, "b.txt": "\0"}, "is not a text"),
        ({"a.txt": WORDS, "b.txt": " \n"}, "has no text once it is cleaned"),
        ({"a.txt": WORDS, "deep/a.md": WORDS}, "two of the files have the same name"),
    ],
)
def test_a_mistake_leaves_nothing(clean_text, tmp_path, files, message):
    result = clean_text(files)
    assert result.exit_code == 1 and message in result.output
    assert not (tmp_path / "out").exists()


def test_a_file_to_clean_is_never_overwritten(clean_text, tmp_path):
    """`--out` is the folder of the file, under another name of it."""
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    raw = "Produced by Someone\n\n" + WORDS
    result = clean_text({"real/a.txt": raw})
    assert result.exit_code != 0 and "a.txt is one of the files to clean" in result.output
    assert (tmp_path / "real/a.txt").read_text(encoding="utf-8") == raw
    assert clean_text({"b.md": "Words.\n", "real/c.txt": raw}).exit_code != 0, "none is written"
    assert not (tmp_path / "real/b.txt").exists()
