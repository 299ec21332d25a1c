"""Typed results: what is written is read back, other tools find the keys, and damage is named."""

import dataclasses
import json

import pytest

from poet.errors import DataError
from poet.results.attribution import AttributedSample, Source, Span, read_attribution, write_attribution
from poet.results.copying import (
    EXCESS_AT,
    LENGTHS,
    NOVELTY,
    Copying,
    CopyingMetrics,
    LongestMatch,
    RunningText,
    read_copying,
    write_copying,
)
from poet.results.evaluation import (
    CompressedText,
    Evaluation,
    TextMetrics,
    Training,
    read_evaluation,
    read_training,
    write_result,
)
from poet.results.samples import (
    Sample,
    TrainingSample,
    read_samples,
    read_training_samples,
    sampling_sha256,
    write_samples,
    write_training_samples,
)
from tests.attribution.shelf import sample

SAMPLE = Sample(
    sample=0,
    prompt="The ",
    text="end \u2028 “é”\n",
    temperature=0.6,
    top_k=0,
    top_p=1.0,
    min_p=0.0,
    repetition_penalty=1.0,
    max_copy=0,
    seed=1,
    tokens=7,
)
SPAN = Span(
    start=0,
    end=4,
    exact=True,
    surprise=7.5,
    sources=(Source(book="a", start=1, end=5, count=2),),
    running_words=1.5,
    running_surprise=6.25,
)
SHARED = dataclasses.replace(SPAN, exact=False, sources=(*SPAN.sources, Source(book="b", start=0, end=4, count=1)))
METRICS = CopyingMetrics(
    share_at={length: 1 / length for length in LENGTHS},
    longest=9,
    longest_match=LongestMatch(book="a", start=3, text="nine char", sample=0),
    novelty={n: None if n > 20 else 0.5 for n in NOVELTY},
    characters=100,
    excess=0.25,
    excess_interval=(-0.125, 0.5),
)
METRICS_OF_NOTHING = CopyingMetrics(
    share_at=dict.fromkeys(LENGTHS, 0.0), longest=0, longest_match=None, novelty=dict.fromkeys(NOVELTY), characters=0
)
COMPRESSED = CompressedText(training=9, validation=3)
TEXT = TextMetrics(
    bits_per_character=2.0,
    bits_per_byte=1.9,
    loss=3.0,
    perplexity=20.1,
    characters=10,
    tokens=4,
    spelling_bits_per_character=0.5,
)
TRAINING = Training(
    steps=4,
    best_step=2,
    tokens=8,
    epochs=1.5,
    parameters=9,
    train_loss=2.5,
    validation_loss=None,
    bits_per_character=None,
    precision="float32",
    device="cpu",
    compiled=False,
    processes=1,
)


def copying() -> Copying:
    human = dataclasses.replace(METRICS, longest=0.5, longest_match=None, excess=None, excess_interval=None)
    texts = {"samples": METRICS, "by_temperature": {"0.6": METRICS}, "human": human}
    running = RunningText(**texts | {"human": METRICS_OF_NOTHING}, surprise=9.5, human_surprise=8.25)
    return Copying(**texts, running_text=running, extractable={"16": 0.5, "64": None})


