"""`poet remote`: does the store work that a team shares?"""

import click


@click.group(epilog="Example: poet remote check")
def remote() -> None:
    """Try the remote that a team shares."""


@remote.command(epilog="Example: poet remote check team")
@click.argument("name", required=False)
def check(name: str | None) -> None:
    """Put one object into the remote NAME, read, list and delete it; or say why that fails, and what to do.

    Without NAME, the default remote is tried. The rights to read and list are enough to fetch; the check then says that
    it cannot put an object.
    """
    from poet.project import require_project
    from poet.remote.check import check_remote
    from poet.terminal import printable

    click.echo(printable(check_remote(require_project(), name)))
