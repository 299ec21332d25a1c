"""The real `openai` package writes with our server as with OpenAI's, over the loopback address."""

import math

import openai
import pytest

from poet.serve.web.limits import Limits
from poet.tokenizers.tokenizer import encode
from tests.serve.web.running import alone, running, small_poet, wait_until

SECRET = "a-token-that-nobody-guesses"


@pytest.fixture(scope="module")
def server(trained):
    poets = {"small": small_poet(trained), "models/other@champion": small_poet(trained, index=False)}
    with running(poets, token=SECRET) as server:
        yield server


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=SECRET, max_retries=0, timeout=60) as client:
        yield client


def test_the_models_are_listed(client):
    assert [model.id for model in client.models.list()] == ["small", "models/other@champion"]
    model = client.models.retrieve("small")
    assert (model.id, model.object) == ("small", "model") and model.created > 1_700_000_000


def test_a_completion_is_the_text_of_its_seed(server, client):
    done = client.completions.create(model="small", prompt="the old ", max_tokens=30, temperature=0.7, seed=5)
    (choice,) = done.choices
    assert choice.text == alone(server.poet, "the old ", max_new_tokens=30, temperature=0.7, seed=5)
    assert (choice.index, choice.finish_reason, choice.logprobs) == (0, "length", None)
    assert (done.object, done.model) == ("text_completion", "small") and done.id.startswith("cmpl-")
    prompt = len(encode(server.poet.trained.tokenizer, "the old "))
    assert (done.usage.prompt_tokens, done.usage.completion_tokens, done.usage.total_tokens) == (
        prompt,
        30,
        prompt + 30,
    )


def test_defaults_are_those_of_openai(client):
    texts = {client.completions.create(model="small", prompt="the old ").choices[0].text for _ in range(4)}
    assert len(texts) > 1, "without a seed, chance gives one"
    done = client.completions.create(model="small", prompt="the old ")
    assert done.usage.completion_tokens == 16


def test_several_texts_of_several_prompts(server, client):
    done = client.completions.create(model="small", prompt=["the ", "old "], n=2, seed=7, max_tokens=12)
    assert [choice.index for choice in done.choices] == [0, 1, 2, 3]
    expected = [
        alone(server.poet, prompt, max_new_tokens=12, temperature=1.0, seed=seed)
        for prompt in ("the ", "old ")
        for seed in (7, 8)
    ]
    assert [choice.text for choice in done.choices] == expected


