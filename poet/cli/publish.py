"""`poet publish`: send MLflow what could not be sent while the pipeline ran."""

import click

from poet.errors import PoetError
from poet.project import require_project, state_folder
from poet.tracking.address import tracking_uri
from poet.tracking.publishing import publish_all
from poet.tracking.spool import SPOOL


@click.command(epilog="Example: MLFLOW_TRACKING_URI=http://mlflow.lab:5000 poet publish")
def publish() -> None:
    """Send every record that this MLflow has not confirmed, also what went to another one; twice does no harm."""
    root = require_project()
    executions, failed, _ = publish_all(root, from_elsewhere=True)
    if failed:
        raise PoetError(
            f"{failed} of {executions} executions could not be sent to {tracking_uri(root)}. They stay in "
            f"{state_folder(root, SPOOL)}; start the server, or set MLFLOW_TRACKING_URI, and try again."
        )
    click.echo(f"{executions} executions are in {tracking_uri(root)}")
