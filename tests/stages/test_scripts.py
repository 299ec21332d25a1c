"""Shelves in seven languages, by the stages: a tokenizer, an index, and passages that are traced to their book."""

import dataclasses

import pytest
from click.testing import CliRunner

import stages.attribute
import stages.index
import stages.tokenize
from poet.attribution.normalise import normalise
from poet.books.manifest import MANIFEST, CleanBook, read_manifest, write_manifest
from poet.params.file import load_params
from poet.results.attribution import read_attribution
from poet.results.samples import write_samples
from poet.tokenizers.kinds import KINDS
from poet.tokenizers.tokenizer import decode, load_tokenizer
from poet.tokens.token_files import open_tokens
from tests.attribution.shelf import sample
from tests.scripts import LANGUAGES, PROSE, shuffled
from tests.stages.shelf import write_clean
from tests.stages.small import COLLECTION, write_params

# What another edition has in place of a line end.
NO_LINE_END = {"chinese": "", "japanese": ""}


@pytest.fixture(params=LANGUAGES)
def shelf(request, tmp_path, monkeypatch):
    """(language, folder, the texts of two books) in an empty folder, with a tracking store of its own."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    language = request.param
    texts = {"first": shuffled(language, 1) + PROSE[language] * 2, "second": shuffled(language, 2, 300)}
    clean = write_clean(tmp_path / "clean", texts)
    rows = [
        dataclasses.replace(row, language=LANGUAGES[language]) for row in read_manifest(clean / MANIFEST, CleanBook)
    ]
    write_manifest(clean / MANIFEST, rows, CleanBook)
    return language, tmp_path, texts


def run(stage, params, **options):
    words = ["--params", str(params), *(str(part) for name, value in options.items() for part in (f"--{name}", value))]
    result = CliRunner().invoke(stage.main, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "word"])
def test_a_shelf_is_tokenized_without_loss(shelf, kind):
    _, folder, texts = shelf
    params = write_params(folder / "params.yaml", ["x"], tokenize={"kind": kind, "vocab_size": 700})
    run(stages.tokenize, params, collection=COLLECTION, clean=folder / "clean", out="tokens")
    data, tokenizer = open_tokens(folder / "tokens"), load_tokenizer(folder / "tokens" / "tokenizer.json")
    trained = load_params(params).split.validation
    assert decode(tokenizer, data.splits["train"]) == "".join(
        text[: int(len(text) * (1 - trained))] for text in texts.values()
    )


def test_a_shelf_is_indexed_and_passages_are_traced(shelf):
    """Verbatim, and with the line ends and the quotes of another edition."""
    language, folder, texts = shelf
    params = write_params(folder / "params.yaml", ["x"])
    run(stages.index, params, clean=folder / "clean", out="index")
    passage = texts["first"][1000:1400]
    other = passage.replace("\n", NO_LINE_END.get(language, " \r\n")).upper()
    write_samples(folder / "samples.jsonl", [sample(1, passage), sample(2, other), sample(3, "0123456789" * 40)])
    (folder / "model").write_bytes(b"weights")
    (folder / "extractable.json").write_text("{}", encoding="utf-8")
    run(
        stages.attribute,
        params,
        collection=COLLECTION,
        model="model",
        samples="samples.jsonl",
        index="index",
        clean=folder / "clean",
        extractable="extractable.json",
        out="attribution.jsonl",
        metrics="copying.json",
    )
    verbatim, near, none = read_attribution(folder / "attribution.jsonl")
    assert [(span.start, span.end, span.sources[0].book) for span in verbatim.spans] == [(0, 400, "first")]
    assert verbatim.spans[0].sources[0].start == 1000 and verbatim.spans[0].surprise > 100
    assert other != passage and normalise(other).text == normalise(passage).text
    assert [(span.start, span.end, span.sources[0].book) for span in near.near] == [(0, len(other), "first")]
    assert (none.spans, none.near) == ((), ())
