"""Texts that show themselves in a notebook: what a model wrote, with the books in which its passages stand.

`samples` gives those of a finished build, `write` lets the model write on, `trace` looks any text up. Each takes the
name of a collection; without one, it is the first in `build`.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from poet.attribution.guard import open_guard
from poet.attribution.index import Index, open_index
from poet.attribution.least_length import BEGINNING, least_length
from poet.attribution.spans import attribute_text
from poet.books.manifest import MANIFEST, CleanBook, read_manifest
from poet.cli.folders import CLEAN, INDEX, MODELS, REPORTS
from poet.cli.options import built, chosen_collection
from poet.device.device import pick_device
from poet.files import read_text
from poet.generation.stream import stream_texts
from poet.model.saving import load_model
from poet.params.file import load_params
from poet.params.sampling import SamplingParams
from poet.params.sections import Params
from poet.project import in_project
from poet.report.passages import Shelf, ShownSample, show_sample, show_samples
from poet.report.render import render_part
from poet.results.attribution import read_attribution
from poet.results.samples import Sample, read_samples
from poet.terminal import printable
from poet.tokenizers.tokenizer import token_bytes

# The background of the first books that a text quotes, as red, green, blue; the others are grey. They are the hues of
# page.css, but translucent: notebooks are light or dark by settings of their own, and text has the colour of theirs.
HUES = ("31 95 158", "168 84 12", "33 122 60", "176 42 80", "106 63 176", "125 107 0", "15 116 119", "107 86 56")
GREY = "103 98 90"
OPACITY = 0.4


@dataclass(frozen=True, kw_only=True, repr=False)
class Text:
    """A text and its passages. A notebook shows it tinted, each tint with the number of its book; else it is its words.

    `min_length` is the least length of a passage, in characters.
    """

    shown: ShownSample
    min_length: int

    def __repr__(self) -> str:
        return printable(self.shown.sample.prompt + self.shown.sample.text)

    def _repr_html_(self) -> str:
        # The keys of a dict are unique and keep their order.
        books = dict.fromkeys(passage.place.book.number for passage in self.shown.passages)
        numbers = {book: number for number, book in enumerate(books, start=1)}
        hues = dict(zip(books, HUES, strict=False))
        tints = {book: f"rgb({hues.get(book, GREY)} / {OPACITY})" for book in books}
        return render_part(
            "notebook_text.html", shown=self.shown, numbers=numbers, tints=tints, min_length=self.min_length
        )


def samples(collection: str | None = None) -> list[Text]:
    """What the stage sample wrote for the collection, with the passages that the stage attribute found.

    DataError where the collection is not built.
    """
    settings, name = _settings(collection)
    written, found = (built(settings, name, REPORTS, file) for file in ("samples.jsonl", "attribution.jsonl"))
    length = _min_length(settings, open_index(built(settings, name, INDEX)))
    shown = show_samples(_shelf(settings, name), read_samples(written), read_attribution(found), settings.report)
    return [Text(shown=one, min_length=length) for one in shown]


def write(
    prompt: str,
    collection: str | None = None,
    *,
    tokens: int = 300,
    temperature: float = 0.8,
    seed: int = 1,
    max_copy: int = 0,
) -> Text:
    """The text with which the model of the collection continues `prompt`, as `poet generate` writes it.

    `max_copy` is the longest passage, in characters, that may be copied verbatim; 0: no limit. The same seed writes the
    same text again.

    DataError where the collection is not built.
    """
    settings, name = _settings(collection)
    trained = load_model(built(settings, name, MODELS), pick_device("cpu"))
    guard = open_guard(built(settings, name, INDEX), token_bytes(trained.tokenizer), max_copy)
    sampling = SamplingParams(temperature=temperature, seed=seed)
    (pieces,) = stream_texts(trained, prompt, [sampling], tokens, guard)
    return _traced(settings, name, _sample("".join(pieces), sampling, prompt, tokens, max_copy))


def trace(text: str, collection: str | None = None) -> Text:
    """Any text, with its passages that stand in the books of the collection.

    DataError where the collection is not built.
    """
    settings, name = _settings(collection)
    return _traced(settings, name, _sample(text, SamplingParams(temperature=1.0, seed=0)))


def _settings(collection: str | None) -> tuple[Params, str]:
    settings = load_params(in_project(Path("params.yaml")))
    return settings, chosen_collection(settings, collection)


def _min_length(settings: Params, index: Index) -> int:
    return settings.attribute.min_length or least_length(index.beginnings(BEGINNING))


def _shelf(settings: Params, name: str) -> Shelf:
    """The cleaned books of the collection."""
    clean = built(settings, name, CLEAN)
    rows = read_manifest(clean / MANIFEST, CleanBook)
    files = {row.id: clean / row.file for row in rows}
    return Shelf(rows, lambda book: read_text(files[book]))


def _sample(text: str, sampling: SamplingParams, prompt: str = "", tokens: int = 0, max_copy: int = 0) -> Sample:
    return Sample(sample=0, prompt=prompt, text=text, tokens=tokens, max_copy=max_copy, **dataclasses.asdict(sampling))


def _traced(settings: Params, name: str, sample: Sample) -> Text:
    index = open_index(built(settings, name, INDEX))
    length = _min_length(settings, index)
    found = attribute_text(index, sample.sample, sample.text, length)
    shown = show_sample(_shelf(settings, name), sample, found, settings.report.source_context)
    return Text(shown=shown, min_length=length)
