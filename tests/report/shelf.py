"""Every file that the report of a collection is made from, written by hand, so that its tests need no build."""

from pathlib import Path

from poet.books.manifest import MANIFEST, MISSING, REMOVALS, CleanBook, MissingBook, write_manifest
from poet.files import write_json, write_json_lines, write_text
from poet.params.file import load_params
from poet.params.sections import Params
from poet.report.collection import Inputs, report_collection
from poet.report.collection_charts import LENGTHS
from poet.tracking.runs import Run
from tests.clone import ROOT

HOSTILE = (
    "<script>alert(1)</script> \"'&amp; \u202e right-to-left \u2066 \u0301\u0308 lone </p><img src=x onerror=alert(2)>"
    "<!-- ]]> --> {{ 7*7 }} {% raw %} \0 \x01 \x85 \r bare\r\nend &#0; </a></title><style>*{display:none}</style>"
)
TITLES = ["Emma", "Persuasion", "Middlemarch", "Silas Marner"]


def write_report(folder: Path, *, samples: int = 6, hostile: bool = False, near: bool = True) -> Path:
    """Render the report of a collection whose books, samples and figures are made up; returns the page."""
    titles = [HOSTILE] * 4 if hostile else TITLES
    books = [
        CleanBook(
            id=str(100 + i) if i else "own",
            title=title,
            author=HOSTILE if hostile else "A. Writer",
            language="en",
            source=f"gutenberg:{100 + i}" if i else "folder:own.txt",
            file=f"{i}.txt",
            bytes=1,
            sha256="",
            characters=20_000,
            removed_characters=0,
            flags="",
            removed="",
        )
        for i, title in enumerate(titles)
    ]
    texts = [_book(i, HOSTILE if hostile else "") for i in range(len(books))]
    inputs = inputs_in(folder)
    for book, text in zip(books, texts, strict=True):
        write_text(inputs.clean / book.file, text)
    write_manifest(inputs.clean / MANIFEST, books, CleanBook)
    _write_samples(inputs, books, texts, samples, hostile=hostile, near=near)
    _write_figures(inputs, books, HOSTILE if hostile else "note")
    page = folder / "reports" / "shelf" / "index.html"
    report_collection("shakespeare", params(), inputs, page=page, summary=folder / "summaries" / "shelf.json")
    return page


def a_run(name: str, bits: float | None, **params: str) -> Run:
    """A run as MLflow tells of it, evaluated if it has `bits`."""
    metrics = {"evaluation.bits_per_character": bits} if bits else {}
    return Run(name=name, model_sha256=name, params=params, metrics=metrics)


def params() -> Params:
    """The shipped parameters."""
    return load_params(ROOT / "params.yaml")


def inputs_in(folder: Path) -> Inputs:
    names = "corpus.json tokens_meta.json tokenizers.json history.csv training.json training_samples.jsonl "
    names += "evaluation.json samples.jsonl attribution.jsonl copying.json benchmark.json"
    return Inputs(
        **{name: folder / name for name in ("raw", "clean", "model")},
        **{Path(name).stem: folder / name for name in names.split()},
    )


def _book(number: int, extra: str) -> str:
    chapters = (
        f"CHAPTER {chapter}\n\n"
        + "".join(
            f"Sentence {line} of chapter {chapter} in book {number}, where nothing whatever happens. {extra}\n"
            for line in range(20)
        )
        for chapter in range(1, 9)
    )
    return f"VOLUME {number + 1}\n\n" + "\n".join(chapters)


def _span(start: int, passage: str, book: CleanBook, text: str, others: list[CleanBook], *, exact: bool) -> dict:
    at = text.index(passage)
    sources = [{"book": book.id, "start": at, "end": at + len(passage), "count": 1}]
    sources += [{"book": other.id, "start": 1, "end": 1 + len(passage), "count": 2} for other in others]
    return {
        "start": start,
        "end": start + len(passage),
        "exact": exact,
        "shared": bool(others),
        "surprise": len(passage) / 2,
        "sources": sources,
    }


