"""One tree of errors for everything a user can put right.

PoetError
├── ConfigError      params.yaml holds something that cannot be meant
├── SourceError      a book cannot be found, fetched or read at its source
├── CleaningError    a text would lose too much, or keep what must go
├── DataError        a file between the stages is damaged or does not fit its neighbours
├── ModelError       a model folder is incomplete or does not fit
├── TrainingError    the training itself failed
└── Interrupted      stopped on request; the work so far is saved

Stages and commands let these rise: click prints the message alone and exits with `exit_code`. A message says what was
wrong, where, what was expected, and what to do next. Our own bugs stay plain exceptions with their traceback.
"""

import click


class PoetError(click.ClickException):
    """Base of all errors that a user can cause or mend."""


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


class Interrupted(PoetError):
    """Stopped by a signal after the state was saved; 130 is what a shell expects after Ctrl-C."""

    exit_code = 130
