"""A served model writes what `stream_texts` writes and finds what `attribute_text` finds, with and without an index."""

import dataclasses

import pytest
import torch

from poet.attribution.index import open_index
from poet.attribution.spans import find_spans
from poet.errors import PoetError
from poet.generation.stream import stream_texts
from poet.model.saving import load_model
from poet.serve.answers import NO_INDEX, answer, open_poet
from poet.serve.request import read_writing
from tests.serve.small import BOOKS, small_model


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_model(tmp_path_factory.mktemp("serve") / "small")


def test_each_prompt_is_continued_as_if_it_were_alone(small):
    model, index = small
    writing = read_writing({"max_new_tokens": 60, "seed": 3})
    poet, trained = open_poet(model, index, min_length=1), load_model(model, torch.device("cpu"))
    answers = answer(poet, ["the old ", "ship"], writing)
    for prompt, one in zip(["the old ", "ship"], answers, strict=True):
        (pieces,) = stream_texts(trained, prompt, [writing], 60)
        assert one["text"] == "".join(pieces) and one["note"] == ""
        found = find_spans(open_index(index), one["text"], 1)
        assert [(span["start"], span["end"]) for span in one["spans"]] == [(span.start, span.end) for span in found]
        for span in (*one["spans"], *one["near"]):
            assert set(span) == {"start", "end", "exact", "shared", "surprise", "sources"}
        for span in one["spans"]:
            passages = {BOOKS[source["book"]][source["start"] : source["end"]] for source in span["sources"]}
            assert passages == {one["text"][span["start"] : span["end"]]}
    assert any(one["spans"] for one in answers), "else nothing was compared"


def test_a_limit_of_copying_holds(small):
    model, index = small
    writing = read_writing({"max_new_tokens": 80, "max_copy": 1, "temperature": 1.0})
    (one,) = answer(open_poet(model, index, min_length=2), ["the old "], writing)
    assert not one["spans"] and one["text"]


def test_a_model_without_an_index_says_so_and_limits_no_copying(small):
    poet = open_poet(small[0], None, min_length=0)
    writing = read_writing({"max_new_tokens": 20})
    (one,) = answer(poet, ["the old "], writing)
    assert one["text"] and (one["spans"], one["near"], one["note"]) == ([], [], NO_INDEX)
    with pytest.raises(PoetError, match=r"max_copy should be 0, got 20\. This model was registered without an index"):
        answer(poet, ["the old "], dataclasses.replace(writing, max_copy=20))
