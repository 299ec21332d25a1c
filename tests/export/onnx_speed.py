"""How fast model.onnx writes beside this program, on one thread: `python -m tests.export.onnx_speed MODEL_FOLDER`.

Both write the same greedy text, one sequence, by turns, so that whatever else the machine does falls on both. The first
turn warms up and does not count.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import onnxruntime
import torch

from poet.export.onnx import write_onnx
from poet.generation.sampling import generate
from poet.model.saving import load_model
from poet.params.sampling import SamplingParams
from poet.tokenizers.tokenizer import encode
from tests.export.onnx_session import OnnxModel

PROMPT, TOKENS, TURNS = "ACT I", 200, 7


def compare(folder: Path, tokens: int = TOKENS, turns: int = TURNS) -> str:
    """A line with the medians and the extremes, in tokens/s. AssertionError if the texts differ."""
    torch.set_num_threads(1)
    trained = load_model(folder, torch.device("cpu"))
    prompt = encode(trained.tokenizer, PROMPT).tolist()
    greedy = SamplingParams(temperature=0.0, seed=0)

    def ours() -> list[int]:
        return [int(step[0]) for step in generate(trained.model, prompt, [greedy], tokens, torch.float32)]

    def theirs() -> list[int]:
        session.start()
        return list(session.greedy(prompt, tokens))

    with tempfile.TemporaryDirectory() as out:
        write_onnx(Path(out) / "onnx", trained, "")
        session = OnnxModel(Path(out) / "onnx")
    assert ours() == theirs()
    speeds = [(_speed(ours, tokens), _speed(theirs, tokens)) for _ in range(turns)]
    mine, other = ([pair[i] for pair in speeds] for i in (0, 1))
    ratios = [b / a for a, b in speeds]
    parts = [
        f"{name} {statistics.median(found):,.0f} ({min(found):,.0f} to {max(found):,.0f})"
        for name, found in (
            (f"poet, torch {torch.__version__}", mine),
            (f"onnxruntime {onnxruntime.__version__}", other),
        )
    ]
    return (
        f"tokens/s: {'; '.join(parts)}; ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    )


def _speed(write: Callable[[], list[int]], tokens: int) -> float:
    start = time.perf_counter()
    write()
    return tokens / (time.perf_counter() - start)


if __name__ == "__main__":
    click.echo(compare(Path(sys.argv[1])))
