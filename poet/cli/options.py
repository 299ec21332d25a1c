"""Options that several commands share, and what they mean: the project, the collection, its results."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from poet.errors import DataError, PoetError
from poet.project import in_project

if TYPE_CHECKING:
    from poet.params.sections import Params

# Passes the file as `params`. By default, it is that of the project whose folder is, or holds, the current one.
PARAMS = click.option(
    "--params",
    type=click.Path(path_type=Path),
    default=lambda: in_project(Path("params.yaml")),
    show_default="params.yaml",
    help="The project's settings.",
)


def complete_collections(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names in params.yaml that begin with `incomplete`, for a shell; none where the file cannot be read."""
    # A key is pressed and a person waits: the file is read without all that checks it.
    from poet.params.yaml_reader import read_yaml

    try:
        content = read_yaml(context.params.get("params") or in_project(Path("params.yaml")))
    except PoetError:
        return []
    collections = content.get("collections")
    known = collections if isinstance(collections, dict) else {}
    return [CompletionItem(name) for name in map(str, known) if name.startswith(incomplete)]


# Passes the collection as `name`: a str, or None where none was given.
COLLECTION = click.option(
    "--collection",
    "name",
    help="A collection that is built; by default the first in `build`.",
    shell_complete=complete_collections,
)


def chosen_collection(settings: "Params", name: str | None) -> str:
    """The collection called `name`, or the first in `build` for None; ConfigError when params.yaml does not know it."""
    name = name or settings.build[0]
    settings.collection(name)
    return name


def built(settings: "Params", name: str, folder: Path, file: str = "") -> Path:
    """The part of `folder` that belongs to the collection `name`: its sub-folder there, or `file` in it.

    DataError with the command that makes it, if it is missing. So a command says that before it loads torch.
    """
    path = in_project(folder / name / file)
    if path.exists():
        return path
    command = "dvc repro" if name in settings.build else f"dvc exp run -S 'build=[{name}]'"
    raise DataError(f"{path} does not exist: {name} is not built. Build it with:\n  {command}")


def new_folder(path: Path) -> None:
    """PoetError if something stands at `path`, where a command is to write a folder: no folder is ever replaced."""
    # A folder is written beside its place and then moved there, which no program can do with the folder that it is in.
    if path.resolve() == Path().resolve() or path.name == "..":
        raise PoetError(f"{path} is no name of a new folder. Name one with --out; this folder may hold it.")
    # An empty folder loses nothing; people make one first.
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise PoetError(f"{path} exists already. Remove it, or name another folder with --out.")


def unicode_text(context: click.Context, parameter: click.Parameter, text: str) -> str:
    """`text` as it was typed; click.BadParameter where the terminal sent bytes that are no UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise click.BadParameter(f"it is not UTF-8 (character {error.start})", context, parameter) from None
    return text


def escaped_text(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    r"""The same with `\n`, `\t` and `\\` as a line end, a tab and a backslash; click.BadParameter where it is empty.

    >>> escaped_text(None, None, r"one\ntwo \\n")
    'one\ntwo \\n'
    """
    if text is None:
        return None
    if not text:
        raise click.BadParameter("it is empty; name the words before which a text ends", context, parameter)
    signs = {"n": "\n", "t": "\t", "\\": "\\"}
    return re.sub(r"\\([nt\\])", lambda match: signs[match[1]], unicode_text(context, parameter, text))
