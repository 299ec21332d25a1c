"""What the server streams is what `generate` writes alone, its passages are those of `find_spans`, and nothing that a
prompt holds does harm.
"""

import concurrent.futures
import json

import pytest

from poet.attribution.spans import find_spans
from poet.serve.request import MOST_CHARACTERS
from tests.serve.small import BOOKS
from tests.serve.web.running import PAGE, alone, parse, running, small_poet, text_of


@pytest.fixture(scope="module")
def server(trained):
    with running({"small": small_poet(trained), "traceless": small_poet(trained, index=False)}) as server:
        yield server


@pytest.fixture
def client(server):
    with server.client() as client:
        yield client


def write(client, prompt, *, forced=(), model="", **settings):
    body = {"prompt": prompt, "settings": settings, "forced": list(forced), "model": model}
    answer = client.post("/api/write", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    return parse(answer.text)


@pytest.mark.parametrize(
    "settings",
    [
        {"tokens": 120, "seed": 5},
        {"tokens": 60, "seed": 5, "temperature": 0},
        {"tokens": 60, "seed": 6, "temperature": 1.5, "top_k": 5},
        {"tokens": 60, "seed": 7, "top_p": 0.7, "min_p": 0.1, "repetition_penalty": 1.3},
        {"tokens": 60, "seed": 8, "max_copy": 8},
    ],
    ids=str,
)
def test_a_text_is_that_of_generate(server, client, settings):
    events = write(client, "the old ", **settings)
    tokens = settings["tokens"]
    alike = {key: value for key, value in settings.items() if key != "tokens"}
    assert text_of(events) == alone(server.poet, "the old ", **{"max_new_tokens": tokens, "temperature": 0.8} | alike)
    done = events[-1]
    assert (done["type"], done["reason"], done["tokens"]) == ("done", "length", tokens) and done["seconds"] >= 0


def test_texts_of_many_clients_are_those_that_each_gets_alone(server):
    def one(seed):
        with server.client() as client:
            return text_of(write(client, f"the {seed} ", tokens=30 + seed, seed=seed))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(one, range(8)))
    for seed, text in enumerate(texts):
        assert text == alone(server.poet, f"the {seed} ", max_new_tokens=30 + seed, seed=seed)


def test_tokens_have_places_and_alternatives(server, client):
    events = write(client, "the old ", tokens=50, seed=2)
    tokens, text = [event for event in events if event["type"] == "token"], text_of(events)
    assert [token["index"] for token in tokens] == list(range(50))
    for token in tokens:
        assert text[token["start"] : token["end"]] == token["text"]
        probabilities = [one["probability"] for one in token["alternatives"]]
        assert len(probabilities) == 8 and probabilities == sorted(probabilities, reverse=True)
        same = [one["probability"] for one in token["alternatives"] if one["token"] == token["token"]]
        assert same in ([], [token["probability"]])


def test_a_chosen_alternative_is_taken_and_changes_nothing_before_it(client):
    before = [event for event in write(client, "the old ", tokens=40, seed=3) if event["type"] == "token"]
    place = 10
    other = next(one for one in before[place]["alternatives"] if one["token"] != before[place]["token"])
    after = write(client, "the old ", tokens=40, seed=3, forced=[[place, other["token"]], [39, before[39]["token"]]])
    ids = [event["token"] for event in after if event["type"] == "token"]
    assert ids[:place] == [event["token"] for event in before[:place]]
    assert (ids[place], ids[39]) == (other["token"], before[39]["token"])


def test_passages_are_those_of_find_spans_and_can_be_looked_up(server, client):
    events = write(client, "the old ", tokens=300, temperature=0.6, seed=4)
    text, last = text_of(events), [event for event in events if event["type"] == "spans"][-1]
    expected = find_spans(server.poet.index, text, server.poet.min_length)
    assert [(span["start"], span["end"]) for span in last["spans"]] == [(span.start, span.end) for span in expected]
    assert last["spans"], "else nothing is compared"
    for span in last["spans"]:
        for source in span["sources"]:
            values = {"book": source["book"], "start": source["start"], "end": source["end"], "model": "small"}
            found = client.get("/api/passage", params=values).json()
            book = BOOKS[source["book"]]
            assert found["text"] == text[span["start"] : span["end"]]
            assert book[: found["start"]].endswith(found["before"]) and found["start"] == source["start"]
            whole = found["before"] + found["text"] + found["after"]
            assert book[found["start"] - len(found["before"]) :].startswith(whole)
            assert found["share"] == pytest.approx(source["start"] / len(book), abs=1e-4)


