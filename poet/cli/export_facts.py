"""What the project knows of a model, for its card: its books, its figures, the settings of its training."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from poet.cli.folders import CLEAN, REPORTS, TOKENS
from poet.project import in_project

if TYPE_CHECKING:
    from poet.export.card import CardFacts
    from poet.export.card_figures import Measured
    from poet.params.sections import Params

# DVC's record of what was run, with which settings.
LOCK = Path("dvc.lock")

# The stages whose settings shape a model.
SHAPING = ("clean", "tokenize", "train")


def card_facts(settings: "Params", name: str, model: Path) -> "CardFacts":
    """The facts about the model in the folder `model`, which learned from the collection `name`.

    Books, figures and settings are left out where they are not there, or belong to another model. ModelError where
    `model` is no model's folder, DataError where a result is damaged.
    """
    from poet.books.manifest import MANIFEST, CleanBook, read_manifest
    from poet.export.card import CardFacts
    from poet.files import sha256
    from poet.model.description import read_description
    from poet.project import project_root
    from poet.results.model_folder import TOKENIZER, WEIGHTS
    from poet.tokenizers.kinds import kind_of
    from poet.tokenizers.tokenizer import load_tokenizer
    from poet.tracking.run import commit

    description, digest = read_description(model), sha256(model / WEIGHTS)
    measured = _measured(name, digest)
    manifest = in_project(CLEAN / name / MANIFEST)
    # The tokens say it for sure; without them, the report is of this model and so are the books.
    text = _trained_on(name)
    is_its_text = text == description.data_sha256 if text else measured is not None
    return CardFacts(
        collection=name,
        title=settings.collection(name).title,
        description=description,
        weights_sha256=digest,
        tokenizer_kind=kind_of(load_tokenizer(model / TOKENIZER)),
        books=read_manifest(manifest, CleanBook) if is_its_text and manifest.is_file() else [],
        held_out_books=settings.split.held_out_books,
        measured=measured,
        settings=_recorded_settings(name) if measured else {},
        commit=commit(project_root()),
    )


def _measured(name: str, model_sha256: str) -> "Measured | None":
    """The results of the collection `name`, if they are those of the model with this hash; None if not."""
    from poet.export.card_figures import Measured
    from poet.report.summary import read_summary
    from poet.results.copying import read_copying
    from poet.results.evaluation import read_evaluation, read_training

    # Of all results, only the summary says of which model they are.
    summary, folder = in_project(REPORTS / "summaries" / f"{name}.json"), in_project(REPORTS / name)
    if not summary.is_file() or read_summary(summary).model_sha256 != model_sha256:
        return None
    return Measured(
        training=read_training(folder / "train.json"),
        evaluation=read_evaluation(folder / "evaluation.json"),
        copying=read_copying(folder / "copying.json"),
    )


def _trained_on(name: str) -> str:
    """The hash of the training tokens of the collection `name`; "" if they are not here."""
    from poet.files import read_json

    meta = in_project(TOKENS / name / "meta.json")
    return str(read_json(meta)["splits"]["train"]["sha256"]) if meta.is_file() else ""


def _recorded_settings(name: str) -> dict[str, Any]:
    """The settings by dotted key with which DVC ran the stages that shape the model; empty without its record."""
    from poet.params.dotted import flatten
    from poet.params.yaml_reader import read_yaml

    lock = in_project(LOCK)
    stages = read_yaml(lock).get("stages", {}) if lock.is_file() else {}
    found: dict[str, Any] = {}
    for stage in SHAPING:
        sections = stages.get(f"{stage}@{name}", {}).get("params", {}).get("params.yaml", {})
        # The sources of a private collection can name what nobody is to know; the card lists its books.
        chosen = {key: value for key, value in sections.items() if isinstance(value, dict) and "." not in key}
        found |= flatten(**chosen)
    return found
