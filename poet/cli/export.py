"""`poet export`: a trained model in another form, for people who have nothing of this project."""

from pathlib import Path

import click

from poet.cli.folders import MODELS
from poet.cli.options import COLLECTION, PARAMS, built, chosen_collection
from poet.params.page import Precision

# What each format is, in the order of `poet export --help`.
FORMATS = {
    "html": "one page that writes by itself in a browser, without a server",
    "lesson": "one page that explains how the model works, with figures that it computes",
    "hf": "a folder that the library transformers loads without code of ours",
    "onnx": "a folder for ONNX runtimes, with a key/value cache",
    "gguf": "a folder for llama.cpp; classic models alone",
}
PAGES = ("html", "lesson")


@click.command(epilog="Example: poet export --collection shakespeare --precision float32 --out shakespeare.html")
@COLLECTION
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="html",
    show_default=True,
    help="; ".join(f"{name}: {meaning}" for name, meaning in FORMATS.items()) + ".",
)
@click.option(
    "--precision",
    type=click.Choice(["int8", "float32"]),
    help="Pages: how exact the weights are; by default as page.precision says. float32 is four times as large.",
)
@click.option("--without-books", is_flag=True, help="Pages: no training text in it; it then names no sources.")
@click.option("--model", "folder", type=click.Path(path_type=Path), help="A model's folder, not the collection's.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="What to write; by default COLLECTION.html, COLLECTION-lesson.html, or a new folder COLLECTION-FORMAT.",
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
    """Write the model of a collection in a form that others can open.

    `dvc repro` makes the page too, reports/COLLECTION/poet.html. A folder gets a model card, README.md: books,
    licences, figures with their baselines, and how to make the model again.
    """
    from poet.params.file import load_params
    from poet.terminal import printable

    if form not in PAGES and (precision or without_books):
        raise click.UsageError(
            f"--precision and --without-books are for --format {' and '.join(PAGES)}; got --format {form}"
        )
    settings = load_params(params)
    name = chosen_collection(settings, name)
    folder = folder or built(settings, name, MODELS)
    if form in PAGES:
        from poet.cli.export_page import write_page

        out = out or Path(f"{name}.html" if form == "html" else f"{name}-{form}.html")
        said = write_page(settings, name, folder, out, form, precision, without_books)
    else:
        from poet.cli.export_folder import write_folder

        said = write_folder(settings, name, folder, out or Path(f"{name}-{form}"), form)
    click.echo(printable(said))
