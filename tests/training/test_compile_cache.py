"""Compiled code is kept in the repository, and a second process finds it there."""

import json
import os
import subprocess
import sys

import pytest

from poet.training.compile_cache import VARIABLE

# Compile a small model as a training would, and say what the compiler did.
PROGRAM = """
import json, sys
from pathlib import Path
import torch
import stages.train  # nothing that the stage imports may settle on a folder before it can choose one
from poet.training.compile_cache import keep_compiled
keep_compiled(Path(sys.argv[1]))

from torch._dynamo.utils import counters
from poet.training.distributed import World
from poet.training.step import Trainer, compile_blocks
from tests.recipes import MUON
from tests.training.test_step import batch, tiny_model

trainer = Trainer(tiny_model(), MUON, torch.float32, world=World(device=torch.device("cpu")))
assert compile_blocks(trainer, *batch())
print(json.dumps({**counters["inductor"], "loss": trainer.step(*batch(), 1.0, 0).loss}))
"""


def compiled(root, **environment):
    """What a process compiles that keeps its code in the repository `root`."""
    inherited = {name: value for name, value in os.environ.items() if name != VARIABLE}
    command = [sys.executable, "-c", PROGRAM, str(root)]
    done = subprocess.run(command, env=inherited | environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_second_training_finds_what_the_first_compiled(tmp_path):
    first, second = compiled(tmp_path), compiled(tmp_path)
    assert first["fxgraph_cache_miss"] > 0 and "fxgraph_cache_hit" not in first
    assert "fxgraph_cache_miss" not in second
    assert first["loss"] == second["loss"], "kept code computes the same"
    assert (tmp_path / ".poet" / "compiled").is_dir()


@pytest.mark.slow
def test_a_folder_of_the_users_choice_stays(tmp_path):
    compiled(tmp_path, **{VARIABLE: str(tmp_path / "mine")})
    assert (tmp_path / "mine").is_dir() and not (tmp_path / ".poet").exists()
