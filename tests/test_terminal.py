"""What reaches a terminal: nothing that it would obey, no half characters, and bytes where a token is less than one."""

import ast
import json
import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from poet.cli import main
from poet.errors import DataError
from poet.progress import log
from poet.terminal import OBEYED, printable, printable_json, visible_bytes
from poet.tokenizers.kinds import train_tokenizer
from poet.tokenizers.tokenizer import encode
from tests.clone import ROOT
from tests.recipes import sizes
from tests.sources.gutenberg.small_mirror import CATALOG, write_catalog, write_params

HOSTILE = "\x1b[31m\x9b1m\u202e\x07\x7f\r\0"


def is_safe(output: str) -> bool:
    return not {ord(letter) for letter in output} & set(OBEYED)


@given(st.text(max_size=20))
@example(HOSTILE)
def test_nothing_is_left_to_obey(text):
    assert is_safe(printable(text)) and len(printable(text)) == len(text)
    assert is_safe(printable_json([text], indent=1)) and json.loads(printable_json([text])) == [text]


@given(st.binary(max_size=12))
@example("日".encode()[1:])
def test_bytes_of_no_character_are_shown_as_numbers(content):
    shown = visible_bytes(content)
    shown.encode("utf-8")
    try:
        assert shown == content.decode("utf-8")
    except UnicodeDecodeError:
        assert ("‹" in shown and "\N{REPLACEMENT CHARACTER}" not in shown) or "\ufffd".encode() in content


@pytest.mark.parametrize("kind", ["byte", "bpe", "char", "ngram", "bytegram"])
def test_tokens_shows_the_bytes_of_a_part_of_a_character(tmp_path, kind):
    tokenizer = train_tokenizer(["plain words " * 20], sizes(kind, vocab_size=400))
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert len(encode(tokenizer, "中")) == 3
    result = CliRunner().invoke(main, ["tokens", "plain 中\x1b", "--tokenizer", str(tmp_path / "tokenizer.json")])
    assert result.exit_code == 0, result.output
    assert "‹E4›‹B8›‹AD›" in result.output and "and back exactly" in result.output
    assert "\N{REPLACEMENT CHARACTER}" not in result.output.replace("\N{REPLACEMENT CHARACTER}\n", "", 1)
    assert is_safe(result.output)


def test_a_token_of_two_bytes_shows_both(tmp_path):
    tokenizer = train_tokenizer(["中丰个丫 " * 50], sizes("bytegram", vocab_size=300))
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    result = CliRunner().invoke(main, ["tokens", "丁", "--tokenizer", str(tmp_path / "tokenizer.json")])
    assert "‹E4 B8›" in result.output


