"""`python -m poet.projects.stage NAME OPTIONS`: run a stage in a project whose code is not among its files.

It does what `python -m stages.NAME OPTIONS` does in the repository. First it compares the installed code with the
project's: DVC sees only the hash in the lock file.
"""

import runpy
import sys
from pathlib import Path

import click

from poet.installation import stage_module
from poet.projects.lock import require_same_code


@click.command(
    # Also --help is the stage's.
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("name")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def main(name: str, options: tuple[str, ...]) -> None:
    """Run the stage NAME with OPTIONS in the current folder."""
    require_same_code(Path(), name)
    sys.argv[1:] = options
    # As the main module under its own name: a stage may start itself again, once per process.
    runpy.run_module(stage_module(name), run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
