"""A drawing of a model: its layers from the first to the last, with widths and numbers of parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod
from pathlib import Path
from typing import Any

from safetensors import safe_open


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a model: what it is, the numbers that pass through it for each token, and its parameters.

    `times` counts equal layers that follow one another. `share` is the width in per cent of the widest part.
    """

    name: str
    width: int
    parameters: int
    times: int = 1
    share: float = 0.0


def read_shapes(weights: Path) -> dict[str, list[int]]:
    """The shape of each tensor in a safetensors file, by its name. The tensors themselves are not read."""
    with safe_open(weights, framework="numpy") as file:
        return {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118 (no mapping)


def draw(shapes: Mapping[str, Sequence[int]], model: Mapping[str, Any]) -> list[Part]:
    """The parts of a model with tensors of these `shapes`, and the sizes `model` of its config.json."""
    width, vocab_size = model["n_embd"], shapes["embedding.weight"][0]
    parts = [Part(name=f"{vocab_size:,} tokens in", width=width, parameters=_count(shapes, "embedding"))]
    if positions := _count(shapes, "positions"):
        parts.append(Part(name=f"{model['sequence_len']} positions", width=width, parameters=positions))
    layers = [_layer(shapes, model, number) for number in range(model["n_layer"])]
    for layer, group in groupby(layers):
        times = len(list(group))
        parts += [Part(name=name, width=w, parameters=count, times=times) for name, w, count in layer]
    head = _count(shapes, "head")
    name = f"{vocab_size:,} tokens out" + ("" if head else ", by the matrix of the tokens in")
    parts.append(Part(name=name, width=width, parameters=head + _count(shapes, "final_norm")))
    widest = max(part.width for part in parts)
    return [
        Part(**vars(part) | {"share": round(100 * part.width / widest, 2)})
        for part in parts
    ]  # fmt: skip


def _layer(shapes: Mapping[str, Sequence[int]], model: Mapping[str, Any], number: int) -> list[tuple[str, int, int]]:
    """Attention and MLP of a layer: (name, width, parameters). The norms count where they stand."""
    block, yoke = f"blocks.{number}.", model["yoke"]
    all_parameters, mlp = _count(shapes, block), _count(shapes, f"{block}mlp")
    name = "MLP"
    if yoke and yoke["layer"] == number:
        name = (
            "yoke" + (" with state" if yoke["state"] else "") + ("" if yoke["residual"] else ", the only way through")
        )
    attention = f"attention, {model['n_head']} heads" if model["n_head"] > 1 else "attention, 1 head"
    return [
        (attention, model["n_embd"], all_parameters - mlp),
        (name, shapes[f"{block}mlp.up.weight"][0], mlp),
    ]


def _count(shapes: Mapping[str, Sequence[int]], start: str) -> int:
    """The parameters of all tensors whose names begin with `start`."""
    return sum(prod(shape) for name, shape in shapes.items() if name.startswith(start))
