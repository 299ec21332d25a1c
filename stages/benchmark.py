"""Stage benchmark: how fast this machine trains and generates."""

from pathlib import Path

import click

from poet.benchmark.names import choose_name
from poet.benchmark.plan import benchmark, plan_benchmark
from poet.benchmark.words import lines
from poet.device.device import keep_freed_memory
from poet.device.machine import describe_machine, measured_code
from poet.params.file import load_params
from poet.progress import log, progress_bar
from poet.project import project_root
from poet.results.benchmark import write_benchmarks
from poet.tracking.benchmark_runs import record_benchmark
from poet.tracking.run import commit

PATH = click.Path(path_type=Path)


@click.command(epilog="Example: python -m stages.benchmark --out reports/benchmark.json")
@click.option("--params", type=PATH, default="params.yaml", show_default=True)
@click.option("--out", type=PATH, required=True, help="The figures of this machine, as JSON.")
def main(params: Path, out: Path) -> None:
    """Time training and generation on every device present."""
    settings, root = load_params(params).benchmark, project_root()
    keep_freed_memory()
    machine = describe_machine(commit(root) or measured_code())
    name = choose_name(root, machine, None)
    plan = plan_benchmark(machine)
    with progress_bar("benchmark", sum(map(len, plan))) as advance:
        found = benchmark(machine, plan, settings.minutes, lambda case: advance(1, case.in_words()))
    # Keyed by machine: who gets the file from a colleague sees whose figures they are.
    write_benchmarks(out, {name: found})
    for line in lines(name, found):
        log(line)
    record_benchmark(root, name, found)


if __name__ == "__main__":
    main()
