"""`poet remote`: does the store work that a team shares, and does it get all that a colleague needs?"""

import click

NAME = click.argument("name", required=False)


@click.group(epilog="Example: poet remote check")
def remote() -> None:
    """Check the remote that a team shares, and push to it what `dvc push` leaves behind."""


@remote.command(short_help="Say whether the remote works, or why not.", epilog="Example: poet remote check team")
@NAME
@click.option("--read", "only_read", is_flag=True, help="Only look into it: enough for those who fetch.")
def check(name: str | None, only_read: bool) -> None:
    """Put one object into the remote NAME, read, list and delete it; or say why that fails, and what to do.

    Without NAME, the default remote is checked.
    """
    from poet.project import require_project
    from poet.remote.check import check_remote
    from poet.terminal import printable

    click.echo(printable(check_remote(require_project(), name, only_read=only_read)))


@remote.command(short_help="Push the results of all finished stages.", epilog="Example: poet remote share")
@NAME
def share(name: str | None) -> None:
    """Push the results of all stages that ever finished here to the remote NAME, also those of past experiments.

    `make share` runs this before `dvc push --run-cache`, which pushes which stages finished, but not all their results.
    Without NAME, the default remote is used.
    """
    from poet.project import require_project
    from poet.remote.results import share_results
    from poet.terminal import printable

    click.echo(printable(f"{share_results(require_project(), name)} results of finished stages pushed"))
