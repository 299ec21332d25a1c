"""What a training leaves on the disk, and what it keeps there while it runs, is what an estimate says beforehand."""

import dataclasses

import pytest

from poet.benchmark.prices import Step
from poet.benchmark.space import model_bytes, snapshot_bytes
from poet.errors import Interrupted
from poet.files import read_json
from poet.training.snapshots import KEPT
from tests.recipes import ADAMW, ALWAYS, MODEL, TRAIN
from tests.training.runs import interrupt_at, run


@pytest.mark.parametrize("muon", [True, False], ids=["muon", "adamw"])
def test_weights_and_snapshots_have_the_size_of_the_estimate(tokens, tmp_path, muon):
    settings = TRAIN if muon else dataclasses.replace(TRAIN, optimizer=ADAMW)
    settings = dataclasses.replace(settings, steps=12, validate_every=4)
    with pytest.raises(Interrupted):
        run(tokens, tmp_path / "out", settings, runtime=ALWAYS, tracker=interrupt_at(10))
    kept = [path.stat().st_size for path in (tmp_path / "out").glob("resume/*/step-*/*.safetensors")]
    run(tokens, tmp_path / "out", settings)
    model = [path.stat().st_size for path in (tmp_path / "out" / "model").glob("*.safetensors")]
    vocab_size = read_json(tokens / "meta.json")["vocab_size"]
    step = Step(config=MODEL.config, vocab_size=vocab_size, rows=4, passes=1, muon=muon, width=4)
    # The files also name their tensors.
    assert sum(model) == pytest.approx(model_bytes(step), abs=4000)
    assert kept == [pytest.approx(snapshot_bytes(step), abs=8000)] * KEPT
