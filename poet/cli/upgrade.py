"""`poet upgrade`: a project after another version of the package was installed."""

import click

from poet.terminal import printable


@click.command(epilog="Example: poet upgrade")
@click.option("--replace", is_flag=True, help="Also replace a dvc.yaml that was edited.")
def upgrade(replace: bool) -> None:
    """Let a project that `poet init` made use the version that is installed now, and say what will run again.

    It rewrites dvc.yaml, constraints.txt and poet.lock.json; commit them. params.yaml stays as it is.
    """
    from poet.project import require_project
    from poet.projects.upgrade import upgrade_project

    done = upgrade_project(require_project(), replace=replace)
    if not done.is_new:
        click.echo(printable(f"nothing to do: the project has the installed version {done.after}"))
        return
    click.echo(printable(f"the project has version {done.after} now, it had {done.before}"))
    if done.stages:
        names = ", ".join(done.stages)
        click.echo(printable(f"the code of these stages has changed, `dvc repro` runs them again: {names}"))
        click.echo("what depends on their results runs again if these change; `dvc repro --dry` lists all that may run")
    else:
        click.echo("the code of no stage has changed")
