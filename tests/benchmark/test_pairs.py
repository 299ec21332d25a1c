"""Pairs for readers: the letters hide what the key tells, both texts continue one beginning, answers are counted."""

import json
import re

import pytest
from click.testing import CliRunner
from scipy.stats import binomtest
from tokenizers import Tokenizer

from poet.benchmark.pairs import LINES, choose_prompts, main, share_interval, write_lines
from poet.benchmark.strategies import Strategy
from poet.device.device import pick_device
from poet.errors import DataError
from poet.files import write_json, write_text
from poet.generation.ending import end_at
from poet.model.saving import load_model
from poet.params.model import ModelConfig
from poet.params.sections import SplitSettings
from poet.tokenizers.tokenizer import encode
from poet.tokens.token_files import VALIDATION, open_tokens
from tests.cleaning.shelf import clean_shelf
from tests.recipes import CHAR
from tests.stages.small import save_untrained
from tests.texts import babble
from tests.tokens.written import write_tokens

CONFIG = ModelConfig(n_layer=1, n_head=1, n_embd=16, sequence_len=32)


@pytest.fixture
def shelf(tmp_path, write_books, monkeypatch):
    """The folders of two random models and of tokens of a book of which half validates."""
    monkeypatch.setattr("poet.benchmark.pairs.LINE_TOKENS", 1)
    lines = babble(1, 1200).splitlines()
    book = "\n\n".join("\n".join(lines[i : i + 5]) for i in range(0, len(lines), 5))
    clean = clean_shelf(write_books(a=book), tmp_path)
    write_tokens(clean, SplitSettings(validation=0.5, held_out_books=[]), CHAR, tmp_path / "tokens")
    for name in ("ours", "theirs"):
        save_untrained(tmp_path / name, tmp_path / "tokens" / "tokenizer.json", CONFIG)
    return tmp_path


def write(shelf, **changes):
    options = {"tokens": "tokens", "model": "ours", "their_model": "theirs", "out": "pairs.txt", "key": "key.json"}
    arguments = ["write", "--sampling", "temperature=0", "--their-sampling", "temperature=1 best_of=2", "--count", "3"]
    for name, value in options.items():
        arguments += [f"--{name.replace('_', '-')}", str(shelf / value)]
    for name, value in changes.items():
        arguments += [f"--{name.replace('_', '-')}", value]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return (shelf / "pairs.txt").read_text(encoding="utf-8"), json.loads((shelf / "key.json").read_text("utf-8"))


def texts_of(pairs):
    """The beginning, A and B of each pair."""
    found = re.findall(
        r"===== \d+ =====\n\n(.*?)\n\n--- \d+ A ---\n(.*?)\n\n--- \d+ B ---\n(.*?)\n(?:\n|$)", pairs, re.S
    )
    return [(prompt, {"A": a, "B": b}) for prompt, a, b in found]


def test_the_key_and_nothing_else_tells_whose_a_text_is(shelf):
    pairs, key = write(shelf)
    trained = load_model(shelf / "ours", pick_device("cpu"))
    found = texts_of(pairs)
    assert len(found) == len(key["letters"]) == 3
    for (prompt, texts), letter in zip(found, key["letters"], strict=True):
        # Ours is greedy, so it can be written again, whatever the seed.
        assert texts[letter] == write_lines(trained, prompt, Strategy(temperature=0.0), seed=0)
        assert texts["A"] != texts["B"]
    assert set(key["letters"]) == {"A", "B"}, "both orders occur"
    assert "temperature" not in pairs and trained.sha256[:12] not in pairs
    assert key["theirs"].endswith("temperature=1 best_of=2")


def test_the_seed_decides(shelf):
    first = write(shelf)
    assert write(shelf) == first
    assert write(shelf, seed="2") != first


def test_both_continue_lines_that_nobody_trained_on(shelf):
    data, tokenizer = open_tokens(shelf / "tokens"), Tokenizer.from_file(str(shelf / "tokens" / "tokenizer.json"))
    text = tokenizer.decode(data.splits[VALIDATION].tolist())
    prompts = choose_prompts(tokenizer, data.splits[VALIDATION], 6)
    assert len(set(prompts)) == 6
    for prompt in prompts:
        assert f"\n\n{prompt}\n" in text and prompt.count("\n") == 3
    with pytest.raises(DataError, match="has 12 places where 4 lines follow a blank line, but 99 pairs"):
        choose_prompts(tokenizer, data.splits[VALIDATION], 99)


def test_blank_lines_of_a_beginning_do_not_count():
    class Decoder:
        def decode(self, ids, skip_special_tokens):
            return "x\n\nA\n\nb c\n\n\n d\ne\nf\n"

    assert choose_prompts(Decoder(), encode_nothing(), 1) == ["A\n\nb c\n\n\n d\ne"]


def encode_nothing():
    return encode(Tokenizer.from_str(EMPTY), "") + 1


EMPTY = '{"version": "1.0", "model": {"type": "BPE", "vocab": {}, "merges": []}}'


@pytest.mark.parametrize("start", ["", "\n", "\n\n"])
def test_a_text_has_twelve_lines_with_text(shelf, monkeypatch, start):
    """Also where the model goes on in the last line of the prompt."""

    def lines(trained, prompt, params, tokens, ending):
        pieces = [f"{start}line 0", *(f"\n\nline {i}" for i in range(1, 99))]
        return [end_at(ending, prompt, pieces) for _ in params]

    monkeypatch.setattr("poet.benchmark.pairs.stream_texts", lines)
    text = write_lines(load_model(shelf / "ours", pick_device("cpu")), "A\nb", Strategy(), seed=0)
    assert text == "\n\n".join(f"line {i}" for i in range(LINES))


def answer(tmp_path, text, letters):
    write_text(tmp_path / "answers.txt", text)
    write_json(tmp_path / "key.json", {"ours": "x", "theirs": "y", "letters": letters})
    options = ["score", "--answers", str(tmp_path / "answers.txt"), "--key", str(tmp_path / "key.json")]
    return CliRunner().invoke(main, options)


def test_answers_are_counted(tmp_path):
    result = answer(tmp_path, "1 A\n2: b\n\n 3. B\n", ["A", "A", "B", "B"])
    assert result.exit_code == 0
    assert result.output == "x against y\nbetter in 2 of 3 pairs: 67%, 95 % interval 21% to 94%\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 A\n1 B", "line 2: pair 1 was judged before"),
        ("5 A", "line 1: '5 A' is no answer; expected a number from 1 to 4"),
        ("1 C", "'1 C' is no answer"),
        ("A", "'A' is no answer"),
        ("\n", "holds no answer"),
    ],
)
def test_what_is_no_answer_is_named(tmp_path, text, message):
    result = answer(tmp_path, text, ["A"] * 4)
    assert result.exit_code == 1
    assert message in result.output


@pytest.mark.parametrize(("won", "total"), [(0, 50), (31, 50), (50, 50), (1, 1)])
def test_the_interval_is_that_of_scipy(won, total):
    expected = binomtest(won, total).proportion_ci(method="wilson")
    assert share_interval(won, total) == pytest.approx((expected.low, expected.high))
