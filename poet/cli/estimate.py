"""`poet estimate`: how long a training will take, and how much memory and disk."""

import contextlib
import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poet.cli.folders import TOKENS
from poet.cli.options import COLLECTION, PARAMS, chosen_collection
from poet.project import enclosing_project, in_project
from poet.terminal import printable, printable_json

if TYPE_CHECKING:
    from poet.benchmark.estimate import Estimate
    from poet.params.sections import Params
    from poet.results.benchmark import Benchmark


@click.command(epilog="Example: poet estimate --collection shakespeare -S model.n_layer=6 -S train.steps=5000")
@COLLECTION
@click.option("-S", "--set-param", "changes", multiple=True, metavar="KEY=VALUE", help="As `dvc exp run -S` has it.")
@click.option("--device", help="cpu, cuda or mps; by default what train.device says.")
@click.option("--machine", help="A machine in reports/benchmarks; by default the one that was measured here.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: seconds and bytes.")
@PARAMS
def estimate(
    name: str | None, changes: tuple[str, ...], device: str | None, machine: str | None, as_json: bool, params: Path
) -> None:
    """Tell the time, memory and disk of a training before it runs, from the benchmark of a machine.

    Nothing is trained. The benchmark is that of this machine (`poet benchmark --save`), or of another one of the team.
    """
    from poet.benchmark.estimate import estimate as predict
    from poet.benchmark.noise import OtherWork, signs_of_noise
    from poet.params.changes import changed_params

    is_here, other_work = machine is None, OtherWork()
    settings = changed_params(params, changes)
    collection = chosen_collection(settings, name)
    machine, benchmark = chosen_benchmark(machine)
    meta = _tokens_meta(params, settings, collection)
    settings = with_vocabulary_of_start(settings)
    found = predict(settings, benchmark, machine, device, meta)
    # A small text has fewer tokens than it may; else the settings were changed after the tokens were made.
    if meta and meta["kind"] not in ("char", "byte") and meta["vocab_size"] != settings.tokenize.vocab_size:
        size = f"the tokens have a vocabulary of {meta['vocab_size']:,}"
        note = f"{size}; `dvc repro tokenize` makes them as params.yaml says"
        found = dataclasses.replace(found, notes=(*found.notes, note))
    if as_json:
        click.echo(printable_json(dataclasses.asdict(found), indent=2))
        return
    click.echo(printable(f"{collection}\n{describe(found)}"))
    if is_here and found.device == "cpu":
        for sign in signs_of_noise({}, other_work.cores(), found.threads, os.cpu_count() or 1):
            click.echo(printable(f"note: just now, {sign}; a training takes longer then"))


def with_vocabulary_of_start(settings: "Params") -> "Params":
    """`settings` with the size of the vocabulary of the model that the training starts from, if it starts from one.

    ConfigError or ModelError when it cannot start from that model.
    """
    from poet.training.start import read_start

    with contextlib.chdir(enclosing_project()):
        start = read_start(settings.model, settings.train)
    if start is None:
        return settings
    return dataclasses.replace(settings, tokenize=dataclasses.replace(settings.tokenize, vocab_size=start.vocab_size))


def chosen_benchmark(machine: str | None) -> "tuple[str, Benchmark]":
    """The name and the benchmark of `machine`, or of this one for None; DataError if there is none."""
    from poet.benchmark.saved import find_benchmark, known_benchmarks
    from poet.errors import DataError

    root = enclosing_project()
    known = known_benchmarks(root)
    if machine is not None:
        return machine, find_benchmark(known, machine)
    # The stage's file may have come from a colleague, so the name of this machine tells which figures are its own.
    name = _own_name(root) if known else ""
    if name in known:
        return name, known[name]
    other = f", or take a saved machine of the team with --machine: {', '.join(known)}" if known else ""
    raise DataError(
        "nothing was measured on this machine, so no time can be told. Measure it with `poet benchmark --save` or "
        f"`dvc repro benchmark`{other}."
    )


def _own_name(root: Path) -> str:
    """What `poet benchmark --save` calls this machine. Without a name that was given, torch tells the devices."""
    from poet.benchmark.names import kept_name, suggested_name

    if name := kept_name(root):
        return name
    from poet.device.machine import describe_machine

    return suggested_name(describe_machine())


def _tokens_meta(path: Path, settings: "Params", collection: str) -> dict[str, Any] | None:
    """The meta.json of the tokens of `collection`; None if they are not made, or would be others with `settings`."""
    from poet.params.file import load_params
    from poet.tokens.token_files import META, read_meta

    file = in_project(TOKENS / collection / META)
    written = load_params(path)
    same = (settings.tokenize, settings.split, settings.clean) == (written.tokenize, written.split, written.clean)
    if not file.is_file() or not same or settings.train.start != written.train.start:
        return None
    meta = read_meta(file.parent)
    # The model that a training starts from has a tokenizer of any kind.
    return meta if settings.train.start or meta["kind"] == settings.tokenize.kind else None


def describe(found: "Estimate") -> str:
    """The estimate in lines for a terminal."""
    from poet.progress import duration

    low, high = duration(found.seconds_low), duration(found.seconds_high)
    steps = f"{found.steps:,} steps of {duration(found.step_seconds)}"
    if found.validation_seconds is not None:
        plural = "validation" if found.validations == 1 else "validations"
        steps += f", {found.validations:,} {plural} of {duration(found.validation_seconds)}"
    epochs = "unknown" if found.epochs is None else f"{found.epochs:.3g}"
    disk = f"{_size(found.model_bytes)} model"
    if found.snapshot_bytes:
        disk += f", {_size(found.snapshot_bytes)} snapshots until it ends"
    if found.token_bytes is not None:
        disk += f", {_size(found.token_bytes)} tokens"
    how = f"{found.precision}, {'compiled' if found.compiled else 'not compiled'}"
    how += f", {found.threads} thread{'s' if found.threads > 1 else ''}" if found.device == "cpu" else ""
    rows = "1 training" if found.rows == 1 else f"{found.rows} trainings"
    lines = {
        "time": f"about {duration(found.seconds)} ({low} to {high}): {steps}",
        "tokens": f"{found.tokens:,} ({found.tokens_per_step:,} a step)",
        "epochs": epochs,
        "parameters": f"{found.parameters:,}",
        "memory": _size(found.memory_bytes),
        "disk": disk,
        "device": f"{found.device}: {found.device_name} ({how})",
        "rests on": f"{rows} measured on {found.machine} on {found.measured}",
    }
    return "\n".join([
        *(f"{name:<12}{text}" for name, text in lines.items()),
        *(f"note: {note}" for note in found.notes),
    ])


def _size(count: int) -> str:
    """A number of bytes for a person.

    >>> _size(2_500_000_000), _size(34_000_000)
    ('2.5 GB', '34 MB')
    """
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"
