"""Stage evaluate: the figures of the functions that it calls, each for its own split, and in its own file."""

import json

import pytest
from click.testing import CliRunner

import stages.evaluate
from poet.device.device import pick_device, pick_precision
from poet.metrics.bits import split_metrics
from poet.metrics.compressors import compressor_bits_per_character
from poet.metrics.memorization import extractable_shares
from poet.model.saving import load_model
from poet.params.model import ModelConfig
from poet.params.sections import SplitSettings
from poet.results.evaluation import CompressedText, read_evaluation
from poet.tokens.token_files import TRAIN, open_tokens
from tests.cleaning.shelf import clean_shelf
from tests.recipes import CHAR, sizes
from tests.stages.small import COLLECTION, Recorder, save_untrained, write_params
from tests.texts import babble
from tests.tokens.written import write_tokens

# 16 + 50 tokens fit for extractable@16, 64 + 50 do not.
CONFIG = ModelConfig(n_layer=1, n_head=1, n_embd=16, sequence_len=70)
# The validation part of alpha, a tenth, is too short for any passage; its training part is not.
BOOKS = {"alpha": babble(1, 90), "beta": babble(2, 300)}


@pytest.fixture
def evaluate(tmp_path, monkeypatch, write_books):
    """Runs the stage on a random model and tokens of BOOKS; returns what was recorded, or the message of an error."""

    def run(held_out_books, alpha=None, settings=CHAR, **sections):
        clean = clean_shelf(write_books(**BOOKS), tmp_path)
        if alpha is not None:
            (clean / "alpha.txt").write_text(alpha, encoding="utf-8")
        split = SplitSettings(validation=0.1, held_out_books=held_out_books)
        write_tokens(clean, split, settings, tmp_path / "tokens")
        sha256 = save_untrained(tmp_path / "model", tmp_path / "tokens" / "tokenizer.json", CONFIG)
        recorder = Recorder()
        monkeypatch.setattr(stages.evaluate, "tracking", recorder)
        write_params(
            tmp_path / "params.yaml", [], evaluate={"stride": 0.25, "extract_prompts": 5}, split=vars(split), **sections
        )
        options = ["--params", tmp_path / "params.yaml", "--collection", COLLECTION, "--model", tmp_path / "model"]
        options += ["--tokens", tmp_path / "tokens", "--out", tmp_path / "evaluation.json"]
        options += ["--clean", clean, "--extractable", tmp_path / "extractable.json"]
        result = CliRunner().invoke(stages.evaluate.main, list(map(str, options)), catch_exceptions=False)
        if result.exit_code:
            return result.output
        assert recorder.run == (COLLECTION, "evaluate", sha256)
        return recorder

    return run


def test_every_figure_is_of_its_own_split(evaluate, tmp_path):
    recorder = evaluate(held_out_books=["beta"])
    found = read_evaluation(tmp_path / "evaluation.json")
    device = pick_device("auto")
    model, data = load_model(tmp_path / "model", device).model, open_tokens(tmp_path / "tokens")
    validation, held_out = (
        split_metrics(model, data, split, stride=0.25, dtype=pick_precision("auto", device))
        for split in ("val", "held_out")
    )
    assert {key: getattr(found, key) for key in vars(validation)} == vars(validation)
    assert found.held_out_books == held_out != validation
    assert found.characters == len(BOOKS["alpha"]) - int(len(BOOKS["alpha"]) * 0.9)
    assert held_out.characters == len(BOOKS["beta"])

    cut = int(len(BOOKS["alpha"]) * 0.9)
    assert found.compressors == compressor_bits_per_character(BOOKS["alpha"][:cut], BOOKS["alpha"][cut:])

    extractable = json.loads((tmp_path / "extractable.json").read_text(encoding="utf-8"))
    assert extractable == extractable_shares(model, data.splits[TRAIN], 5, seed=0)
    assert [share is None for share in extractable.values()] == [False, True, True]

    # The figures by which runs compare, and no others; the file has them all.
    assert recorder.measured == {
        "evaluation/bits_per_character": found.bits_per_character,
        "evaluation/held_out_bits_per_character": held_out.bits_per_character,
        "evaluation/best_compressor": min(found.compressors.values()),
    }
    assert len(recorder.files) == 1
    # What the run of a model from elsewhere needs to be compared.
    assert recorder.settings == {"split": SplitSettings(validation=0.1, held_out_books=["beta"])}
    sizes = {"characters": cut, "tokens": len(data.splits[TRAIN]), "books": 1}
    assert recorder.learned == (data.meta["splits"][TRAIN]["sha256"], sizes)


def test_the_stride_of_the_settings_is_used(evaluate, tmp_path):
    evaluate(held_out_books=[])
    found = read_evaluation(tmp_path / "evaluation.json")
    device = pick_device("auto")
    model, data = load_model(tmp_path / "model", device).model, open_tokens(tmp_path / "tokens")
    dtype = pick_precision("auto", device)
    losses = {stride: split_metrics(model, data, "val", stride=stride, dtype=dtype).loss for stride in (0.25, 0.5, 1.0)}
    assert len(set(losses.values())) == 3
    assert found.loss == losses[0.25]


def test_compressors_get_the_words_that_the_tokens_lack(evaluate, tmp_path):
    evaluate(held_out_books=[], settings=sizes("word", vocab_size=3))
    found = read_evaluation(tmp_path / "evaluation.json")
    before = "".join(text[: int(len(text) * 0.9)] for text in BOOKS.values())
    after = "".join(text[int(len(text) * 0.9) :] for text in BOOKS.values())
    assert found.compressors == compressor_bits_per_character(before, after)
    assert found.compressed == CompressedText(training=len(before), validation=len(after))
    # The model pays for the same words: they are nearly all of the text.
    assert found.spelling_bits_per_character > 1


def test_device_and_precision_are_those_of_the_training(evaluate, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(stages.evaluate, "pick_device", lambda name: asked.append(name) or pick_device(name))
    monkeypatch.setattr(
        stages.evaluate, "pick_precision", lambda name, device: asked.append(name) or pick_precision(name, device)
    )
    evaluate(held_out_books=[], train={"device": "cpu", "precision": "float32"})
    assert asked == ["cpu", "float32"]


def test_without_held_out_books_there_are_no_figures_of_them(evaluate, tmp_path):
    evaluate(held_out_books=[])
    assert json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))["held_out_books"] is None


def test_without_validation_text_it_says_what_to_do(evaluate):
    assert "has no validation text. Raise split.validation" in evaluate(held_out_books=["beta"], alpha="a")
