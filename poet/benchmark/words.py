"""The figures of one machine as lines of text, for a terminal."""

from collections.abc import Sequence

from poet.results.benchmark import NO_TIME, Benchmark, Row

HEADS = (
    *("model", "device", "precision", "compiled", "threads", "batch", "s/iteration", "5 % to 95 %", "tokens/s"),
    *("of matrix rate", "memory", "first step", "written/s", "16 at once"),
)
# Columns of words are aligned to the left, those of numbers to the right.
WORDS = 4


def lines(name: str, benchmark: Benchmark) -> list[str]:
    """The table of the machine `name`, what is noisy in it and why, and what was not measured and why."""
    machine, rows = benchmark.machine, benchmark.rows
    processor = f"{machine.processor}, {machine.cores} cores, torch {machine.torch}"
    found = [f"{name}: {processor}{', ' + machine.power if machine.power else ''}"]
    found += [
        f"{device.name}, {device.memory_bytes / 1e9:.0f} GB" + (f", driver {device.driver}" if device.driver else "")
        for device in machine.devices
        if device.device != "cpu" and device.memory_bytes
    ]
    found += _aligned([HEADS, *(_cells(row) for row in rows if row.training)])
    found.append("* as a training runs by itself on the device")
    found += filter(None, [fastest_batch(rows)])
    found += [f"noisy: {_what(row)}: {reason}" for row in rows for reason in _noise(row)]
    late = [row for row in rows if row.reason.startswith(NO_TIME)]
    found += [f"not measured: {_what(row)}: {row.reason}" for row in rows if row.reason and row not in late]
    if late:
        names = ", ".join(dict.fromkeys(row.model for row in late))
        found.append(
            f"no time left in {benchmark.minutes:g} minutes for {len(late)} more cases ({names}); "
            f"poet benchmark --minutes {min(1000, max(10, 2 * benchmark.minutes)):g} takes longer"
        )
    return found


def fastest_batch(rows: Sequence[Row]) -> str:
    """Which batch of the sweep is the fastest, and the largest that was measured; "" without a sweep."""
    speeds = {
        row.shape.batch_size: row.training.tokens_per_second
        for row in rows
        if row.sweep == "batch" and row.training and not row.noise
    }
    if not speeds:
        return ""
    fastest = max(speeds, key=speeds.__getitem__)
    figure = f"{speeds[fastest]:,.0f} tokens/s"
    return f"fastest batch: {fastest} sequences ({figure}); largest that was measured: {max(speeds)}"


def _noise(row: Row) -> tuple[str, ...]:
    """All that is noisy in `row`."""
    return (*row.noise, *(row.generation.noise if row.generation else ()))


def _what(row: Row) -> str:
    compiled = ", compiled" if row.compiled else ""
    threads = f"{row.threads} thread{'s' if row.threads > 1 else ''}"
    return f"{row.model}, batch {row.shape.batch_size}, {row.device} {row.precision}{compiled}, {threads}"


def _cells(row: Row) -> tuple[str, ...]:
    training, generation = row.training, row.generation
    assert training
    memory = training.peak_memory_bytes
    return (
        row.model + ("*" if row.as_trained and not row.sweep else ""),
        row.device,
        row.precision,
        "yes" if row.compiled else "no",
        str(row.threads),
        str(row.shape.batch_size),
        f"{training.seconds_per_iteration:.4g}",
        f"{training.seconds_p5:.4g} to {training.seconds_p95:.4g}",
        f"{training.tokens_per_second:,.0f}",
        f"{100 * training.utilization:.{0 if training.utilization >= 0.1 else 1}f} %",
        f"{memory / 1e9:.2f} GB" if memory else "-",
        f"{training.first_step_seconds:.1f} s",
        f"{generation.tokens_per_second:,.0f}" if generation else "-",
        f"{generation.tokens_per_second_16:,.0f}" if generation else "-",
    )


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """The rows of `table` with their columns below each other."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if column < WORDS else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
