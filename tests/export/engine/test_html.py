"""The page of a collection as a file: what it holds, what it leaves out, and the engine that it carries."""

import base64
import gzip
import html
import json

import numpy as np
import pytest

from poet.attribution.guard import CopyGuard
from poet.attribution.spans import find_spans
from poet.errors import ModelError
from poet.export import weights
from poet.export.html import worker_program
from poet.export.weights import pack_weights
from poet.generation.characters import complete_text, token_ends
from poet.params.page import PageSettings
from poet.params.sampling import SamplingParams
from poet.tokenizers.kinds import KINDS
from poet.tokenizers.tokenizer import encode, token_bytes
from tests.attribution.shelf import indexed
from tests.export.engine.made import INT8, TEXTS, TITLE, blocks_of, make_page, python_writes, training_texts
from tests.tiny import CONFIG, tiny_model


def test_the_page_holds_model_tokenizer_and_training_text(tmp_path):
    trained, page = make_page(tmp_path)
    blocks = blocks_of(page)
    facts = json.loads(blocks["facts"])
    assert facts == {
        "title": TITLE,
        "collection": "mine",
        "model_sha256": trained.sha256,
        "precision": "float32",
        "parameters": sum(parameter.numel() for parameter in trained.model.parameters()),
        "sequence_len": 24,
        "books": [{"id": name, "title": name.capitalize(), "author": ""} for name in TEXTS],
        "language": "en",
        "can_trace": True,
        "min_length": 20,
        "note": "",
        "bits_per_character": 1.5,
    }
    content = gzip.decompress(base64.b64decode(blocks["text"]))
    assert content == b"".join(text.encode() + b"\xff" for text in training_texts().values())
    assert json.loads(blocks["books"])[2] == {"id": "third", "characters": len(TEXTS["third"])}
    # What is in the page cannot end its place, and is not read as markup.
    assert "<b>" not in page and page.count("</script>") == 8
    assert worker_program() in page
    assert "default-src 'none'" in html.unescape(page)


def test_the_same_model_makes_the_same_page(tmp_path):
    assert make_page(tmp_path / "one")[1] == make_page(tmp_path / "two")[1]


@pytest.mark.parametrize(("max_bytes", "words"), [(1000, "have 0.0 MB, too much"), (0, "are not in this page")])
def test_books_above_the_limit_are_left_out_and_the_page_says_so(tmp_path, node, max_bytes, words):
    _, page = make_page(tmp_path, settings=PageSettings(precision="int8", max_bytes=max_bytes))
    blocks = blocks_of(page)
    facts = json.loads(blocks["facts"])
    assert facts["can_trace"] is False and words in facts["note"] and len(facts["books"]) == 3
    assert blocks["text"] == ""
    write = {"type": "write", "id": 1, "prompt": "The ", "settings": {"tokens": 5}}
    events = node("engine", blocks=blocks, messages=[write])
    assert [event["type"] for event in events] == ["ready", *["token"] * 5, "done"]
    write["settings"]["max_copy"] = 10
    error, done = node("engine", blocks=blocks, messages=[write])[1:]
    assert "has no books" in error["message"] and done["reason"] == "error"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("max_copy", [0, 6])
def test_the_engine_writes_the_text_of_python_and_traces_it(tmp_path, node, kind, max_copy):
    trained, page = make_page(tmp_path, kind, min_length=5)
    blocks = blocks_of(page)
    index = indexed(training_texts())
    guard = CopyGuard(index, token_bytes(trained.tokenizer), max_copy) if max_copy else None
    params = SamplingParams(temperature=0.9, seed=5)
    expected, probabilities = python_writes(trained, "The old ", params, 80, guard)
    settings = {"temperature": 0.9, "seed": 5, "tokens": 80, "max_copy": max_copy}
    write = {"type": "write", "id": 7, "prompt": "The old ", "settings": settings}
    events = node("engine", blocks=blocks, messages=[write])

    tokens = [event for event in events if event["type"] == "token"]
    assert [event["token"] for event in tokens] == expected
    assert [event["index"] for event in tokens] == list(range(80))
    text = "".join(event["text"] for event in tokens)
    assert text == complete_text(trained.tokenizer, expected)
    assert [event["end"] for event in tokens] == token_ends(trained.tokenizer, expected)
    np.testing.assert_allclose([event["probability"] for event in tokens], probabilities, atol=1e-4)
    for event in tokens:
        likely = [other["probability"] for other in event["alternatives"]]
        assert likely == sorted(likely, reverse=True) and 1 <= len(likely) <= 8

    spans = [event["spans"] for event in events if event["type"] == "spans"]
    found = [(span.start, span.end, span.sources[0].book) for span in find_spans(index, text, 5)]
    assert [(span["start"], span["end"], span["sources"][0]["book"]) for span in (spans or [[]])[-1]] == found
    assert events[-1] | {"seconds": 0} == {"type": "done", "id": 7, "reason": "length", "tokens": 80, "seconds": 0}