@pytest.mark.parametrize(
    ("write", "read", "value"),
    [
        (write_samples, read_samples, [SAMPLE, dataclasses.replace(SAMPLE, sample=1, text="")]),
        (write_training_samples, read_training_samples, [TrainingSample(step=20, prompt="The ", text="x")]),
        (write_attribution, read_attribution, [AttributedSample(sample=3, spans=(SPAN,), near=(SHARED,))]),
        (write_copying, read_copying, copying()),
        (
            write_result,
            read_evaluation,
            Evaluation(**vars(TEXT), held_out_books=TEXT, compressors={"xz": 2.4}, compressed=COMPRESSED),
        ),
        (
            write_result,
            read_evaluation,
            Evaluation(**vars(TEXT), held_out_books=None, compressors={}, compressed=COMPRESSED),
        ),
        (write_result, read_training, TRAINING),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_written_is_read_back(write, read, value, tmp_path):
    write(tmp_path / "x.json", value)
    assert read(tmp_path / "x.json") == value


def test_other_tools_find_the_keys(tmp_path):
    """The keys of the design; nothing of how the classes are built shows."""
    write_attribution(tmp_path / "a.jsonl", [AttributedSample(sample=3, spans=(SPAN,), near=(SHARED,))])
    row = json.loads((tmp_path / "a.jsonl").read_text(encoding="utf-8"))
    assert list(row) == ["sample", "spans", "near"]
    assert list(row["spans"][0]) == [
        *("start", "end", "exact", "shared", "surprise", "running_words", "running_surprise", "sources")
    ]
    assert (row["spans"][0]["shared"], row["near"][0]["shared"]) == (False, True)
    write_copying(tmp_path / "c.json", copying())
    content = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    shares = [f"share_at_{length}" for length in (10, 20, 30, 50, 100)]
    figures = [*shares, "longest", "longest_match", "novelty", "characters"]
    excess = ["excess_at_30", "excess_at_30_low", "excess_at_30_high"]
    texts = [*figures, *excess, "by_temperature", "human"]
    assert list(content) == [*texts, "running_text", "extractable"]
    assert list(content["running_text"]) == [*texts, "surprise", "human_surprise"]
    assert list(content["by_temperature"]["0.6"]) == [*figures, *excess]
    assert list(content["human"]) == figures
    assert EXCESS_AT == 30


@pytest.mark.parametrize(
    ("read", "content", "message"),
    [
        (read_samples, '{"sample": 0}\n', r"x\.json, line 1: prompt: field required.*run `dvc repro`"),
        (read_attribution, '{"sample": 0, "spans": [], "near": []}\n[]\n', r"x\.json, line 2: "),
        (read_evaluation, '{"bits_per_character": "high"}', r"x\.json: bits_per_character: .*valid number"),
        (read_copying, '{"held_out": {}}', r"does not hold copying metrics as this version"),
        (read_copying, "[]", "as this version"),
    ],
)
def test_a_file_from_elsewhere_is_named(read, content, message, tmp_path):
    (tmp_path / "x.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read(tmp_path / "x.json")


def test_spans_of_older_versions_have_no_running_text(tmp_path):
    write_attribution(tmp_path / "a.jsonl", [AttributedSample(sample=3, spans=(SPAN,), near=())])
    row = json.loads((tmp_path / "a.jsonl").read_text(encoding="utf-8"))
    del row["spans"][0]["running_words"], row["spans"][0]["running_surprise"]
    (tmp_path / "a.jsonl").write_text(json.dumps(row), encoding="utf-8")
    assert read_attribution(tmp_path / "a.jsonl")[0].spans[0].running_words == 0


@pytest.mark.parametrize(("interval", "exceeds"), [(None, None), ((0.0, 0.5), False), ((0.001, 0.5), True)])
def test_a_model_copies_more_than_people_if_the_whole_interval_says_so(interval, exceeds):
    running = copying().running_text
    running = dataclasses.replace(running, samples=dataclasses.replace(METRICS, excess_interval=interval))
    assert running.exceeds_people is exceeds


def test_near_copies_and_exact_spans_come_in_the_order_of_the_text():
    late = dataclasses.replace(SPAN, start=9, end=12)
    both = AttributedSample(sample=0, spans=(SPAN, late), near=(SHARED,)).by_start()
    assert both == [SPAN, SHARED, late]


def test_the_hash_of_sampling_is_that_of_prompts_and_limits():
    one = sample(0, "a text")
    alike = [sample(1, "another"), one, dataclasses.replace(one, seed=9, tokens=7)]
    assert sampling_sha256([one]) == sampling_sha256(alike)
    for change in ({"max_copy": 20}, {"temperature": 0.5}, {"prompt": "To be"}):
        assert sampling_sha256([dataclasses.replace(one, **change)]) != sampling_sha256([one])
