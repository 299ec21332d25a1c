"""`poet sweep`: a grid of experiments in DVC's queue, compared at its end."""

import contextlib
import os
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poet.cli.folders import MODELS, REPORTS
from poet.terminal import printable

if TYPE_CHECKING:
    from poet.experiments.outcome import Outcome
    from poet.report.sweep_page import Row, Table

# Pages of sweeps; git ignores them, and MLflow gets a copy.
PAGES = REPORTS / "sweeps"


@click.command(epilog="Example: poet sweep -S train.steps=400,800 -S model.n_embd=128,192 --workers 2")
@click.option(
    "-S",
    "--set-param",
    "changes",
    multiple=True,
    required=True,
    metavar="KEY=VALUE,...",
    help="As `dvc exp run -S` has it; several are combined.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Experiments at once.")
def sweep(changes: tuple[str, ...], workers: int) -> None:
    """Run every combination of settings as an experiment of DVC, and compare bits per character with cost.

    The experiments run in DVC's queue up to the stage evaluate, each under a name made of its settings; MLflow shows
    them below one run. What was run before is not run again. Ctrl-C stops the experiments, and the same command
    continues them.
    """
    from poet.project import require_project

    root = require_project()
    # Paths in params.yaml begin at the root, and DVC changes the params.yaml of the current folder.
    with contextlib.chdir(root):
        _sweep(root, changes, workers)


def _sweep(root: Path, changes: tuple[str, ...], workers: int) -> None:
    """All of the sweep, in the folder `root` of the project."""
    from poet.cli.outside_sources import NOTE, note_outside_sources
    from poet.errors import PoetError
    from poet.experiments.grid import expand, sweep_name
    from poet.experiments.preconditions import check_repository
    from poet.experiments.queue import Queue
    from poet.experiments.sweep import run_sweep

    began = round(time.time() * 1000)
    trials = expand(Path("params.yaml"), changes)
    with contextlib.closing(Queue(root)) as queue:
        check_repository(queue.repo, root, trials)
        for trial in trials:
            note_outside_sources(trial.params, root)
        # Git ignores the note, so DVC has to be told to copy it.
        copied = [NOTE.as_posix()] if NOTE.is_file() else []
        threads = max(1, (os.cpu_count() or 1) // workers)
        outcomes = run_sweep(queue, trials, workers, threads, REPORTS, MODELS, copied)
        baseline = queue.baseline
    command = " ".join(["poet sweep", *(f"-S {shlex.quote(change)}" for change in changes)])
    _show(root, sweep_name(trials, baseline), command, baseline, outcomes, began)
    if failed := [one for one in outcomes if one.problem]:
        told = [f"  {one.trial.name}: {one.problem} (`dvc queue logs {one.trial.name}`)" for one in failed]
        raise PoetError("\n".join([f"{len(failed)} of {len(outcomes)} experiments failed:", *told]))


def _show(root: Path, name: str, command: str, baseline: str, outcomes: "Sequence[Outcome]", began: int) -> None:
    """Print the tables, write the page, and record both."""
    from poet.files import write_text
    from poet.report.sweep_page import make_tables, sweep_page
    from poet.tracking.sweep_run import SweepRecord, record_sweep

    tables = make_tables(outcomes, root)
    page = sweep_page(name, command, baseline[:7], tables)
    write_text(PAGES / f"{name}.html", page)
    for table in tables:
        click.echo(printable("\n".join(_lines(table))))
    click.echo(printable(f"{PAGES / name}.html has the plot. `dvc exp apply NAME` brings an experiment here."))
    for table in tables:
        figures = [one.figures[table.collection] for one in outcomes if table.collection in one.figures]
        record = SweepRecord(
            name=name,
            collection=table.collection,
            command=command,
            grid={key: ", ".join(dict.fromkeys(one.trial.values[key] for one in outcomes)) for key in table.keys},
            rows=[_cells(table, row) for row in table.rows],
            models=list(dict.fromkeys(each.model_sha256 for each in figures)),
            experiments=[one.trial.name for one in outcomes],
            baseline=baseline,
            page=page,
            began=began,
            has_failed=len(figures) < len(table.rows),
        )
        record_sweep(root, record)


def _lines(table: "Table") -> list[str]:
    """A table for the terminal; a star marks the Pareto front."""
    from poet.tracking.compare import aligned

    cells = [_cells(table, row) for row in table.rows]
    note = [] if table.comparable else ["Tested on different texts, so bits per character do not compare."]
    return [table.collection, *aligned([list(cells[0]), *(list(each.values()) for each in cells)]), *note]


def _cells(table: "Table", row: "Row") -> dict[str, str]:
    """A row by the heads of its table."""
    settings = dict(zip(table.keys, row.settings, strict=True))
    figures = {"bits/char": row.bits, table.unit: row.cost, "parameters": row.parameters, "time": row.time}
    place = "*" if row.is_front else "" if row.number else "failed"
    logs = {"log": row.log} if any(each.log for each in table.rows) else {}
    return {"front": place} | settings | figures | {"experiment": row.name} | logs
