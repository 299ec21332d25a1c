"""`poet <command>`: one module per command, each importing what is heavy only when it runs."""

from typing import Any

import click

from poet.cli.attribute import attribute
from poet.cli.benchmark import benchmark
from poet.cli.check import check
from poet.cli.clean_text import clean_text
from poet.cli.collection import collection
from poet.cli.doctor import doctor
from poet.cli.estimate import estimate
from poet.cli.export import export
from poet.cli.generate import generate
from poet.cli.import_model import import_model
from poet.cli.init import init
from poet.cli.promote import promote
from poet.cli.publish import publish
from poet.cli.register import register
from poet.cli.remote import remote
from poet.cli.runs import runs
from poet.cli.search import search
from poet.cli.serve import serve
from poet.cli.sweep import sweep
from poet.cli.tokenizers import tokenizers
from poet.cli.tokens import tokens
from poet.cli.ui import ui
from poet.cli.upgrade import upgrade
from poet.cli.write import write
from poet.terminal import print_what_the_encoding_lacks_as_question_marks

# What `poet --help` says of each command, in the order in which a person uses them. A line of 80 columns has room for
# 55 characters; `poet COMMAND --help` has the rest.
SECTIONS = {
    "Books": {
        "search": "Find books in Gutenberg's catalog.",
        "collection": "Add, show and remove collections of books.",
        "check": "Find what is wrong with params.yaml, before a build.",
        "clean-text": "Clean files by the rules of params.yaml.",
    },
    "Model": {
        "tokenizers": "Compare all kinds of tokenizer on a collection.",
        "tokens": "Show how a text is cut into tokens.",
        "doctor": "Check that a device computes right.",
        "benchmark": "Time this machine, and compare machines.",
        "estimate": "Tell time, memory and disk of a training beforehand.",
        "generate": "Let a trained model continue a text.",
        "write": "Write with a model, and see its sources.",
        "serve": "Serve models to people and to programs.",
        "export": "Write a trained model in a form that others can open.",
        "import": "Bring an exported model back.",
    },
    "Copying": {
        "attribute": "Find the passages of a text that are in the books.",
    },
    "Project": {
        "init": "Start a project in a new folder.",
        "upgrade": "Let a project use the version that is installed.",
        "ui": "Show all training runs in the browser.",
        "runs": "Compare the runs of a collection.",
        "sweep": "Try a grid of settings, and compare the results.",
        "publish": "Send MLflow the records that it lacks.",
        "remote": "Check the store that a team shares, and fill it.",
        "register": "Put a trained model where it can be served.",
        "promote": "Make a model the champion, if it is no worse.",
    },
}


class _Poet(click.Group):
    """The group of all commands, on any terminal."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command that the arguments name; also --help prints only what the terminal's encoding has."""
        print_what_the_encoding_lacks_as_question_marks()
        return super().main(*args, **kwargs)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in their sections, all descriptions in one column."""
        width = max(len(name) for lines in SECTIONS.values() for name in lines)
        for section, lines in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name.ljust(width), line) for name, line in lines.items() if name in self.commands])


@click.group(cls=_Poet, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="torch-transformer-poet")
def main() -> None:
    """Train a small transformer on any shelf of books, and see what it learned and what it copied.

    The pipeline itself is run by DVC: `dvc repro`.
    """


COMMANDS = (
    *(attribute, benchmark, check, clean_text, collection, doctor, estimate, export, generate, import_model, init),
    *(promote, publish, register, remote, runs, search, serve, sweep, tokenizers, tokens, ui, upgrade, write),
)
for command in COMMANDS:
    main.add_command(command)
