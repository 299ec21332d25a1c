"""The models that the options of `poet serve` and `poet write` name: a collection's, a folder, one of the registry."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poet.cli.folders import CLEAN, INDEX, MODELS, REPORTS
from poet.cli.options import built, chosen_collection, complete_collections
from poet.errors import PoetError
from poet.project import in_project, require_project

if TYPE_CHECKING:
    from poet.books.manifest import CleanBook
    from poet.params.sections import Params
    from poet.serve.web.offer import Offered

# How an address of MLflow's registry begins.
REGISTERED = "models:/"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the options name, as they were typed; nothing at all means the first collection in `build`."""

    collections: Sequence[str]
    models: Sequence[str]
    index: Path | None
    params: Path


@dataclass(frozen=True, kw_only=True)
class Found:
    """Where a model is and what it is called. Without a `collection`, no book has a title."""

    name: str
    title: str
    collection: str
    model: Path
    index: Path | None
    # None: by the language of the books.
    min_length: int | None
    bits_per_character: float | None = None


def poet_options(*, several: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --collection, --model and --index, which may name `several` models or one."""
    also = " May be given several times." if several else ""
    options = (
        click.option(
            "--collection",
            "collections",
            multiple=True,
            help=f"A collection that is built; by default the first in `build`.{also}",
            shell_complete=complete_collections,
        ),
        click.option(
            "--model",
            "models",
            multiple=True,
            help=f"A model's folder, or one of MLflow's registry, as models:/shakespeare@champion.{also}",
        ),
        click.option(
            "--index",
            type=click.Path(path_type=Path),
            help="The index folder of the models that --model names by folder.",
        ),
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@contextlib.contextmanager
def found_poets(wanted: Wanted) -> Iterator[list[Found]]:
    """Where the wanted models are. What is fetched for that is there while the block runs.

    PoetError where one is missing, with the command that makes it.
    """
    import tempfile

    with tempfile.TemporaryDirectory(prefix="poet-") as temporary:
        found = []
        if wanted.collections or not wanted.models:
            from poet.params.file import load_params

            settings = load_params(wanted.params)
            for name in wanted.collections or [""]:
                found.append(_of_collection(settings, chosen_collection(settings, name or None)))
        for number, model in enumerate(wanted.models):
            if model.startswith(REGISTERED):
                found.append(_of_registry(model, Path(temporary) / str(number)))
            else:
                found.append(_of_folder(Path(model), wanted.index))
        yield _with_different_names(found)


def _of_collection(settings: "Params", name: str) -> Found:
    return Found(
        name=name,
        title=settings.collection(name).title,
        collection=name,
        model=built(settings, name, MODELS),
        index=built(settings, name, INDEX),
        min_length=settings.attribute.min_length,
        bits_per_character=_bits(in_project(REPORTS / name / "evaluation.json")),
    )


def _of_folder(model: Path, index: Path | None) -> Found:
    # The index of a collection has its name, by which its books are found.
    name = model.absolute().name
    return Found(
        name=name,
        title=name,
        collection=index.absolute().name if index else "",
        model=model,
        index=index,
        min_length=None,
    )


def _of_registry(uri: str, folder: Path) -> Found:
    from poet.tracking.registry import fetch

    folder.mkdir()
    fetched = fetch(require_project(), uri, folder)
    name = uri.removeprefix(REGISTERED)
    return Found(
        name=name,
        title=name,
        collection=name.partition("@")[0].partition("/")[0],
        model=fetched.model,
        index=fetched.index,
        min_length=fetched.min_length,
    )


def _bits(path: Path) -> float | None:
    """The bits per character in an evaluation; None where nobody has evaluated the model."""
    from poet.files import read_json_as
    from poet.results.evaluation import Evaluation

    if not path.is_file():
        return None
    with contextlib.suppress(PoetError):
        return read_json_as(path, Evaluation).bits_per_character
    return None


def _with_different_names(found: Sequence[Found]) -> list[Found]:
    """`found` with a number behind each name that occurs again."""
    import dataclasses

    names: set[str] = set()
    different = []
    for one in found:
        name, number = one.name, 1
        while name in names:
            number += 1
            name = f"{one.name}-{number}"
        names.add(name)
        title = one.title if name == one.name else f"{one.title} ({number})"
        different.append(dataclasses.replace(one, name=name, title=title))
    return different


def open_offer(found: Found, *, places: int, waiting: int) -> "Offered":
    """The model with an engine that writes with it; ModelError or DataError where it is damaged."""
    from poet.attribution.index import open_index
    from poet.attribution.least_length import BEGINNING, least_length
    from poet.report.languages import shared_language
    from poet.serve.answers import open_poet
    from poet.serve.engine import Engine
    from poet.serve.web.offer import Book, Offered

    length = found.min_length
    if length is None:
        length = least_length(open_index(found.index).beginnings(BEGINNING)) if found.index else 0
    poet, rows = open_poet(found.model, found.index, length), _rows(found.collection)
    return Offered(
        name=found.name,
        title=found.title,
        collection=found.collection,
        poet=poet,
        engine=Engine(poet, places=places, waiting=waiting),
        books=[Book(id=row.id, title=row.title, author=row.author) for row in rows],
        language=shared_language(row.language for row in rows),
        bits_per_character=found.bits_per_character,
    )


def _rows(collection: str) -> "list[CleanBook]":
    """The rows of a collection's manifest; none where it is not here."""
    from poet.books.manifest import MANIFEST, CleanBook, read_manifest

    path = in_project(CLEAN / collection / MANIFEST)
    return read_manifest(path, CleanBook) if collection and path.is_file() else []
