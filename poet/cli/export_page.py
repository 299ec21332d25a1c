"""`poet export --format html` and `lesson`: the page that writes by itself, and the one that explains how."""

import dataclasses
from pathlib import Path

import click

from poet.cli.export_facts import is_measured, learned_from
from poet.cli.folders import CLEAN, REPORTS
from poet.cli.options import built
from poet.errors import ModelError
from poet.params.page import Precision
from poet.params.sections import Params
from poet.project import in_project


def write_page(
    settings: Params, name: str, folder: Path, out: Path, form: str, precision: Precision | None, without_books: bool
) -> str:
    """Write a page of the collection `name` with the model in `folder` to `out`; what to say of it.

    ModelError where the model learned from another text: the page would name books that it never saw.
    """
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
    from poet.export.html import page_blocks, poet_page
    from poet.export.lesson import lesson_page
    from poet.files import write_text
    from poet.model.description import read_description
    from poet.model.saving import load_model

    trained = load_model(folder, pick_device("cpu"))
    if learned_from(name, read_description(folder).data_sha256) is False:
        raise ModelError(
            f"the model in {folder} did not learn from the tokens of {name} that are here, so a page with these books "
            "would be wrong. Name its own collection with --collection. If its books or its tokenizer have changed "
            "since, train it again, or export it as a folder (--format hf)."
        )
    title = settings.collection(name).title
    blocks = page_blocks(
        trained,
        split_books(clean, settings.split),
        page,
        collection=name,
        title=title,
        min_length=settings.attribute.min_length,
        bits_per_character=_bits_per_character(name, trained.sha256),
    )
    write_text(out, (poet_page if form == "html" else lesson_page)(title, blocks))
    return f"{out} ({out.stat().st_size / 1e6:.1f} MB): open it in a browser, it needs nothing else"


def _bits_per_character(name: str, model_sha256: str) -> float | None:
    """What the evaluation measured, if it was of this model; None if not."""
    from poet.results.evaluation import read_evaluation

    path = in_project(REPORTS / name / "evaluation.json")
    return read_evaluation(path).bits_per_character if is_measured(name, model_sha256) and path.is_file() else None