def test_a_model_without_an_index_traces_nothing_and_says_so(client):
    events = write(client, "the old ", tokens=20, model="traceless")
    assert not [event for event in events if event["type"] == "spans" and event["spans"]]
    assert text_of(events) == text_of(write(client, "the old ", tokens=20))
    answer = client.post(
        "/api/write", json={"prompt": "the ", "model": "traceless", "settings": {"max_copy": 20}}
    ).json()
    assert answer["error"]["message"].startswith("max_copy should be 0, got 20.")
    assert client.get("/api/passage?book=winter&start=0&end=9&model=traceless").status_code == 404
    assert client.get("/api/line?model=traceless").status_code == 404


def test_the_page_gets_the_facts_of_each_model_and_lines_to_begin_with(server, client):
    models = client.get("/api/facts").json()["models"]
    small, traceless = models
    assert [small["name"], traceless["name"]] == ["small", "traceless"]
    assert small["books"][0] == {"id": "winter", "title": "A <b>Winter</b>", "author": "B. Abble"}
    assert small["books"][1] == {"id": "ship", "title": "ship", "author": ""}
    assert small["language"] == "en"
    assert (small["can_trace"], traceless["can_trace"]) == (True, False) and traceless["note"]
    assert small["model_sha256"] == server.poet.trained.sha256 and small["precision"] == "float32"
    assert small["bits_per_character"] is None and small["min_length"] == 12
    lines = [client.get("/api/line").json() for _ in range(5)]
    for line in lines:
        assert BOOKS[line["book"]][line["start"] :].startswith(line["text"]) and "\n" not in line["text"]
    assert client.get("/").text == PAGE.html


HOSTILE = {
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>&lt;",
    "controls": "".join(map(chr, range(32))) + "\x7f\x9b31m",
    "right to left": "\u202eevil\u202c \u2066x\u2069 \u200f",
    "event ends": "\n\ndata: {}\n\nevent: done\r\n\r\n\u2028\u2029\x85",
    "NUL": "\0",
    "emoji": "👩‍👩‍👧 é e\u0301",
    "longest": "ab" * (MOST_CHARACTERS // 2),
    "a private character and a noncharacter": "\ue000\uffff\U0010ffff",
}


@pytest.mark.parametrize("prompt", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_prompt_is_a_prompt(server, client, prompt):
    events = write(client, prompt, tokens=10, seed=2)
    assert text_of(events) == alone(server.poet, prompt, max_new_tokens=10, seed=2)


REFUSED = {
    "no body": (b"", "the body is no JSON"),
    "no JSON": (b"{", "the body is no JSON"),
    "not UTF-8": (b'{"prompt": "\xff"}', "the body is not UTF-8 (byte 12)"),
    "UTF-16": ('{"prompt": "a"}'.encode("utf-16"), "the body is not UTF-8"),
    "half of a pair": (b'{"prompt": "a\\ud800"}', "unable to parse raw data as a unicode string, got 'a\\ud800'"),
    "nested": (b"[" * 100_000, "nested too deeply"),
    "a long number": (b'{"prompt": ' + b"1" * 5000 + b"}", "the body is no JSON"),
    "a list": (b"[]", "the body "),
    "no prompt": (b"{}", "prompt is missing"),
    "empty prompt": (b'{"prompt": ""}', "prompt "),
    "long prompt": (json.dumps({"prompt": "a" * (MOST_CHARACTERS + 1)}).encode(), "prompt "),
    "a number": (b'{"prompt": 3}', "prompt should be a valid string, got 3"),
    "NaN": (b'{"prompt": "a", "settings": {"temperature": NaN}}', "settings.temperature "),
    "true": (b'{"prompt": "a", "settings": {"seed": true}}', "settings.seed "),
    "cold": (b'{"prompt": "a", "settings": {"temperature": 1e-9}}', "should be 0, for the most probable"),
    "many tokens": (b'{"prompt": "a", "settings": {"tokens": 1001}}', "settings.tokens "),
    "another name": (b'{"prompt": "a", "<b>": 1}', "'<b>' is no parameter"),
    "a control in a name": (b'{"prompt": "a", "\\u001b[31m": 1}', r"'\x1b[31m' is no parameter"),
    "no such token": (b'{"prompt": "a", "forced": [[0, 99999999]]}', "there is no token 99999999"),
    "no pair": (b'{"prompt": "a", "forced": [[0]]}', "forced should be pairs"),
}


@pytest.mark.parametrize(("body", "message"), REFUSED.values(), ids=REFUSED)
def test_a_request_that_cannot_be_meant_is_refused_in_one_sentence(client, body, message):
    answer = client.post("/api/write", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert message in error["message"] and error["type"] == "invalid_request_error"
    assert len(error["message"]) <= 400 and answer.text.isascii()


def test_an_unknown_model_book_or_place_is_not_found(client):
    answer = client.post("/api/write", json={"prompt": "a", "model": "other"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    for query in ("book=other&start=0&end=1", "book=winter&start=5&end=5", "book=winter&start=0&end=99999"):
        assert client.get(f"/api/passage?{query}").status_code == 404
    assert client.get("/api/passage?book=winter&start=-1&end=5").status_code == 400
