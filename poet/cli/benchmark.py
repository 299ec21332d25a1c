"""`poet benchmark`: how fast this machine trains and generates, beside the machines of the team."""

import math
from pathlib import Path

import click

from poet.cli.options import PARAMS
from poet.terminal import printable, printable_json

# Minutes where no params.yaml says how many.
MINUTES = 2.0


@click.command(epilog="Example: poet benchmark --save --name lab-server")
@click.option("--minutes", type=click.FloatRange(min=0, max=1000), help="Time to take; by default benchmark.minutes.")
@click.option("--save", "keep", is_flag=True, help="Keep the figures for the team: reports/benchmarks/<machine>.json.")
@click.option("--name", help="What to call this machine from now on; by default it is named after its parts.")
@click.option("--compare", "pair", nargs=2, metavar="A B", help="Show two saved machines side by side.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@PARAMS
def benchmark(
    minutes: float | None,
    keep: bool,
    name: str | None,
    pair: tuple[str, str] | None,
    as_json: bool,
    params: Path,
) -> None:
    """Time training and generation of five known models on every device of this machine.

    It needs no project: the figures of any machine that has this program installed can be saved and copied to
    reports/benchmarks of a repository.
    """
    if pair and (minutes is not None or keep or name is not None):
        raise click.UsageError("--compare shows saved figures; it goes with --json alone")
    if minutes is not None and math.isnan(minutes):
        raise click.UsageError("--minutes must be a number")
    if pair:
        _compare(*pair, as_json)
    else:
        _measure(_minutes(params) if minutes is None else minutes, keep, name, as_json)


def _minutes(params: Path) -> float:
    """What params.yaml says; MINUTES where there is none."""
    from poet.params.file import load_params

    return load_params(params).benchmark.minutes if params.exists() else MINUTES


def _measure(minutes: float, keep: bool, name: str | None, as_json: bool) -> None:
    """Measure this machine within `minutes`, print the figures, and keep them if that is wanted."""
    # Imported here, so that `poet --help` does not wait for torch.
    import dataclasses

    from poet.benchmark.names import choose_name
    from poet.benchmark.plan import benchmark, plan_benchmark
    from poet.benchmark.saved import save
    from poet.benchmark.words import lines
    from poet.device.device import keep_freed_memory
    from poet.device.machine import describe_machine, measured_code
    from poet.errors import PoetError
    from poet.progress import log, progress_bar
    from poet.project import project_root
    from poet.tracking.benchmark_runs import record_benchmark
    from poet.tracking.run import commit

    root = project_root()
    machine = describe_machine(commit(root) or measured_code())
    name = choose_name(root, machine, name)
    keep_freed_memory()
    plan = plan_benchmark(machine)
    with progress_bar("benchmark", sum(map(len, plan))) as advance:
        found = benchmark(machine, plan, minutes, lambda case: advance(1, case.in_words()))
    if as_json:
        click.echo(printable_json({name: dataclasses.asdict(found)}, indent=2))
    else:
        click.echo(printable("\n".join(lines(name, found))))
    if keep:
        # Figures of an earlier day are not lost to a run that had no time.
        if not any(row.training for row in found.rows):
            raise PoetError(
                f"nothing was measured within {minutes:g} minutes, so nothing is saved. Give it more time: "
                "poet benchmark --save --minutes 2"
            )
        log(f"saved as {save(root, name, found)}")
        record_benchmark(root, name, found)


def _compare(one: str, other: str, as_json: bool) -> None:
    """Print the figures of two saved machines side by side."""
    import dataclasses

    from rich.console import Console

    from poet.benchmark.compare import compare_benchmarks, comparison_notes, comparison_table
    from poet.benchmark.saved import find_benchmark, known_benchmarks
    from poet.project import project_root

    known = known_benchmarks(project_root())
    rows = compare_benchmarks(one, find_benchmark(known, one), other, find_benchmark(known, other))
    if as_json:
        click.echo(printable_json([dataclasses.asdict(row) for row in rows], indent=2))
        return
    console, table = Console(soft_wrap=True, markup=False), comparison_table(one, other, rows)
    console.print(table)
    click.echo(printable("\n".join(comparison_notes(one, other, rows))))
