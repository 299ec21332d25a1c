"""A model in onnxruntime, for tests: what a program does that has model.onnx and nothing of ours."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

# The share of a full context that `poet.generation.sampling.generate` forgets at once.
FORGOTTEN = 8


class OnnxModel:
    """model.onnx in `folder`, on `threads` threads of the CPU; `past` is the cache, empty at first."""

    def __init__(self, folder: Path, threads: int = 1, batch: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
        self.facts = self.session.get_modelmeta().custom_metadata_map
        self.context, self.rotary = int(self.facts["context"]), self.facts["positions"] == "rotary"
        self.batch = batch
        self.start()

    def start(self) -> None:
        """Empty the cache."""
        shapes = {given.name: given.shape for given in self.session.get_inputs() if given.name.startswith("past")}
        self.past: dict[str, NDArray[Any]] = {
            name: np.zeros((self.batch, heads, 0, width), dtype=np.float32)
            for name, (_, heads, _, width) in shapes.items()
        }
        self.position = 0

    @property
    def cached(self) -> int:
        """The positions in the cache."""
        return int(self.past["past_key.0"].shape[2])

    def __call__(self, tokens: Any) -> NDArray[np.float32]:
        """Logits (B, T, V) for `tokens` (B, T) after those in the cache, which grows by them."""
        fed = {"tokens": np.asarray(tokens, dtype=np.int64), "position": np.array(self.position), **self.past}
        logits, *present = self.session.run(None, fed)
        self.past = dict(zip(self.past, present, strict=True))
        self.position += fed["tokens"].shape[1]
        found: NDArray[np.float32] = logits
        return found

    def greedy(self, prompt: Sequence[int], count: int) -> Iterator[int]:
        """The likeliest continuation of `prompt`, with the window moved as `generate` moves it."""
        ids, new = list(prompt), list(prompt)[-self.context :]
        for _ in range(count):
            ids.append(int(self([new])[0, -1].argmax()))
            yield ids[-1]
            new = ids[-1:]
            if self.cached < self.context:
                continue
            if self.rotary:
                kept = max(1, self.context // FORGOTTEN)
                self.past = {name: part[:, :, kept:] for name, part in self.past.items()}
            else:
                self.start()
                new = ids[-max(1, self.context // 2) :]
