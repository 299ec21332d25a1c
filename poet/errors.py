"""One tree of errors for everything a user can put right.

PoetError
├── ConfigError      params.yaml holds something that cannot be meant
├── SourceError      a book cannot be found, fetched or read at its source
├── CleaningError    a text would lose too much, or keep what must go
├── DataError        a file between the stages is damaged or does not fit its neighbours
├── ModelError       a model folder is incomplete or does not fit
├── TrainingError    the training itself failed
├── RemoteError      a store that a team shares cannot be reached or used
└── Interrupted      stopped on request; the work so far is saved

Stages and commands let these rise: click prints the message alone and exits with `exit_code`. A message says what was
wrong, where, what was expected, and what to do next. Our own bugs stay plain exceptions with their traceback.
"""

from pathlib import Path

import click

from poet.addresses import hide_credentials
from poet.terminal import printable


class PoetError(click.ClickException):
    """Base of all errors that a user can cause or mend."""

    def format_message(self) -> str:
        """The message as it is shown and stored: without passwords, and with nothing that a terminal would obey.

        Messages quote file names, titles, addresses and what servers say.
        """
        return printable(hide_credentials(self.message))


class ConfigError(PoetError):
    """params.yaml is wrong; the message lists every problem in it."""


class SourceError(PoetError):
    """A source cannot deliver a book."""


class CleaningError(PoetError):
    """Cleaning a book went wrong: undecodable, or more was lost than a licence explains."""


class DataError(PoetError):
    """A data file is missing, damaged, or contradicts another."""


class ModelError(PoetError):
    """A model folder is missing, damaged, or contradicts itself."""


class TrainingError(PoetError):
    """Training cannot go on."""


class RemoteError(PoetError):
    """A remote of DVC cannot be reached, or does not let this user do what is needed."""


class Interrupted(PoetError):
    """Stopped by a signal after the state was saved; 130 is what a shell expects after Ctrl-C."""

    exit_code = 130


def rebuild(path: Path) -> str:
    """What to do about a damaged file or folder that a stage has written, as the end of a message.

    To remove it and run `dvc repro` is not enough: DVC takes the file from its cache, and it neither looks at what is
    in there nor replaces it, not even with --force. Where the cache is linked into the workspace, or the disk is bad,
    the same damage comes back. DVC checks an object of its cache again, and drops a damaged one, if the object may be
    written to and its time is not the one that DVC remembers.
    """
    return (
        f"Remove {path} and run `dvc repro`. If the same damage comes back, it is in DVC's cache too. Let DVC check "
        'its cache first:\n  find "$(dvc cache dir)" -type f -exec touch {} + -exec chmod u+w {} +\n'
        f"Then remove {path} again and run `dvc repro`, or `dvc pull` where a remote has it."
    )
