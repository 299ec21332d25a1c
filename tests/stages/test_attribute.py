"""Stage attribute: it traces the samples to the training text, and compares them with text that was not trained on."""

import dataclasses
import hashlib

import pytest
from click.testing import CliRunner
from mlflow import MlflowClient

import stages.attribute
import stages.index
from poet.attribution.index import open_index
from poet.attribution.spans import attribute_text
from poet.metrics.copying import HUMAN_PER_SAMPLE
from poet.params.file import load_params
from poet.results.attribution import read_attribution
from poet.results.copying import read_copying
from poet.results.samples import write_samples
from tests.attribution.shelf import sample
from tests.clone import ROOT
from tests.stages.shelf import write_clean
from tests.stages.small import Recorder
from tests.texts import babble

PARAMS = ROOT / "params.yaml"
HELD_OUT = load_params(PARAMS).split.held_out_books[0]
LENGTH = 900

# A phrase of 26 characters that the training text contains and the validation text repeats, so that the validation text
# is full of copies of 20 characters but has none of 30. The held-out book has not one character of the training text.
PHRASE = "the lighthouse keeper wept"
TRAINING = (PHRASE + "; " + babble(1, 4000))[:9000]
VALIDATION = ((PHRASE + "####") * 100)[:1000]
UNSEEN = "0123456789" * 200


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The folder in which the stage has run, on two samples: one copied from the training text, one from nowhere."""
    samples = [sample(3, TRAINING[2000 : 2000 + LENGTH], temperature=0.5), sample(4, "%" * LENGTH, temperature=1.0)]
    return attributed(tmp_path_factory.mktemp("attribute"), {"one": TRAINING + VALIDATION, HELD_OUT: UNSEEN}, samples)


def attributed(folder, books, samples):
    """Runs the stages index and attribute in `folder`, on `books` by their ids and what a model wrote."""
    clean = write_clean(folder / "clean", books)
    (folder / "model").write_bytes(b"weights")
    (folder / "extractable.json").write_text('{"50": 0.25, "1000": null}', encoding="utf-8")
    write_samples(folder / "samples.jsonl", samples)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        monkeypatch.delenv("DVC_ROOT", raising=False)
        monkeypatch.chdir(folder)
        run(stages.index, clean=clean, out="index")
        run(
            stages.attribute,
            collection="shelf",
            model="model",
            samples="samples.jsonl",
            index="index",
            clean=clean,
            extractable="extractable.json",
            out="attribution.jsonl",
            metrics="copying.json",
        )
    return folder


def run(stage, **options):
    words = ["--params", str(PARAMS), *(str(part) for name, value in options.items() for part in (f"--{name}", value))]
    result = CliRunner().invoke(stage.main, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output


def test_the_books_are_split_where_they_change():
    assert (len(PHRASE), len(TRAINING), len(VALIDATION)) == (26, 9000, 1000)
    assert load_params(PARAMS).split.validation == 0.1  # as the lengths of the two parts
    assert PHRASE in TRAINING and not set(UNSEEN) & set(TRAINING) and "#" not in TRAINING


def test_samples_are_traced_and_compared_with_unseen_human_text(results):
    traced, untraced = read_attribution(results / "attribution.jsonl")
    assert (traced.sample, untraced.sample, untraced.spans, untraced.near) == (3, 4, (), ())
    # The shipped length is that of the language; of English, 20.
    assert load_params(PARAMS).attribute.min_length is None
    assert traced == attribute_text(open_index(results / "index"), 3, TRAINING[2000 : 2000 + LENGTH], 20)
    (span,) = traced.spans
    assert (span.start, span.end, span.sources[0].start) == (0, LENGTH, 2000)

    copying = read_copying(results / "copying.json")
    assert copying.samples.share_at[100] == copying.samples.excess == 0.5
    assert copying.by_temperature["0.5"].share_at[100] == 1.0
    assert copying.by_temperature["1"].share_at[10] == 0.0
    assert copying.extractable == {"50": 0.25, "1000": None}

    # Three of eight human passages are validation text, which repeats a phrase; the others are of the held-out book, in
    # which nothing is copied. From training text, every passage would be a copy of itself.
    human = copying.human
    assert human.characters == HUMAN_PER_SAMPLE * 2 * LENGTH
    assert human.share_at[100] == human.share_at[30] == 0.0
    assert 0.2 < human.share_at[20] < 0.4
    # The longest in each of four draws of two passages, on average: one draw has no validation text.
    assert (human.longest, human.longest_match.text) == (0.75 * 26, PHRASE)
    # Two samples, one of which is a copy: their share may as well be 0 or 1.
    assert copying.samples.excess_interval == (0.0, 1.0) and copying.by_temperature["1"].excess_interval is None


def test_furniture_of_the_books_counts_in_no_sample_and_no_human_text(tmp_path, monkeypatch):
    monkeypatch.setattr(stages.attribute, "tracking", Recorder())
    speeches = [f"FIRST Clown\n{babble(number, 40)}.\n\nMidnight\n" for number in range(30)]
    play = "SCENE I. A heath.\n\n" + "\n".join(speeches)
    # The prompt ends within a heading, and the sample goes on with it.
    text = "A heath.\n\nFIRST Clown\nMidnight\n\nFIRST Clown\n" + babble(3, 20)
    written = dataclasses.replace(sample(0, text), prompt="SCENE I. ")
    # The held-out book is nothing but furniture of the other.
    folder = attributed(tmp_path, {"play": play, HELD_OUT: "\nFIRST Clown\nMidnight\n" * 40}, [written])
    copying = read_copying(folder / "copying.json")
    assert copying.samples.characters == len(text)
    assert copying.running_text.samples.characters == len(babble(3, 20))
    assert copying.running_text.samples.longest == len(babble(3, 20))
    assert copying.running_text.samples.longest_match.text == babble(3, 20)
    assert 0 < copying.running_text.human.characters < copying.human.characters / 2
    (row,) = read_attribution(folder / "attribution.jsonl")
    assert [span.running_words for span in row.spans] == [0.0, 18.0]


def test_the_record_of_the_model_gets_the_copying_metrics(results):
    client = MlflowClient(tracking_uri=f"sqlite:///{results}/mlflow.db")
    (found,) = client.search_runs([client.get_experiment_by_name("shelf").experiment_id])
    assert found.data.tags["poet.model_sha256"] == hashlib.sha256(b"weights").hexdigest()
    copying = read_copying(results / "copying.json")
    assert found.data.metrics["copying/share_at_30"] == copying.samples.share_at[30]
    assert found.data.metrics["copying/extractable_50"] == 0.25
    assert not any("by_temperature" in name or "novelty" in name for name in found.data.metrics)
    assert [item.path for item in client.list_artifacts(found.info.run_id)] == ["copying.json"]
