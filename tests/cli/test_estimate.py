"""`poet estimate`: from the benchmark of a machine and the settings of params.yaml."""

import json
import shlex
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from poet.benchmark.noise import OtherWork
from poet.cli import main
from poet.files import sha256
from poet.results.benchmark import write_benchmarks
from tests.benchmark.measured import SHAPES, benchmark, row
from tests.clone import ROOT


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project on an idle machine, in which a benchmark was made, and nothing built."""
    monkeypatch.setattr(OtherWork, "cores", lambda _: 0.0)
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    write_benchmarks(tmp_path / "reports/benchmark.json", {"slow-2-cores": measured(2.0)})
    write_benchmarks(tmp_path / "reports/benchmarks/fast.json", {"fast": measured(0.02)})
    (tmp_path / ".poet").mkdir()
    (tmp_path / ".poet/machine").write_text("slow-2-cores\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def measured(factor):
    return benchmark(*(row(name, lambda work: factor * float(work[0] + 20 * work[3]) / 1e11) for name in SHAPES))


def ask(words, code=0):
    result = CliRunner().invoke(main, shlex.split(words.removeprefix("poet ")))
    assert result.exit_code == code, result.output
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)
    return result.output


def as_json(words):
    return json.loads(ask(f"{words} --json"))


def write_meta(project, vocab_size=2048, kind="bpe"):
    splits = {name: {"tokens": count} for name, count in (("train", 1_000_000), ("val", 100_000), ("held_out", 0))}
    (project / "data/tokens/shakespeare").mkdir(parents=True, exist_ok=True)
    tokenizer = project / "data/tokens/shakespeare/tokenizer.json"
    tokenizer.write_text("{}", encoding="utf-8")
    meta = {"dtype": "uint16", "kind": kind, "vocab_size": vocab_size, "splits": splits}
    meta |= {"separator": 0, "tokenizer_sha256": sha256(tokenizer)}
    (project / "data/tokens/shakespeare/meta.json").write_text(json.dumps(meta), encoding="utf-8")


def test_it_tells_time_tokens_parameters_memory_disk_and_what_they_rest_on(project):
    write_meta(project)
    lines = dict(line.split(maxsplit=1) for line in ask("poet estimate -S train.steps=2000").splitlines()[1:])
    assert lines["time"].startswith("about ") and " to " in lines["time"] and ": 2,000 steps of " in lines["time"]
    assert (lines["tokens"], lines["epochs"]) == ("8,192,000 (4,096 a step)", "8.19")
    assert lines["parameters"] == "2,113,536"
    assert lines["memory"].endswith("B") and lines["disk"].startswith("17 MB model")
    assert lines["device"] == "cpu: Slow Processor (float32, compiled, 2 threads)"
    short = ask("poet estimate -S train.steps=100")
    assert short.endswith("rests on    7 trainings measured on slow-2-cores on 2026-11-26\n")


def test_it_is_for_the_settings_that_are_given(project):
    plain, changed = as_json("poet estimate"), as_json("poet estimate -S train.steps=1600 -S 'model={n_layer:6}'")
    assert changed["steps"] == 1600 != plain["steps"]
    assert changed["step_seconds"] > 1.5 * plain["step_seconds"]
    yoke = as_json("poet estimate -S 'model.yoke={layer:0,width:16,residual:true,state:false}'")
    assert yoke["parameters"] < plain["parameters"]
    assert (ROOT / "params.yaml").read_bytes() == (project / "params.yaml").read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("train.stepps=5", "train.stepps: unknown key"),
        ("train.steps=many", "train.steps: should be a valid integer, got 'many'"),
        ("model.n_head=5", "n_embd 192 must be a multiple of n_head 5"),
        ("train.steps", "write KEY=VALUE as for `dvc exp run -S`"),
        ("train.processes=2", "train.processes: 2 processes are not estimated"),
        ("train.precision=float16", "was not measured in float16 on cpu"),
    ],
)
def test_a_wrong_key_or_value_gets_the_usual_message(project, change, message):
    output = ask(f"poet estimate -S {change}", code=1)
    assert message in output and "Traceback" not in output and "poet-estimate-" not in output


def test_tokens_tell_epochs_only_if_they_are_those_of_the_settings(project):
    assert as_json("poet estimate")["epochs"] is None
    assert "note: no tokens are made with these settings" in ask("poet estimate")
    write_meta(project, vocab_size=1900)
    found = as_json("poet estimate")
    assert found["epochs"] == pytest.approx(found["tokens"] / 1_000_000) and found["validation_seconds"] > 0
    assert "the tokens have a vocabulary of 1,900" in found["notes"][-1]
    assert found["parameters"] == 2_113_536 - 2 * 148 * 192, "a small text has fewer tokens than it may"
    assert as_json("poet estimate -S tokenize.vocab_size=4096")["epochs"] is None
    write_meta(project, kind="char")
    assert as_json("poet estimate")["epochs"] is None
    assert "unknown collection 'x'" in ask("poet estimate --collection x", code=1)


def test_a_training_from_another_model_has_the_vocabulary_of_that_model(project):
    write_meta(project)
    plain = as_json("poet estimate")
    description = {"format_version": 2, "model": {"n_layer": 3, "n_head": 2, "n_embd": 192, "sequence_len": 256}}
    description |= {"vocab_size": 1000, "tokenizer_sha256": "", "data_sha256": ""}
    (project / "first").mkdir()
    for name, content in (("config.json", json.dumps(description)), ("tokenizer.json", ""), ("model.safetensors", "")):
        (project / "first" / name).write_text(content, encoding="utf-8")
    found = as_json("poet estimate -S train.init_from=first")
    assert found["parameters"] == plain["parameters"] - 2 * 1048 * 192
    assert found["epochs"] is None, "the tokens that are here were made by another tokenizer"
    wrong = ask("poet estimate -S train.init_from=first -S model.n_layer=6", code=1)
    assert "model.n_layer: got 6, expected 3" in wrong
    assert "train.init_from: second does not exist" in ask("poet estimate -S train.init_from=second", code=1)
    # In params.yaml itself, the tokens are those of that model.
    params = (project / "params.yaml").read_text(encoding="utf-8").replace("init_from: models/none", "init_from: first")
    (project / "params.yaml").write_text(params, encoding="utf-8")
    write_meta(project, vocab_size=1000, kind="char")
    assert as_json("poet estimate")["epochs"] and as_json("poet estimate")["parameters"] == found["parameters"]


def test_a_saved_machine_is_named(project):
    assert as_json("poet estimate --machine fast")["seconds"] < as_json("poet estimate")["seconds"] / 20
    unknown = ask("poet estimate --machine fats", code=1)
    assert "no machine is called 'fats' (did you mean 'fast'?); saved are fast, slow-2-cores" in unknown
    assert "has no training on 'mps' that was measured without noise; it has cpu" in ask(
        "poet estimate --device mps", code=1
    )


def test_other_work_on_this_machine_is_said(project, monkeypatch):
    monkeypatch.setattr(OtherWork, "cores", lambda _: 64.0)
    note = "note: just now, other work took 64.0 of the"
    assert note in ask("poet estimate") and note not in ask("poet estimate --machine fast")
    assert not any("other work" in each for each in as_json("poet estimate")["notes"])


def test_without_a_benchmark_it_says_how_to_make_one(project):
    (project / "reports/benchmark.json").unlink()
    output = ask("poet estimate", code=1)
    assert "nothing was measured on this machine" in output and "poet benchmark --save" in output
    assert "dvc repro benchmark" in output and "--machine: fast" in output
    shutil.rmtree(project / "reports/benchmarks")
    assert "--machine" not in ask("poet estimate", code=1)
    assert "Measure this one first: poet benchmark --save" in ask("poet estimate --machine fast", code=1)


def test_a_colleague_s_file_is_not_taken_for_one_s_own(project):
    """The stage's file came with `dvc pull`: its machine has another name."""
    write_benchmarks(project / "reports/benchmark.json", {"colleague": measured(1.0)})
    assert "nothing was measured on this machine" in ask("poet estimate", code=1)
    assert as_json("poet estimate --machine colleague")["machine"] == "colleague"


def test_damaged_tokens_are_named(project):
    write_meta(project)
    (project / "data/tokens/shakespeare/meta.json").write_text("[]", encoding="utf-8")
    assert "meta.json lacks splits" in ask("poet estimate", code=1)


def test_what_was_saved_on_this_machine_is_found_by_its_name(project):
    (project / "reports/benchmark.json").unlink()
    (project / ".poet/machine").write_text("fast\n", encoding="utf-8")
    assert as_json("poet estimate")["machine"] == "fast"


def test_it_needs_no_torch(project):
    code = "import sys; from poet.cli import main; main(['estimate'], standalone_mode=False); "
    code += "print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=project)
    assert result.stdout.splitlines()[-1] == "False", result.stderr