def test_generate_prints_no_half_and_no_control_character(tmp_path, monkeypatch):
    def streamed(trained, prompt, sampling, tokens, guard, ending):
        yield iter(["some", HOSTILE])

    monkeypatch.setattr("poet.generation.stream.stream_texts", streamed)
    monkeypatch.setattr("poet.model.saving.load_model", lambda folder, device: FakeModel)
    monkeypatch.setattr("poet.attribution.guard.open_guard", lambda *arguments: None)
    result = CliRunner().invoke(main, ["generate", "x" + HOSTILE, "--model", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "some" in result.output and is_safe(result.output)


class FakeModel:
    tokenizer = train_tokenizer(["words"], sizes("byte"))


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_search_and_clean_text_print_what_is_outside_safely(tmp_path, options):
    write_catalog(tmp_path / "mirror", CATALOG.splitlines()[0] + "\n7,Text,2000-01-01,Songs \x1b[2J\x9b,en,,,,\n")
    params = write_params(tmp_path / "params.yaml", tmp_path / "mirror")
    found = CliRunner().invoke(main, ["search", "--title", "songs", "--params", str(params), *options])
    assert "Songs" in found.output and is_safe(found.output)

    path = tmp_path / "a\x1b[2J.txt"
    path.write_text("Produced by \u202eSomeone\n\n" + "The words of the book.\n" * 20, encoding="utf-8")
    words = ["clean-text", str(path), "--out", str(tmp_path / "out"), "--params", str(ROOT / "params.yaml")]
    cleaned = CliRunner().invoke(main, [*words, *options])
    assert "Someone" in cleaned.output and is_safe(cleaned.output)


ENCODINGS = ("cp1252", "iso-8859-1", "ascii")


@pytest.mark.parametrize("charset", ENCODINGS)
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_terminal_of_another_encoding_gets_question_marks(tmp_path, charset, options):
    """And JSON escapes, which a program reads back."""
    write_catalog(tmp_path / "mirror", CATALOG.splitlines()[0] + "\n7,Text,2000-01-01,Война 東京 ﬁ,ru,,,,\n")
    params = write_params(tmp_path / "params.yaml", tmp_path / "mirror")
    runner = CliRunner(charset=charset)
    found = runner.invoke(main, ["search", "--id", "7", "--params", str(params), *options])
    assert found.exception is None and found.exit_code == 0, found.output
    if options:
        assert json.loads(found.stdout)[0]["title"] == "Война 東京 ﬁ"
    else:
        assert "7" in found.stdout


@pytest.mark.slow
@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "cp1252"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}])
def test_a_real_command_and_a_real_stage_live_in_any_locale(tmp_path, environment):
    """A folder of one text with a hostile name: `poet clean-text` and the download stage both print it."""
    folder = tmp_path / "texts"
    folder.mkdir()
    text = folder / "東京\x1b[2J\u202e.txt"
    text.write_text("The words of the book. 東京\n" * 20, encoding="utf-8")
    (folder / "x.東\x9bx").write_text("no text", encoding="utf-8")
    content = (ROOT / "params.yaml").read_text(encoding="utf-8")
    source = f"  mine:\n    title: Mine\n    sources:\n      - {{kind: folder, path: '{folder}'}}\n"
    params = tmp_path / "params.yaml"
    params.write_text(content.replace("  women_writers:\n", source + "  women_writers:\n", 1), encoding="utf-8")
    out = ["--out", str(tmp_path / "out"), "--params", str(params)]
    quiet = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHONIO", "LC_", "LANG"))}
    for command in (
        ["poet.cli", "clean-text", str(text), *out],
        ["stages.download", "--collection", "mine", *out],
        ["poet.cli", "collection", "show", "mine", "--params", str(params)],
    ):
        words = [sys.executable, "-m", *command]
        done = subprocess.run(words, cwd=ROOT, env=quiet | environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert not {0x1B, 0x07} & {*done.stdout, *done.stderr}
        assert b"Traceback" not in done.stderr and done.stdout + done.stderr
        for output in (done.stdout, done.stderr):
            assert is_safe(output.decode("utf-8", "replace")) or environment.get("PYTHONIOENCODING"), output


def test_messages_and_log_lines_are_harmless_and_without_passwords(capsys):
    hostile = f"{HOSTILE} in https://jane:s3cret@mirror.example/a"
    log(hostile)
    DataError(hostile).show()
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("https://mirror.example/a") == 2
    assert is_safe(said.err) and "s3cret" not in said.err and "jane" not in said.err


# Modules that print nothing foreign, or that see to it themselves.
KNOWN_SAFE = {
    "poet/benchmark": "figures of this machine",
    "poet/cli/doctor.py": "names of checks and devices",
    "poet/cli/publish.py": "the address of the server, of which poet.tracking hides the password",
    "poet/cli/ui.py": "the same",
    "poet/terminal.py": "an example",
}
# Constants, numbers, and rich's texts and tables, whose pieces are made printable one by one.
SAFE_ARGUMENTS = re.compile(
    r"printable|^'[^']*'$|^$|^f'--- seed|^f'no passage of|^(cut|numbered|line|table)$|^legend\(|json.dumps\(rows"
    r"|^row\['skipped'\]|^f'\{kind:|^Text\(f'\[\{(books|number)"
)


@pytest.mark.parametrize("path", sorted([*(ROOT / "poet").rglob("*.py"), *(ROOT / "stages").glob("*.py")]), ids=str)
def test_everything_that_is_printed_passes_one_function(path):
    if any(path.relative_to(ROOT).as_posix().startswith(known) for known in KNOWN_SAFE):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in PRINTING:
            printed = ", ".join(ast.unparse(argument) for argument in node.args)
            assert SAFE_ARGUMENTS.search(printed), f"{path}:{node.lineno} prints {printed}"


PRINTING = {"click.echo", "click.secho", "print", "console.print", "sys.stdout.write", "sys.stderr.write"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x", "--seed", str(2**63 - 1), "--samples", "2"], "leaves no seeds for 2 samples"),
        (["x", "--temperature", "1e-45"], "at least 0.001"),
        (["x", "--temperature", "nan"], "should be a finite number"),
        (["x", "--tokens", str(10**30)], "is not in the range"),
        (["\udcff"], "it is not UTF-8"),
        ([""], "the prompt is empty"),
    ],
)
def test_generate_says_what_it_cannot_do(words, message):
    result = CliRunner().invoke(main, ["generate", *words, "--params", str(ROOT / "params.yaml")])
    assert result.exit_code == 2 and message in result.output and isinstance(result.exception, SystemExit)