@pytest.mark.parametrize("options", [{}, {"n": 3}, {"echo": True}, {"stop": [" the"]}, {"logprobs": 3}], ids=str)
def test_a_stream_is_the_same_in_pieces(client, options):
    request = {"model": "small", "prompt": "the old ", "max_tokens": 40, "seed": 3, **options}
    whole = client.completions.create(**request)
    chunks = list(client.completions.create(**request, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].choices == [] and chunks[-1].usage == whole.usage
    pieces = [choice for chunk in chunks for choice in chunk.choices]
    for choice in whole.choices:
        mine = [piece for piece in pieces if piece.index == choice.index]
        assert "".join(piece.text for piece in mine) == choice.text
        assert [piece.finish_reason for piece in mine] == [None] * (len(mine) - 1) + [choice.finish_reason]
        if choice.logprobs:
            assert [token for piece in mine if piece.logprobs for token in piece.logprobs.tokens] == (
                choice.logprobs.tokens
            )
    assert len({chunk.id for chunk in chunks}) == 1
    assert len(pieces) > len(whole.choices), "else nothing streams"


def test_stop_words_end_a_text_and_are_not_in_it(server, client):
    text = alone(server.poet, "the old ", max_new_tokens=200, temperature=1.0, seed=3)
    word, before = text[60:64], server.engine.figures.tokens
    for stop in (word, ["no such words", word]):
        (choice,) = client.completions.create(
            model="small", prompt="the old ", max_tokens=1000, seed=3, stop=stop
        ).choices
        assert (choice.text, choice.finish_reason) == (text[: text.index(word)], "stop")
    # The engine gives the place back at its next step, a moment after the answer, and not at the end of the text.
    wait_until(lambda: not server.engine.figures.running)
    assert server.engine.figures.tokens - before < 1000, "both together"


def test_logprobs_are_logarithms_of_probabilities_with_places_in_the_text(client):
    (choice,) = client.completions.create(
        model="small", prompt="the old ", max_tokens=30, seed=3, logprobs=5, echo=True
    ).choices
    logs = choice.logprobs
    assert len(logs.tokens) == len(logs.token_logprobs) == len(logs.top_logprobs) == len(logs.text_offset) == 30
    for token, value, best, offset in zip(
        logs.tokens, logs.token_logprobs, logs.top_logprobs, logs.text_offset, strict=True
    ):
        assert choice.text[offset:].startswith(token) and value <= 0
        assert 1 <= len(best) <= 5 and sum(map(math.exp, best.values())) <= 1 + 1e-3
        if token in best and len(best) == 5:
            assert best[token] == pytest.approx(value, abs=1e-4)
    assert choice.text.startswith("the old ") and "".join(logs.tokens) == choice.text.removeprefix("the old ")


def test_settings_of_ours_are_taken(server, client):
    own = {"top_k": 3, "min_p": 0.1, "repetition_penalty": 1.2, "max_copy": 10}
    done = client.completions.create(model="small", prompt="the old ", max_tokens=30, seed=3, extra_body=own)
    expected = alone(server.poet, "the old ", max_new_tokens=30, temperature=1.0, seed=3, **own)
    assert done.choices[0].text == expected


REFUSED = {
    "another model": ({"model": "gpt"}, openai.NotFoundError, "model"),
    "too many tokens": ({"max_tokens": 100_000}, openai.BadRequestError, "max_tokens"),
    "hot": ({"temperature": 11.0}, openai.BadRequestError, "temperature"),
    "five texts": ({"n": 5}, openai.BadRequestError, "n"),
    "the best of": ({"best_of": 3}, openai.BadRequestError, "best_of"),
    "a suffix": ({"suffix": "end"}, openai.BadRequestError, "suffix"),
    "a penalty": ({"frequency_penalty": 0.5}, openai.BadRequestError, "frequency_penalty"),
    "a bias": ({"logit_bias": {"50256": -100.0}}, openai.BadRequestError, "logit_bias"),
    "token ids": ({"prompt": [1, 2, 3]}, openai.BadRequestError, "prompt"),
    "no prompt": ({"prompt": ""}, openai.BadRequestError, "prompt"),
    "an unknown name": ({"extra_body": {"seeds": 1}}, openai.BadRequestError, "seeds"),
    "no index": ({"model": "models/other@champion", "extra_body": {"max_copy": 5}}, openai.BadRequestError, "max_copy"),
}


@pytest.mark.parametrize(("changes", "kind", "name"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_refused_as_openai_refuses(client, changes, kind, name):
    with pytest.raises(kind) as raised:
        client.completions.create(**{"model": "small", "prompt": "the old "} | changes)
    body = raised.value.body
    assert body["type"] == "invalid_request_error" and name in (body["param"] or "") and body["message"]


def test_what_changes_nothing_may_be_sent(client):
    neutral = {
        **{"best_of": 1, "echo": False, "frequency_penalty": 0, "presence_penalty": 0.0, "logit_bias": {}},
        **{"logprobs": None, "stop": None, "suffix": None, "user": "somebody", "stream": False, "top_p": 1},
    }
    request = {"model": "small", "prompt": "the old ", "seed": 4}
    one, other = (client.completions.create(**request, **more) for more in ({}, neutral))
    assert one.choices == other.choices


def client_of(server, key="-"):
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0, timeout=60)


def test_a_wrong_token_raises_what_openai_raises(server):
    with client_of(server, "another") as client, pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_a_client_that_asks_too_often_gets_what_openai_raises(trained):
    limits = Limits(per_minute=2)
    with running({"small": small_poet(trained)}, limits=limits) as server, client_of(server) as client:
        client.completions.create(model="small", prompt="a", max_tokens=1)
        with pytest.raises(openai.RateLimitError) as raised:
            client.completions.create(model="small", prompt="a", max_tokens=1)
    assert int(raised.value.response.headers["retry-after"]) >= 1


def test_a_stream_that_the_end_of_the_server_stops_says_so(trained):
    with running({"small": small_poet(trained)}, grace=0.1) as server, client_of(server) as client:
        stream = client.completions.create(model="small", prompt="the ", max_tokens=1000, n=4, stream=True)
        next(iter(stream))
        server.server.begin_to_end()
        with pytest.raises(openai.APIError, match="about to end"):
            list(stream)


def test_leaving_a_stream_frees_the_places_of_all_its_texts(server, client):
    with client.completions.create(model="small", prompt="the ", max_tokens=1000, n=4, stream=True) as stream:
        next(iter(stream))
    wait_until(lambda: not server.engine.figures.running and not server.engine.figures.waiting, seconds=3)
