"""What only an NVIDIA GPU can show: `pytest -m gpu`. The same tests run on the CPU elsewhere."""

import dataclasses
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import torch

from poet.files import read_json
from poet.generation.sampling import generate
from poet.metrics.bits import split_metrics
from poet.model.saving import load_model
from poet.params.sampling import SamplingParams
from poet.tokens.token_files import VALIDATION, open_tokens
from tests.recipes import MODEL, TRAIN
from tests.training.runs import environment, run, snapshots_of, start, train_command

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")]

# The kernels of a head need at least 16 channels to be compiled.
LARGER = dataclasses.replace(MODEL, n_embd=64)
ON_GPU = dataclasses.replace(TRAIN, device="cuda")
YOKE = {"layer": 0, "width": 8, "residual": False, "state": True}


def losses(folder):
    return pd.read_csv(folder / "history.csv")["train_loss"].to_numpy()


@pytest.fixture
def cpu_losses(tokens, tmp_path):
    """The losses of the training on the CPU, in float32."""
    run(tokens, tmp_path / "cpu", TRAIN, model=LARGER)
    return losses(tmp_path / "cpu")


@pytest.mark.filterwarnings("ignore")  # the compiler itself warns
@pytest.mark.parametrize(
    ("precision", "compiled", "tolerance"),
    [("float32", "off", 2e-3), ("float32", "on", 2e-3), ("bfloat16", "off", 0.02), ("float16", "off", 0.01)],
)
def test_a_gpu_learns_what_the_cpu_learns(tokens, tmp_path, cpu_losses, precision, compiled, tolerance):
    settings = dataclasses.replace(ON_GPU, precision=precision, compile=compiled)
    run(tokens, tmp_path / "gpu", settings, model=LARGER)
    metrics = read_json(tmp_path / "gpu" / "train.json")
    assert (metrics["device"], metrics["precision"]) == ("cuda", precision)
    assert metrics["compiled"] is (compiled == "on")
    assert losses(tmp_path / "gpu") == pytest.approx(cpu_losses, rel=tolerance)


@pytest.mark.filterwarnings("ignore")
def test_auto_takes_the_gpu_its_precision_and_the_compiler(tokens, tmp_path, capfd):
    """Validation and sampling run in between, and compile nothing: the number of graphs stays."""
    settings = dataclasses.replace(TRAIN, device="auto", precision="auto", compile="auto")
    torch.compiler.reset()
    torch._dynamo.utils.counters.clear()
    run(tokens, tmp_path / "auto", settings, model=LARGER)
    metrics = read_json(tmp_path / "auto" / "train.json")
    native = torch.cuda.get_device_capability() >= (8, 0)
    expected = {"device": "cuda", "precision": "bfloat16" if native else "float16", "compiled": True}
    assert {key: metrics[key] for key in expected} == expected
    assert "torch.compile failed" not in capfd.readouterr().err
    # All blocks share the graphs, or each layer has one for the forward and none for other lengths.
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] <= MODEL.config.n_layer


VARIANTS = {
    "float32": ({}, {}),
    "float16": ({}, {"precision": "float16"}),
    "bfloat16, compiled": ({}, {"precision": "bfloat16", "compile": "on"}),
    "yoke state": ({"yoke": YOKE}, {"state_windows": 2}),
    "dropout": ({"dropout": 0.2}, {}),
}


@pytest.mark.parametrize(("model", "changes"), VARIANTS.values(), ids=VARIANTS)
def test_a_killed_training_ends_like_an_uninterrupted_one(tokens, tmp_path, model, changes):
    changes = {"device": "cuda", "steps": 200, "validate_every": 50} | changes
    model = {"n_embd": 64} | model
    command = train_command(tmp_path, tokens, "cut", model, **changes)
    with start(tmp_path, command) as job:
        while len(snapshots_of(tmp_path)) < 2 and job.poll() is None:
            time.sleep(0.01)
        job.kill()
    assert job.returncode == -signal.SIGKILL
    for name, words in (("cut", command), ("whole", train_command(tmp_path, tokens, "whole", model, **changes))):
        with start(tmp_path, words) as job:
            printed = job.communicate()[1]
        assert job.returncode == 0, printed
        assert ("continuing from step" in printed) is (name == "cut"), printed
    assert losses(tmp_path / "cut") == pytest.approx(losses(tmp_path / "whole"), rel=0.02)
    for name in ("model/model.safetensors", "model/last.safetensors", "history.csv"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


@pytest.mark.parametrize("shard", [False, True], ids=["ddp", "fsdp2"])
def test_a_process_of_torchrun_exchanges_by_nccl(tokens, tmp_path, shard):
    """One process, which is all that one GPU allows; the losses are those without a group."""
    outcomes = {}
    for name, launcher in {
        "alone": [],
        "grouped": ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "1"],
    }.items():
        changes = {"device": "cuda", "processes": 1, "steps": 12, "shard": shard and name == "grouped"}
        words = [*launcher, *train_command(tmp_path, tokens, name, {"n_embd": 64}, **changes)]
        outcomes[name] = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
        )
        assert outcomes[name].returncode == 0, outcomes[name].stderr
    assert losses(tmp_path / "grouped") == pytest.approx(losses(tmp_path / "alone"), rel=1e-3)


def test_a_second_process_on_one_gpu_gets_one_message(tokens, tmp_path):
    count = torch.cuda.device_count() + 1
    words = train_command(tmp_path, tokens, "x", device="cuda", processes=count, batch_size=4 * count)
    with start(tmp_path, words) as job:
        printed = job.communicate()[1]
    assert job.returncode == 1
    assert f"{count} processes need a device each" in printed and "Traceback" not in printed


def test_scores_and_texts_are_those_of_the_cpu(tokens, tmp_path):
    run(tokens, tmp_path / "out", TRAIN, model=LARGER)
    data, scores, texts = open_tokens(tokens), [], []
    for kind in ("cpu", "cuda"):
        model = load_model(tmp_path / "out" / "model", torch.device(kind)).model
        scores.append(split_metrics(model, data, VALIDATION, stride=0.5, dtype=torch.float32).bits_per_character)
        sampling = [SamplingParams(temperature=0.0, seed=1), SamplingParams(temperature=0.8, seed=2)]
        texts.append([ids.tolist() for ids in generate(model, [1, 2, 3], sampling, 100, torch.float32)])
    assert scores[1] == pytest.approx(scores[0], rel=1e-4)
    assert texts[1] == texts[0]


def test_a_model_that_does_not_fit_is_one_message(tokens, tmp_path):
    changes = {"device": "cuda", "batch_size": 1_000_000, "steps": 2}
    with start(tmp_path, train_command(tmp_path, tokens, "x", {"n_embd": 2048, "n_head": 16}, **changes)) as job:
        printed = job.communicate()[1]
    assert job.returncode == 1
    assert "Error: there is not enough memory" in printed and "Traceback" not in printed, printed
