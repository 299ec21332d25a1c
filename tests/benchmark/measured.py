"""Benchmarks of machines that do not exist: the time of every step follows from prices that the test knows."""

from poet.benchmark.prices import amounts
from poet.benchmark.setting import row_step
from poet.model.size import flops_per_token, parameter_count
from poet.params.model import model_settings
from poet.results.benchmark import Benchmark, Device, GenerationSpeed, Machine, MatrixRate, Row, Shape, TrainingSpeed

# The models of a benchmark: preset, layers, heads, width, context, vocabulary, batch.
SHAPES = {
    "default": ("modern", 3, 2, 192, 256, 2048, 16),
    "original": ("modern", 7, 8, 128, 128, 20_000, 32),
    "original-71M": ("modern", 32, 16, 384, 128, 20_000, 4),
    "nanogpt": ("classic", 4, 4, 128, 64, 65, 12),
    "gpt2": ("classic", 12, 12, 768, 1024, 50_257, 1),
    "batch-2": ("modern", 3, 2, 192, 256, 2048, 2),
    "batch-64": ("modern", 3, 2, 192, 256, 2048, 64),
}
KEYS = ("preset", "n_layer", "n_head", "n_embd", "sequence_len", "vocab_size", "batch_size")


def row(name, seconds=None, **changes):
    """The row of a model of SHAPES; `seconds` is its step, or a function of its amounts."""
    shape = Shape(**dict(zip(KEYS, SHAPES[name], strict=True)))
    sizes = {key: getattr(shape, key) for key in ("n_layer", "n_head", "n_embd", "sequence_len")}
    config = model_settings(shape.preset, **sizes).config
    about = {
        "model": name,
        "shape": shape,
        "parameters": parameter_count(config, shape.vocab_size),
        "flops_per_token": flops_per_token(config, shape.vocab_size),
        "device": "cpu",
        "device_name": "Slow Processor",
        "precision": "float32",
        "compiled": False,
        "threads": 2,
        "as_trained": True,
    }
    made = Row(**about | changes)
    seconds = seconds(amounts(row_step(made))) if callable(seconds) else seconds
    if seconds is None:
        return made
    return Row(**vars(made) | {"training": speed(seconds)})


def speed(seconds, peak=None):
    """A measured training whose step takes `seconds`."""
    return TrainingSpeed(
        iterations=5,
        seconds_per_iteration=seconds,
        seconds_p5=seconds,
        seconds_p95=seconds,
        tokens_per_second=1 / seconds,
        utilization=0.5,
        first_step_seconds=seconds,
        peak_memory_bytes=peak,
    )


def writing(tokens_per_second):
    """A measured generation."""
    return GenerationSpeed(
        tokens_per_second=tokens_per_second,
        tokens_per_second_16=tokens_per_second,
        first_token_seconds=1 / tokens_per_second,
        relative_spread=0.0,
    )


def benchmark(*rows, rate=None):
    """A benchmark with these rows."""
    machine = Machine(
        processor="Slow Processor",
        cores=2,
        threads=2,
        memory_bytes=None,
        system="Linux",
        power="",
        python="3.11",
        torch="2.13",
        commit="1234567",
        devices=(Device(device="cpu", name="Slow Processor"),),
    )
    rates = (MatrixRate(device="cpu", precision="float32", threads=2, flops_per_second=rate),) if rate else ()
    return Benchmark(machine=machine, measured="2026-11-26", minutes=2.0, rates=rates, rows=rows)
