"""Sampling strategies against human text: passages of the validation text, equal amounts, a floor, a table."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from poet.benchmark import sampling
from poet.benchmark.sampling import GRID, ROUNDS, compare, main, read_comparison, table
from poet.benchmark.strategies import Strategy, parse_strategy
from poet.device.device import pick_device
from poet.errors import DataError
from poet.metrics.likeness import MEASURES
from poet.model.saving import load_model
from poet.params.model import ModelConfig
from poet.params.sections import SplitSettings
from poet.tokens.token_files import VALIDATION, open_tokens
from tests.cleaning.shelf import clean_shelf
from tests.clone import ROOT
from tests.recipes import CHAR, sizes
from tests.stages.small import save_untrained
from tests.texts import babble
from tests.tokens.written import write_tokens

# 4 tokens of prompt and 28 of text.
CONFIG = ModelConfig(n_layer=1, n_head=1, n_embd=16, sequence_len=32)
BPE = sizes("bpe", vocab_size=330)


@pytest.fixture
def shelf(tmp_path, write_books):
    """The folders of a random model and of tokens, of which half validate."""
    clean = clean_shelf(write_books(a=babble(1, 1500), b=babble(2, 1500)), tmp_path)
    write_tokens(clean, SplitSettings(validation=0.5, held_out_books=[]), BPE, tmp_path / "tokens")
    save_untrained(tmp_path / "model", tmp_path / "tokens" / "tokenizer.json", CONFIG)
    return tmp_path


@pytest.fixture
def opened(shelf):
    return load_model(shelf / "model", pick_device("cpu")), open_tokens(shelf / "tokens")


def test_passages_are_human_lines_in_groups_that_share_no_text(opened):
    trained, data = opened
    ids = data.splits[VALIDATION]
    groups = sampling._passages(trained, ids, 3, 4, 28)
    assert len(groups) == 2 * ROUNDS
    passages = []
    for group in groups:
        assert group.prompts.shape == (3, 4)
        for prompt, text in zip(group.prompts.tolist(), group.texts, strict=True):
            passages.append(trained.tokenizer.decode(prompt) + text)
    whole = [book.text for book in _books(data, trained)]
    assert all(any(passage in book for book in whole) for passage in passages), "each is a piece of one book"
    assert len(set(passages)) == 6 * ROUNDS
    begun = sum(passage[0].isupper() for passage in passages)
    assert begun >= len(passages) - 2, "all but the first of each book begin with a line"


def _books(data, trained):
    ids = data.splits[VALIDATION]
    parts = np.split(ids, np.flatnonzero(ids == 0))
    return [type("Book", (), {"text": trained.tokenizer.decode(part.tolist())}) for part in parts]


def test_passages_do_not_overlap(opened):
    trained, data = opened
    starts = list(sampling._starts(trained, data.splits[VALIDATION], 32))
    assert len(starts) > 20
    assert min(np.diff(starts)) >= 32


def test_too_little_text_says_how_much_would_do(opened):
    trained, data = opened
    most = len(list(sampling._starts(trained, data.splits[VALIDATION], 32))) // (2 * ROUNDS)
    with pytest.raises(DataError, match=f"Say --samples {ROUNDS * most} or less"):
        compare(*opened, most + 1, [Strategy()])
    assert compare(*opened, most, [Strategy()]).texts == ROUNDS * most


def test_a_model_that_writes_what_people_wrote_is_as_near_as_people(opened, monkeypatch):
    """In place of sampling, the human continuations: the distances are those of chance, and the sum is about 1."""
    trained, data = opened
    groups = sampling._passages(trained, data.splits[VALIDATION], 5, 4, 28)
    human = {group.prompts.tobytes(): _continued(data, group, trained) for group in groups}
    monkeypatch.setattr(sampling, "write_ids", lambda trained, prompts, *rest, **seed: human[prompts.tobytes()])
    copied = compare(trained, data, 5, [Strategy()])
    monkeypatch.undo()
    random = compare(trained, data, 5, [Strategy()])
    [one], [other] = copied.strategies.values(), random.strategies.values()
    assert 0.5 < one.score < 1.6 and other.score > 3 * one.score
    assert one.least <= one.score <= one.most
    assert other.known < one.known == pytest.approx(copied.human.known, abs=0.05)


def _continued(data, group, trained):
    ids = np.asarray(data.splits[VALIDATION])
    windows = np.lib.stride_tricks.sliding_window_view(ids, 32)
    return np.stack([
        next(
            window[4:]
            for window in windows[(windows[:, :4] == prompt).all(axis=1)]
            if sampling.complete_text(trained.tokenizer, window[4:].tolist()) == text
        )
        for prompt, text in zip(group.prompts, group.texts, strict=True)
    ]).astype(np.int64)


def test_the_command_writes_figures_and_a_table(shelf, monkeypatch):
    grid = (Strategy(temperature=0.5), Strategy(temperature=0.5, best_of=2))
    monkeypatch.setattr("poet.benchmark.sampling.compare", lambda *args: compare(*args, grid))
    options = ["--model", str(shelf / "model"), "--tokens", str(shelf / "tokens"), "--samples", "6"]
    result = CliRunner().invoke(main, [*options, "--out", str(shelf / "out.json")])
    assert result.exit_code == 0, result.output
    found = read_comparison(shelf / "out.json")
    assert result.output.splitlines() == table(found)
    assert list(found.strategies) == list(map(str, grid))
    assert all(tuple(one.distances) == MEASURES for one in (found.human, *found.strategies.values()))
    assert json.loads((shelf / "out.json").read_text(encoding="utf-8"))["tokens"] == 28


def test_tokens_of_another_tokenizer_are_refused(shelf):
    """Their ids would be other words, and the figures those of nonsense."""
    write_tokens(shelf / "clean", SplitSettings(validation=0.5, held_out_books=[]), CHAR, shelf / "others")
    result = CliRunner().invoke(main, ["--model", str(shelf / "model"), "--tokens", str(shelf / "others")])
    assert result.exit_code == 1
    assert "have different tokenizers" in result.output


def test_the_grid_has_every_strategy_once_and_each_can_be_said():
    names = list(map(str, GRID))
    assert len(set(names)) == len(names)
    assert tuple(map(parse_strategy, names)) == GRID


def test_the_page_shows_what_was_measured():
    page = (ROOT / "docs" / "sampling.md").read_text(encoding="utf-8")
    assert "\n".join(table(read_comparison(ROOT / "docs" / "sampling.json"))) in page
