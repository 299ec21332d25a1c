"""`poet export --format html` and `lesson`: the page that writes by itself, and the one that explains how."""

import dataclasses
from pathlib import Path

import click

from poet.cli.folders import CLEAN, MODELS, REPORTS
from poet.cli.options import built
from poet.params.page import Precision
from poet.params.sections import Params


def write_page(
    settings: Params, name: str, folder: Path, out: Path, form: str, precision: Precision | None, without_books: bool
) -> str:
    """Write a page of the collection `name` with the model in `folder` to `out`; what to say of it."""
    if out.is_dir():
        raise click.UsageError(f"--out {out} is a folder; name a file for the page")
    clean, page = built(settings, name, CLEAN), settings.page
    if precision:
        page = dataclasses.replace(page, precision=precision)
    if without_books:
        page = dataclasses.replace(page, max_bytes=0)

    # torch takes a second to import, so it is imported when all else is known to be there.
    from poet.books.split import split_books
    from poet.device.device import pick_device
    from poet.export.html import poet_page
    from poet.export.lesson import lesson_page
    from poet.files import write_text
    from poet.model.saving import load_model

    content = (poet_page if form == "html" else lesson_page)(
        load_model(folder, pick_device("cpu")),
        split_books(clean, settings.split),
        page,
        collection=name,
        title=settings.collection(name).title,
        min_length=settings.attribute.min_length,
        bits_per_character=_measured(name, folder),
    )
    write_text(out, content)
    return f"{out} ({out.stat().st_size / 1e6:.1f} MB): open it in a browser, it needs nothing else"


def _measured(name: str, folder: Path) -> float | None:
    """The bits per character of the model in `folder`, if it is the one of the collection that was evaluated."""
    from poet.project import in_project
    from poet.results.evaluation import read_evaluation

    path = in_project(REPORTS / name / "evaluation.json")
    is_own = folder.resolve() == in_project(MODELS / name).resolve()
    return read_evaluation(path).bits_per_character if is_own and path.is_file() else None
