"""Stage benchmark: how fast this machine trains and generates."""

from pathlib import Path

import click

from poet.benchmark.cases import benchmark_report, compare_threads, measure, plan_benchmark
from poet.device.device import keep_freed_memory
from poet.files import write_json
from poet.params.file import load_params
from poet.progress import log, progress_bar

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.benchmark --out reports/benchmark.json")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--out", type=PATH, required=True, help="The figures of this machine, as JSON.")
def main(params: Path, out: Path) -> None:
    """Time training and generation on every device present."""
    settings = load_params(params).benchmark
    keep_freed_memory()

    # Every model size, on every device, in every precision that the device computes natively.
    plan = plan_benchmark(settings.cases)
    measurements = []
    with progress_bar("benchmark", len(plan)) as advance:
        for case, setup in plan:
            measurements.append(measure(case, setup, settings))
            advance(1, f"{case.name} on {setup.device}")
    measurements = compare_threads(measurements)
    write_json(out, benchmark_report(measurements))

    # The same figures for a person at a terminal.
    for row in measurements:
        speed = f"{row.tokens_per_second:>9,.0f} tokens/s training {row.generate_tokens_per_second:>7,.0f} generating"
        log(f"{row.model:<10} {row.device:<4} {row.precision:<8} {row.threads} threads {speed}")
        for reason in row.noise:
            log(f"{'':<10} noisy: {reason}")


if __name__ == "__main__":
    main()
