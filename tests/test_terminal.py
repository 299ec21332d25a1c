"""What reaches a terminal: nothing that it would obey, no half characters, and bytes where a token is less than one."""

import json

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from poet.cli import main
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
    def streamed(trained, prompt, sampling, tokens, guard):
        yield iter(["some", HOSTILE])

    monkeypatch.setattr("poet.generation.stream.stream_texts", streamed)
    monkeypatch.setattr("poet.model.saving.load_model", lambda folder, device: FakeModel)
    monkeypatch.setattr("poet.attribution.guard.open_guard", lambda *arguments: None)
    result = CliRunner().invoke(main, ["generate", "x" + HOSTILE, "--params", str(ROOT / "params.yaml")])
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
