"""`poet export`: a trained model in another form, for people who have nothing of this project."""

import dataclasses
from pathlib import Path

import click

from poet.cli.folders import CLEAN, MODELS, REPORTS
from poet.cli.options import COLLECTION, PARAMS, built, chosen_collection
from poet.params.page import Precision


@click.command(epilog="Example: poet export --collection shakespeare --precision float32 --out shakespeare.html")
@COLLECTION
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "lesson"]),
    default="html",
    show_default=True,
    help="html: one page that writes by itself in a browser, without a server. lesson: one that explains how it works.",
)
@click.option(
    "--precision",
    type=click.Choice(["int8", "float32"]),
    help="How exact the weights are; by default as page.precision says. float32 is four times as large.",
)
@click.option("--without-books", is_flag=True, help="Leave the training text out; the page then names no sources.")
@click.option("--model", "folder", type=click.Path(path_type=Path), help="A model's folder, not the collection's.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file; by default COLLECTION.html, or COLLECTION-lesson.html.",
)
@PARAMS
def export(
    name: str | None,
    form: str,
    precision: Precision | None,
    without_books: bool,
    folder: Path | None,
    out: Path | None,
    params: Path,
) -> None:
    """Write the model of a collection as a file that others can open.

    `dvc repro` makes such a page too, reports/COLLECTION/poet.html.
    """
    from poet.params.file import load_params

    settings = load_params(params)
    name = chosen_collection(settings, name)
    folder, clean = folder or built(settings, name, MODELS), built(settings, name, CLEAN)
    out = out or Path(f"{name}.html" if form == "html" else f"{name}-{form}.html")
    page = settings.page
    if precision:
        page = dataclasses.replace(page, precision=precision)
    if without_books:
        page = dataclasses.replace(page, max_bytes=0)

    # torch takes a second to import, so it is imported when the command runs and not for `poet --help`.
    from poet.books.split import split_books
    from poet.device.device import pick_device
    from poet.export.html import poet_page
    from poet.export.lesson import lesson_page
    from poet.files import write_text
    from poet.model.saving import load_model
    from poet.terminal import printable

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
    click.echo(printable(f"{out} ({out.stat().st_size / 1e6:.1f} MB): open it in a browser, it needs nothing else"))


def _measured(name: str, folder: Path) -> float | None:
    """The bits per character of the model in `folder`, if it is the one of the collection that was evaluated."""
    from poet.project import in_project
    from poet.results.evaluation import read_evaluation

    path = in_project(REPORTS / name / "evaluation.json")
    is_own = folder.resolve() == in_project(MODELS / name).resolve()
    return read_evaluation(path).bits_per_character if is_own and path.is_file() else None