def test_texts_side_by_side_a_stop_and_questions(tmp_path, node):
    trained, page = make_page(tmp_path, settings=INT8)
    (other,) = encode(trained.tokenizer, "Q").tolist()
    writes = [{"type": "write", "id": i, "prompt": "The ", "settings": {"tokens": 40, "seed": 3}} for i in (1, 2)]
    writes[1]["forced"] = [[10, other]]
    asked = [{"type": "passage", "id": 3, "book": "second", "start": 700, "end": 720}, {"type": "line", "id": 4}]
    events = node("engine", blocks=blocks_of(page), messages=[*writes, *asked, {"type": "stop", "id": 2, "after": 40}])
    of = {i: [event for event in events if event.get("id") == i] for i in (1, 2, 3, 4)}
    assert [event["reason"] for i in (1, 2) for event in of[i] if event["type"] == "done"] == ["length", "stopped"]
    first, second = ([event["token"] for event in of[i] if event["type"] == "token"] for i in (1, 2))
    assert len(first) == 40 and 10 < len(second) < 40 and second[:11] == [*first[:10], other]
    (passage,), (line,) = of[3], of[4]
    assert passage["text"] == TEXTS["second"][700:720] and passage["after"].startswith(TEXTS["second"][720:740])
    assert line["text"] in TEXTS[line["book"]].split("\n")
    assert TEXTS[line["book"]][line["start"] :].startswith(line["text"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prompt": ""}, "The prompt is empty"),
        ({"prompt": "x" * 10_001}, "more than 10000 characters"),
        ({"settings": {"temperature": -1}}, "temperature should be 0, or from 0.001 to 10"),
        ({"settings": {"temperature": "1"}}, "temperature should be"),
        ({"settings": {"top_k": 1.5}}, "top_k should be a whole number"),
        ({"settings": {"tokens": 10**9}}, "tokens should be a whole number from 1 to 5000"),
        ({"settings": {"seed": "-1"}}, "seed should be a whole number"),
        ({"settings": {"seed": str(2**63)}}, "seed should be a whole number"),
        ({"settings": {"max_copy": -5}}, "max_copy should be"),
        ({"forced": [[0, 10**6]]}, "no such token"),
        ({"forced": 5}, "The engine failed"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(tmp_path, node, changes, message):
    _, page = make_page(tmp_path)
    write = {"type": "write", "id": 1, "prompt": "The ", "settings": {}} | changes
    events = node("engine", blocks=blocks_of(page), messages=[write])
    assert [event["type"] for event in events] == ["ready", "error", "done"]
    assert message in events[1]["message"] and events[2]["reason"] == "error"


def test_what_a_page_cannot_hold_is_refused(monkeypatch):
    model = tiny_model(CONFIG)
    monkeypatch.setattr(weights, "MOST_BYTES", 10_000)
    pack_weights(model, "int8")
    with pytest.raises(ModelError, match=r"in float32; a page holds at most.*int8 takes a quarter"):
        pack_weights(model, "float32")
    monkeypatch.setattr(weights, "MOST_CACHE_BYTES", 1000)
    with pytest.raises(ModelError, match=r"remembers 12 positions, which takes 0 MB for every text"):
        pack_weights(model, "int8")
