"""`poet publish`: send MLflow what could not be sent while the pipeline ran."""

import click

from poet.errors import PoetError
from poet.project import project_root
from poet.tracking.mlflow_store import tracking_uri
from poet.tracking.spool import publish_all


@click.command(epilog="Example: MLFLOW_TRACKING_URI=http://mlflow.lab:5000 poet publish")
def publish() -> None:
    """Send every record that MLflow has not confirmed yet; running it twice does no harm."""
    root = project_root()
    executions, failed = publish_all(root)
    if failed:
        raise PoetError(
            f"{failed} of {executions} executions could not be sent to {tracking_uri(root)}; they stay in .poet/spool"
        )
    click.echo(f"{executions} executions are in {tracking_uri(root)}")
