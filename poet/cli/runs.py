"""`poet runs`: the finished runs in MLflow as a table, two of them side by side, and how one is made again."""

from typing import Any

import click

from poet.terminal import printable, printable_json

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(
    invoke_without_command=True,
    epilog="Example: poet runs --collection shakespeare; poet runs diff calm-owl 3f2a; poet runs reproduce 3f2a",
)
@click.option("--collection", default="", help="Of this collection only.")
@AS_JSON
@click.pass_context
def runs(context: click.Context, collection: str, as_json: bool) -> None:
    """Compare finished runs, the best first; diff two; make one again."""
    if context.invoked_subcommand:
        return
    from poet.errors import PoetError
    from poet.tracking.compare import as_json as run_as_json
    from poet.tracking.compare import ranked, tables

    found = _all_runs()
    if collection:
        if collection not in found:
            known = f"There are runs of {', '.join(found)}." if found else "Build it with `dvc repro`."
            raise PoetError(f"MLflow has no finished run of {collection!r}. {known}")
        found = {collection: found[collection]}
    if as_json:
        content = {name: [run_as_json(run) for run in ranked(listed)] for name, listed in found.items()}
        click.echo(printable_json(content, indent=2))
        return
    if not found:
        raise PoetError("MLflow has no finished run yet. Build a collection with `dvc repro`.")
    for name, listed in found.items():
        click.echo(printable("\n".join([name, *tables(listed)])))


@runs.command(epilog="Example: poet runs diff calm-owl 3f2a")
@click.argument("one")
@click.argument("other")
@AS_JSON
def diff(one: str, other: str, as_json: bool) -> None:
    """Show in what the runs ONE and OTHER differ: text, commit, parameters and metrics."""
    from poet.tracking.compare import aligned, difference, find_run

    found = _all_runs()
    first, second = find_run(found, one)[1], find_run(found, other)[1]
    rows = difference(first, second)
    if as_json:
        click.echo(printable_json({key: [left, right] for key, left, right in rows}, indent=2))
        return
    heads = [f"{run.name} {run.model_sha256[:8]}" for run in (first, second)]
    click.echo(printable("\n".join(aligned([["", *heads], *rows]) if rows else ["They do not differ."])))


@runs.command(epilog="Example: poet runs reproduce 3f2a")
@click.argument("run")
def reproduce(run: str) -> None:
    """Print the commands that make RUN again; lines that begin with # say what is missing or in the way."""
    from poet.project import require_project
    from poet.tracking.compare import find_run
    from poet.tracking.reproduce import reproduction

    collection, found = find_run(_all_runs(), run)
    click.echo(printable("\n".join(reproduction(found, collection, require_project()))))


def _all_runs() -> dict[str, Any]:
    """The finished runs of each collection; PoetError says in one line why MLflow does not list them."""
    from poet.errors import PoetError
    from poet.project import require_project
    from poet.tracking.address import tracking_uri
    from poet.tracking.faults import explain
    from poet.tracking.finished_runs import read_runs

    root = require_project()
    try:
        return read_runs(root)
    except Exception as error:  # whatever MLflow raises, with the cure in one line
        raise PoetError(f"MLflow at {tracking_uri(root)} does not list its runs: {explain(error, root).text}") from None
