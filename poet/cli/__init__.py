"""`poet <command>`: one module per command, each importing what is heavy only when it runs."""

import click

from poet.cli.check import check
from poet.cli.publish import publish
from poet.cli.ui import ui


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="torch-transformer-poet")
def main() -> None:
    """Train a small transformer on any shelf of books, and see what it learned and what it copied.

    The pipeline itself is run by DVC: `dvc repro`.
    """


main.add_command(check)
main.add_command(publish)
main.add_command(ui)
