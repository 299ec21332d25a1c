"""What the project knows of a model, for its card: its books, its figures, the settings of its training."""

from collections.abc import Sequence
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any

from poet.cli.folders import CLEAN, MODELS, REPORTS, TOKENS
from poet.project import in_project

if TYPE_CHECKING:
    from poet.books.manifest import CleanBook
    from poet.export.card import CardFacts
    from poet.export.card_figures import Measured
    from poet.params.sections import Params


def card_facts(settings: "Params", name: str, model: Path) -> "CardFacts":
    """The facts about the model in the folder `model`, which learned from the collection `name`.

    Books, figures and settings are left out where they are not there, or belong to another model; the title then is the
    name of the folder. ModelError where `model` is no model's folder, DataError where a result is damaged.
    """
    from poet.books.manifest import MANIFEST, CleanBook, read_manifest
    from poet.cli.export_record import recorded_settings
    from poet.export.card import CardFacts
    from poet.files import sha256
    from poet.model.description import read_description
    from poet.results.model_folder import TOKENIZER, WEIGHTS
    from poet.tokenizers.kinds import kind_of
    from poet.tokenizers.tokenizer import load_tokenizer

    description, digest = read_description(model), sha256(model / WEIGHTS)
    measured, manifest = _measured(name, digest), in_project(CLEAN / name / MANIFEST)
    learned = learned_from(name, description.data_sha256)
    # The tokens say it for sure; without them, the report is of this model and so are the books.
    is_its_text = measured is not None if learned is None else learned
    books = read_manifest(manifest, CleanBook) if is_its_text and manifest.is_file() else []
    recorded = recorded_settings(name, model)
    held_out = recorded.get("split", {}).get("held_out_books", settings.split.held_out_books)
    return CardFacts(
        collection=name,
        title=settings.collection(name).title if is_its_text or _is_own(name, model) else model.resolve().name,
        description=description,
        weights_sha256=digest,
        tokenizer_kind=kind_of(load_tokenizer(model / TOKENIZER)),
        books=books,
        held_out_books=_of_these(held_out, books),
        measured=measured,
        settings=_for_others(recorded, measured, books),
        commit=_commit(),
    )


def learned_from(name: str, data_sha256: str) -> bool | None:
    """Whether the tokens of the collection `name` are those with the hash `data_sha256`, from which a model learned.

    None where one of the two is not known: the tokens are not here, or the model was trained on elsewhere. DataError
    when the tokens are damaged.
    """
    from poet.tokens.token_files import META, TRAIN, read_meta

    folder = in_project(TOKENS / name)
    about = read_meta(folder)["splits"][TRAIN] if (folder / META).is_file() else None
    known = str(about.get("sha256", "")) if isinstance(about, dict) else ""
    return known == data_sha256 if known and data_sha256 else None


def is_measured(name: str, model_sha256: str) -> bool:
    """Whether the results of the collection `name` are those of the model with this hash of its weights."""
    from poet.report.summary import read_summary

    # Of all results, only the summary says of which model they are.
    summary = in_project(REPORTS / "summaries" / f"{name}.json")
    return summary.is_file() and read_summary(summary).model_sha256 == model_sha256


def _measured(name: str, model_sha256: str) -> "Measured | None":
    """The results of the collection `name`, if they are those of the model with this hash; None if not."""
    from poet.export.card_figures import Measured
    from poet.results.copying import read_copying
    from poet.results.evaluation import read_evaluation, read_training

    if not is_measured(name, model_sha256):
        return None
    folder = in_project(REPORTS / name)
    return Measured(
        training=read_training(folder / "train.json"),
        evaluation=read_evaluation(folder / "evaluation.json"),
        copying=read_copying(folder / "copying.json"),
    )


def _is_own(name: str, model: Path) -> bool:
    return model.resolve() == in_project(MODELS / name).resolve()


def _of_these(ids: Any, books: Sequence["CleanBook"]) -> list[str]:
    """Those of `ids` that are of `books`: the setting names books of all collections, also of private ones."""
    known = {book.id for book in books}
    return [one for one in ids if one in known] if isinstance(ids, list) else []


def _for_others(
    recorded: dict[str, dict[str, Any]], measured: "Measured | None", books: Sequence["CleanBook"]
) -> dict[str, dict[str, Any]]:
    """The settings `recorded` without what nobody is to know, and with what `train.minutes` picked."""
    settings = {section: dict(values) for section, values in recorded.items()}
    split, train = settings.get("split", {}), settings.get("train", {})
    if "held_out_books" in split:
        split["held_out_books"] = _of_these(split["held_out_books"], books)
    # It changes no weight, and may be a line of a book that is private.
    train.pop("sample_prompt", None)
    if "init_from" in train:
        train["init_from"] = _without_folders(str(train["init_from"]))
    # The same minutes pick other steps on another machine.
    if measured and measured.training.picked:
        train["minutes"] = None
        for key, value in measured.training.picked.items():
            section, _, last = key.partition(".")
            # The results have every number as a fraction, and params.yaml counts in whole ones.
            settings.setdefault(section, {})[last] = int(value) if value.is_integer() else value
    return settings


def _without_folders(path: str) -> str:
    """The name of a model's folder; where it lies can name a person. NO_MODEL stays as it is.

    >>> _without_folders("/home/me/models/plays"), _without_folders("models/none/")
    ('plays', 'models/none')
    """
    from poet.params.values import NO_MODEL

    return NO_MODEL if Path(path) == Path(NO_MODEL) else PureWindowsPath(path).name


def _commit() -> str:
    """The commit of the code that runs; "" where it is installed, or its folder is no git repository."""
    from poet.installation import CODE_ROOT
    from poet.tracking.run import commit

    # Below site-packages, git would find the repository of whoever installed it there.
    return commit(CODE_ROOT) if (CODE_ROOT / ".git").exists() else ""