def _write_samples(
    inputs: Inputs, books: list[CleanBook], texts: list[str], count: int, *, hostile: bool, near: bool
) -> None:
    """Samples that quote every book at growing length; the last passage of each differs from its book in case."""
    samples, rows = [], []
    for number in range(count):
        text, spans, almost = HOSTILE if hostile else "", [], []
        for i, book in enumerate(books):
            begin = 400 + 37 * number
            passage = texts[i][begin : begin + 25 + 15 * i]
            text += " and so it came that "
            spans.append(_span(len(text), passage, book, texts[i], books[i + 1 :], exact=True))
            text += passage
        if near:
            passage = texts[1][900:960]
            text += " as they say "
            almost.append(_span(len(text), passage, books[1], texts[1], [], exact=False))
            text += passage.upper()
        temperature = (0.6, 1.0)[number % 2]
        prompt = HOSTILE if hostile else ("The ", "It was ")[number // 2 % 2]
        samples.append({"sample": number, "prompt": prompt, "text": text, "temperature": temperature, "top_k": 0})
        samples[-1] |= {"seed": number, "tokens": 100}
        rows.append({"sample": number, "spans": spans, "near": almost})
    write_json_lines(inputs.samples, samples)
    write_json_lines(inputs.attribution, rows)


def _write_figures(inputs: Inputs, books: list[CleanBook], note: str) -> None:
    """The files of figures; `note` stands wherever text may stand."""
    write_manifest(inputs.raw / MISSING, [MissingBook(id="9", title=note, author=note, tried="")], MissingBook)
    write_text(inputs.clean / REMOVALS, "book,rule,bytes,first_words,last_words\nown,licence,10,Begin,End\n")
    facts = {"words": 1, "distinct_words": 1, "odd": {note: 1}, "removed": {note: 0.5}}
    overlaps = [{"book": note, "other": note, "share": 0.5}]
    write_json(inputs.corpus, {"books": {book.id: facts for book in books}, "overlaps": overlaps})
    split = {"characters": 80_000, "tokens": 20_000, "books": [1] * len(books)}
    write_json(inputs.tokens_meta, {"kind": note, "vocab_size": 9, "splits": {"train": split}})
    write_json(inputs.tokenizers, [{"kind": note, "chosen": True, "skipped": note}])
    write_json(inputs.model / "config.json", {"data_sha256": note, "tokenizer_sha256": note})
    write_text(inputs.model / "model.safetensors", "")
    history = "step,train_loss,validation_loss,bits_per_character\n1,5.0,,\n2,4.0,4.1,2.9\n3,3.0,,\n4,2.5,2.8,2.2\n"
    write_text(inputs.history, history)
    training = {"parameters": 5, "epochs": 1.0, "steps": 4, "precision": note, "device": note}
    write_json(inputs.training, training)
    write_json_lines(inputs.training_samples, [{"step": i, "prompt": note, "text": note * 3} for i in (2, 4, 6, 8)])
    evaluation = {"bits_per_character": 2.2, "held_out_books": {"bits_per_character": 2.4}}
    write_json(inputs.evaluation, evaluation | {"compressors": {note: 2.5}})
    longest = {"book": "101", "start": 500, "text": note, "sample": 0}
    metrics = {f"share_at_{length}": 1 / length for length in LENGTHS} | {"longest": 70, "characters": 900}
    metrics |= {"longest_match": longest, "novelty": {"4": 0.1, "20": 0.9, "50": None}}
    temperatures = {temperature: metrics | {"excess_at_30": 0.01} for temperature in ("0.6", "1")}
    more = {"excess_at_30": 0.01, "by_temperature": temperatures, "extractable": {"16": 0.5, "64": None}}
    write_json(inputs.copying, metrics | more | {"held_out": metrics})
    machine = {"processor": note, "cores": 2, "system": note, "torch": note}
    skipped = [{"device": note, "reason": note}]
    write_json(inputs.benchmark, {"machine": machine, "results": [], "skipped": skipped})
