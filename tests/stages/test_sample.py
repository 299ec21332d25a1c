"""Stage sample: every prompt at every temperature, numbered through, without copies if so asked."""

import pytest
from click.testing import CliRunner

import stages.sample
from poet.attribution.build_index import index_books
from poet.params.model import ModelConfig
from poet.results.samples import read_samples
from poet.tokenizers.kinds import train_tokenizer
from tests.recipes import CHAR
from tests.stages.small import COLLECTION, Recorder, save_untrained, write_params
from tests.texts import babble

BOOK = babble(1, 2000)
SAMPLE = {"seed": 3, "prompts": ["The ", "It "], "temperatures": [0.5, 1.0], "samples": 2, "tokens": 30}


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """Runs the stage on a random model and an index of BOOK: the samples, and what was recorded."""
    train_tokenizer([BOOK], CHAR).save(str(tmp_path / "tokenizer.json"))
    config = ModelConfig(n_layer=1, n_head=1, n_embd=16, sequence_len=16)
    sha256 = save_untrained(tmp_path / "model", tmp_path / "tokenizer.json", config)
    index_books([("book", BOOK)], tmp_path / "index")

    def run(prompts=(), **changes):
        recorder = Recorder()
        monkeypatch.setattr(stages.sample, "tracking", recorder)
        write_params(tmp_path / "params.yaml", list(prompts), sample=SAMPLE | changes)
        options = ["--params", tmp_path / "params.yaml", "--collection", COLLECTION, "--model", tmp_path / "model"]
        options += ["--index", tmp_path / "index", "--out", tmp_path / "samples.jsonl"]
        result = CliRunner().invoke(stages.sample.main, list(map(str, options)), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        assert recorder.run == (COLLECTION, "sample", sha256)
        samples = read_samples(tmp_path / "samples.jsonl")
        # The table has a number or a text in each cell: what tokens have each stands in the file alone.
        ((name, rows),) = recorder.tables.items()
        lists = {"ends", "ranks", "probabilities"}
        assert name == "samples/final.json" and list(rows[0])[:2] == ["sample", "text"]
        assert rows == [{key: value for key, value in vars(one).items() if key not in lists} for one in samples]
        return samples

    return run


def test_every_prompt_at_every_temperature(sample):
    samples = sample()
    assert [(one.prompt, one.temperature) for one in samples] == [
        *[("The ", 0.5)] * 2,
        *[("The ", 1.0)] * 2,
        *[("It ", 0.5)] * 2,
        *[("It ", 1.0)] * 2,
    ]
    assert [one.sample for one in samples] == list(range(8))
    assert [one.seed for one in samples] == list(range(3, 11))
    assert {one.tokens for one in samples} == {30}
    assert len({one.text for one in samples}) == 8
    assert sample() == samples


def test_the_prompts_of_the_collection_come_first(sample):
    assert {one.prompt for one in sample(prompts=["Once "])} == {"Once "}


@pytest.mark.parametrize("changes", [{"top_k": 3}, {"top_p": 0.2}, {"min_p": 0.5}, {"repetition_penalty": 1.5}])
def test_the_limits_hold(sample, changes):
    free, limited = sample(), sample(**changes)
    ((name, value),) = changes.items()
    assert {getattr(one, name) for one in limited} == {value}
    assert [one.text for one in free] != [one.text for one in limited]


def copied_pairs(samples):
    """How many pairs of neighbouring characters, the last of them generated, occur in BOOK."""
    texts = [one.prompt[-1] + one.text for one in samples]
    return sum(text[i : i + 2] in BOOK for text in texts for i in range(len(text) - 1))


def test_max_copy_keeps_longer_copies_out(sample):
    # A random model needs many tokens to copy two characters.
    long = {"temperatures": [1.0], "tokens": 300}
    free, guarded = sample(**long), sample(**long, max_copy=1)
    assert copied_pairs(free) > 0
    assert copied_pairs(guarded) == 0
    assert {one.max_copy for one in guarded} == {1}
