"""`poet ui`: the MLflow web page over this project's runs."""

import subprocess
import sys

import click

from poet.project import project_root
from poet.tracking.mlflow_store import tracking_uri


@click.command(epilog="Example: poet ui --port 5001")
@click.option("--port", default=5000, show_default=True, help="Port on this machine.")
def ui(port: int) -> None:
    """Show all training runs in the browser: parameters, curves, samples, reports."""
    uri = tracking_uri(project_root())
    if uri.startswith("http"):
        click.echo(f"The runs are at {uri}")
        return
    click.echo(f"Open http://127.0.0.1:{port} ; Ctrl-C ends.")
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "ui",
        "--backend-store-uri",
        uri,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    raise SystemExit(subprocess.run(command, check=False).returncode)
