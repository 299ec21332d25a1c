"""Figures of machines, made up in memory, so that tests of what shows them need no measurement."""

import dataclasses
from typing import Any

from poet.results.benchmark import (
    Benchmark,
    CorpusCost,
    Device,
    GenerationSpeed,
    Machine,
    MatrixRate,
    Row,
    Shape,
    TrainingSpeed,
)

# The shapes of the reference models, by their names.
SHAPES = {
    name: Shape(
        preset=preset,
        n_layer=layers,
        n_head=heads,
        n_embd=width,
        sequence_len=context,
        vocab_size=vocabulary,
        batch_size=batch,
    )
    for name, (layers, heads, width, context, vocabulary, batch, preset) in {
        "default": (3, 2, 192, 256, 2048, 16, "modern"),
        "original": (7, 8, 128, 128, 20_000, 32, "modern"),
        "71M": (32, 16, 384, 128, 20_000, 4, "modern"),
        "nanogpt": (4, 4, 128, 64, 65, 12, "classic"),
        "gpt2": (12, 12, 768, 1024, 50_257, 1, "classic"),
    }.items()
}


def training(seconds: float, **changes: Any) -> TrainingSpeed:
    """The training speed of a model that takes `seconds` for an iteration."""
    speed = TrainingSpeed(
        iterations=20,
        seconds_per_iteration=seconds,
        seconds_p5=0.95 * seconds,
        seconds_p95=1.1 * seconds,
        tokens_per_second=4096 / seconds,
        utilization=0.41,
        first_step_seconds=seconds + 1.5,
        peak_memory_bytes=734_000_000,
    )
    return dataclasses.replace(speed, **changes)


WRITING = GenerationSpeed(
    tokens_per_second=1005.0, tokens_per_second_16=7777.0, first_token_seconds=0.0042, relative_spread=0.03
)


def a_row(model: str = "default", seconds: float | None = 0.1, **changes: Any) -> Row:
    """A row of `model` as a training would run it, on a CPU; without `seconds` it was not measured."""
    row = Row(
        model=model,
        shape=SHAPES.get(model, SHAPES["default"]),
        parameters=2_000_000,
        flops_per_token=12_000_000,
        device="cpu",
        device_name="Two Cores 3000",
        precision="float32",
        compiled=False,
        threads=2,
        as_trained=True,
        training=None if seconds is None else training(seconds),
        generation=None if seconds is None else WRITING,
        load_average=0.3,
        other_cores=0.1,
        reason="no time left of 2 minutes" if seconds is None else "",
    )
    return dataclasses.replace(row, **changes)


def a_benchmark(*rows: Row, measured: str = "2026-11-26", **changes: Any) -> Benchmark:
    """The figures of a machine with two cores; its devices are those of the `rows`."""
    devices = {row.device: Device(device=row.device, name=row.device_name) for row in rows}
    machine = Machine(
        processor="Two Cores 3000",
        cores=2,
        threads=2,
        memory_bytes=8_000_000_000,
        system="Linux x86_64",
        power="",
        python="3.12.3",
        torch="2.13.0",
        commit="abcdef0",
        devices=tuple(devices.values()),
    )
    rates = (MatrixRate(device="cpu", precision="float32", threads=2, flops_per_second=1.5e11),)
    return Benchmark(
        machine=dataclasses.replace(machine, **changes), measured=measured, minutes=2.0, rates=rates, rows=rows
    )


GPU = {"device": "cuda:0", "device_name": "Fast GPU 80GB", "precision": "bfloat16", "compiled": True}


def some_machines() -> dict[str, Benchmark]:
    """Three machines: a CPU with all further figures, one with a GPU, and a busy one on battery."""
    sweep = {"as_trained": False, "generation": None}
    batch = [
        a_row(
            seconds=0.01 * size, shape=dataclasses.replace(SHAPES["default"], batch_size=size), sweep="batch", **sweep
        )
        for size in (4, 16, 64)
    ]
    batch.append(
        a_row(
            seconds=None,
            shape=dataclasses.replace(SHAPES["default"], batch_size=256),
            sweep="batch",
            reason="out of memory",
            as_trained=False,
        )
    )
    quiet = a_benchmark(
        *(a_row(name, seconds) for name, seconds in zip(SHAPES, (0.104, 0.35, 2.1, 0.012), strict=False)),
        a_row("gpt2", None),
        a_row(seconds=0.13, precision="bfloat16", as_trained=False),
        a_row(seconds=0.19, threads=1, sweep="threads", **sweep),
        *batch,
        a_row(seconds=None, device="mps", device_name="", reason="torch finds no mps device"),
    )
    fast = a_benchmark(
        a_row(seconds=0.004, **GPU),
        a_row("71M", 0.041, **GPU),
        a_row("default", 0.2, device_name="Server Processor"),
        measured="2026-11-20",
    )
    busy = a_benchmark(
        a_row(seconds=0.3, noise=("other work took 1.6 of the 2 cores",)), power="on battery", measured="2026-10-02"
    )
    return {"quiet-laptop": quiet, "fast-server": fast, "busy-laptop": busy}


def growth() -> dict[str, Benchmark]:
    """How cost grows on one machine: the time with the square of the width, and so on."""

    def rows(sweep: Any, field: str, values: tuple[int, ...], exponent: float) -> list[Row]:
        return [
            a_row(
                seconds=0.02 * (value / values[0]) ** exponent,
                sweep=sweep,
                as_trained=False,
                shape=dataclasses.replace(SHAPES["default"], **{field: value}),
            )
            for value in values
        ]

    found = [
        *rows("width", "n_embd", (64, 128, 256, 512), 2.0),
        *rows("layers", "n_layer", (1, 2, 4, 8), 1.0),
        *rows("context", "sequence_len", (64, 128, 256, 512), 1.25),
        *rows("batch", "batch_size", (1, 4, 16, 64), 0.9),
        *rows("vocabulary", "vocab_size", (256, 1024, 4096, 16_384), 0.5),
    ]
    costs = [
        CorpusCost(stage=stage, characters=size, seconds=3e-6 * size, peak_memory_bytes=100 * size + 10**8)
        for stage in ("clean", "tokenize", "index")
        for size in (10**6, 10**7, 10**8)
    ]
    return {"quiet-laptop": dataclasses.replace(a_benchmark(*found), corpora=tuple(costs))}
