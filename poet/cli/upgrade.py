"""`poet upgrade`: a project after another version of the package was installed."""

from typing import TYPE_CHECKING

import click

from poet.project import PIPELINE
from poet.terminal import printable

if TYPE_CHECKING:
    from poet.projects.upgrade import Upgrade


@click.command(epilog="Example: poet upgrade")
@click.option("--replace", is_flag=True, help="Also replace an edited dvc.yaml or constraints.txt, or a damaged lock.")
def upgrade(replace: bool) -> None:
    """Let a project that `poet init` made use the version that is installed now, and say what will run again.

    It rewrites dvc.yaml, constraints.txt, the other files of `poet init` that nobody has edited, and poet.lock.json;
    commit them. params.yaml and README.md stay as they are.
    """
    from poet.project import require_project
    from poet.projects.upgrade import require_fitting_recipe, upgrade_project

    root = require_project()
    done = upgrade_project(root, replace=replace)
    if done.is_new:
        _tell(done)
    else:
        click.echo(printable(f"nothing to do: the project has the installed version {done.after}"))
    # What will run is said before, for the project is upgraded also where the recipe has to follow.
    require_fitting_recipe(root)


def _tell(done: "Upgrade") -> None:
    click.echo(printable(f"the project has version {done.after} now, it had {done.before or 'one that no lock says'}"))
    if done.stages:
        names = ", ".join(done.stages)
        click.echo(printable(f"the code of these stages has changed, `dvc repro` runs them again: {names}"))
        click.echo("what depends on their results runs again if these change; `dvc repro --dry` lists all that may run")
    else:
        click.echo("the code of no stage has changed")
    if done.written:
        click.echo(printable(f"written anew: {', '.join(done.written)}"))
    if PIPELINE in done.written:
        click.echo(
            printable(f"where a stage in {PIPELINE} has another command or other dependencies, it runs again, too")
        )
    if done.kept:
        click.echo(printable(f"edited, so kept, but this version has others: {', '.join(done.kept)}"))
