"""Stage report: it reads every file into its place, and writes the page, the summary and the record."""

import contextlib
import dataclasses
import hashlib
import re

import numpy as np
from click.testing import CliRunner
from safetensors.numpy import save_file

import stages.report
from poet.books.manifest import FILES, MANIFEST, MISSING, REMOVALS, CleanBook, FileCount, MissingBook, write_manifest
from poet.files import write_json, write_text
from poet.report.collection_page import collection_page, summarize
from poet.report.summary import read_summary
from poet.results.attribution import write_attribution
from poet.results.benchmark import write_benchmarks
from poet.results.copying import write_copying
from poet.results.evaluation import write_result
from poet.results.model_folder import CONFIG, WEIGHTS
from poet.results.samples import write_samples, write_training_samples
from poet.tracking.run import commit
from poet.tracking.tracker import Tracker
from tests.clone import ROOT
from tests.report.shelf import HISTORY, made_up_books, made_up_results, made_up_samples, shipped_params


def write_inputs(folder, results):
    """Write the files of `results` into `folder`; returns the options of the stage that name them."""
    books, texts = made_up_books()
    samples, attribution = made_up_samples(books, texts, len(results.samples))
    files = {option: folder / option for option in ("raw", "clean", "model", "machines", "costs")}
    for option in ("corpus", "tokens-meta", "tokenizers", "training", "evaluation", "copying", "benchmark"):
        files[option] = folder / f"{option}.json"
    files |= {option: folder / f"{option}.jsonl" for option in ("training-samples", "samples", "attribution")}
    files |= {"history": folder / "history.csv"}

    for book in books:
        write_text(files["clean"] / book.file, texts[book.id])
    write_manifest(files["clean"] / MANIFEST, books, CleanBook)
    write_manifest(files["raw"] / MISSING, results.missing, MissingBook)
    write_manifest(files["raw"] / FILES, results.files, FileCount)
    rows = [
        f"{book},{','.join(str(value) for value in dataclasses.astuple(removal))}\n"
        for book, removals in results.removals.items()
        for removal in removals
    ]
    write_text(files["clean"] / REMOVALS, "book,rule,bytes,first_words,last_words\n" + "".join(rows))
    files["model"].mkdir()
    save_file({name: np.zeros(shape, np.float32) for name, shape in results.shapes.items()}, files["model"] / WEIGHTS)
    write_json(files["model"] / CONFIG, results.model_config)
    write_json(files["corpus"], results.corpus)
    write_json(files["tokens-meta"], results.tokens)
    write_json(files["tokenizers"], results.tokenizers)
    write_benchmarks(files["benchmark"], results.benchmark)
    for name, benchmark in results.machines.items():
        write_benchmarks(files["machines"] / f"{name}.json", {name: benchmark})
    for stage, cost in results.costs.items():
        write_json(files["costs"] / f"{stage}.json", dataclasses.asdict(cost))
    write_text(files["history"], HISTORY)
    write_result(files["training"], results.training)
    write_result(files["evaluation"], results.evaluation)
    write_training_samples(files["training-samples"], results.training_samples)
    write_samples(files["samples"], samples)
    write_attribution(files["attribution"], attribution)
    write_copying(files["copying"], results.copying)
    return [part for option, path in files.items() for part in (f"--{option}", str(path))]


def test_the_stage_reads_every_file_into_its_place(tmp_path, monkeypatch):
    recorded = []

    class Recorder(Tracker):
        def text(self, path, text):
            recorded.append((path, text))

        def tags(self, values):
            recorded.append(values)

    @contextlib.contextmanager
    def recording(root, collection, stage, model_sha256):
        recorded.append((collection, stage, model_sha256))
        yield Recorder()

    monkeypatch.setattr(stages.report, "tracking", recording)
    monkeypatch.setattr(stages.report, "finished_runs", lambda root, collection: [])
    monkeypatch.setenv("DVC_ROOT", str(ROOT))
    results = made_up_results()
    page, summary = tmp_path / "page.html", tmp_path / "summary.json"
    options = ["--params", str(ROOT / "params.yaml"), "--collection", "shakespeare", *write_inputs(tmp_path, results)]
    options += ["--out", str(page), "--summary", str(summary)]
    result = CliRunner().invoke(stages.report.main, options, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    # The commit is that of the repository, and MLflow has no other runs here.
    alone = dataclasses.replace(results, other_runs=[], commit=commit(ROOT))
    assert page.read_text(encoding="utf-8") == collection_page(alone, shipped_params())
    digest = hashlib.sha256((tmp_path / "model" / WEIGHTS).read_bytes()).hexdigest()
    assert read_summary(summary) == summarize(results, digest)
    run, (path, artifact), tags = recorded
    assert run == ("shakespeare", "report", digest) and path == "index.html"
    # MLflow has no page beside this one; the words of the links stay.
    expected = page.read_text(encoding="utf-8")
    for link in (
        '<a href="../index.html">All collections</a>',
        '<a class="write" href="poet.html">Write with this poet</a>',
    ):
        assert link in expected
        expected = expected.replace(link, re.sub("<a [^>]*>(.*)</a>", r"<span>\1</span>", link))
    assert artifact == expected
    note = tags["mlflow.note.content"]
    assert f"{results.evaluation.bits_per_character:.2f} bits per character" in note and "than their authors do" in note
    assert results.samples[0].sample.text[:20] in note and digest[:8] in note
