"""The engine writes each request as if it were alone, names its passages, and is left, full, closed and broken."""

import asyncio
import dataclasses
import random
import threading
import time

import pytest
import torch

from poet.attribution.spans import find_spans
from poet.errors import DataError, PoetError
from poet.generation.characters import REPLACEMENT
from poet.generation.ending import Ending
from poet.generation.rows import LEAST_ROWS
from poet.generation.stream import stream_texts
from poet.serve.answers import NO_INDEX, open_poet
from poet.serve.engine import Busy, Engine
from poet.serve.request import Writing
from poet.serve.tickets import Done, Spans, Token
from tests.serve.small import small_model
from tests.tiny import generator

MIN_LENGTH = 4


@pytest.fixture(scope="module")
def poet(tmp_path_factory):
    """A model whose zero matrices are filled: else all tokens are equally likely, and every mistake goes unseen."""
    model, index = small_model(tmp_path_factory.mktemp("engine") / "small")
    poet = open_poet(model, index, MIN_LENGTH)
    with torch.no_grad():
        for parameter in poet.trained.model.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.3, generator=generator(1))
    return poet


@pytest.fixture
def engine(poet):
    engine = Engine(poet, places=4, waiting=8)
    yield engine
    engine.close(0)


def alone(poet, prompt, writing, ending=None):
    """The text that `stream_texts` gives this request alone, in as many rows as the engine has at least."""
    guard = poet.guard(writing.max_copy)
    texts = stream_texts(poet.trained, prompt, [writing] * LEAST_ROWS, writing.max_new_tokens, guard, ending)
    return "".join(next(texts))


def text_of(events):
    return "".join(event.text for event in events if isinstance(event, Token))


def check(poet, events):
    """The events of one whole text fit each other; returns the text."""
    *tokens_and_spans, done = events
    assert isinstance(done, Done) and done.reason in {"length", "stopped"} and not done.message
    tokens = [event for event in tokens_and_spans if isinstance(event, Token)]
    assert [token.index for token in tokens] == list(range(done.tokens))
    text = ""
    for token in tokens:
        assert (token.start, token.end) == (len(text), len(text) + len(token.text))
        assert 0 < token.probability <= 1
        text += token.text
    spans = [event for event in tokens_and_spans if isinstance(event, Spans)]
    last = spans[-1].spans if spans else ()
    expected = find_spans(poet.index, text, MIN_LENGTH)
    assert [(s.start, s.end, s.sources) for s in last] == [(s.start, s.end, s.sources) for s in expected]
    return text


@pytest.mark.parametrize("ending", [None, Ending(), Ending(lines=2), Ending(until="e")])
@pytest.mark.parametrize("max_copy", [0, 6])
def test_a_text_is_that_of_the_stream_with_its_passages(poet, engine, ending, max_copy):
    writing = Writing(max_new_tokens=70, seed=3, temperature=1.0, max_copy=max_copy)
    events = list(engine.write("the old ", writing, ending=ending, alternatives=3))
    text = check(poet, events)
    assert text == alone(poet, "the old ", writing, ending) and text
    assert all(len(event.alternatives) <= 3 for event in events if isinstance(event, Token))


def test_alternatives_and_what_is_forced(poet, engine):
    writing = Writing(max_new_tokens=12, seed=3)
    first = [e for e in engine.write("ship", writing, ending=Ending(), alternatives=60) if isinstance(e, Token)]
    other = next(
        a for a in first[4].alternatives if a.token != first[4].token and len(a.text) == 1 and a.text != REPLACEMENT
    )
    branch = list(engine.write("ship", writing, {4: other.token}, ending=Ending(), trace=False))
    tokens = [event for event in branch if isinstance(event, Token)]
    assert [token.token for token in tokens[:5]] == [*(token.token for token in first[:4]), other.token]
    assert tokens[4].text == other.text and tokens[4].probability == pytest.approx(other.probability)
    assert not any(isinstance(event, Spans) for event in branch), "nobody asked for passages"


def test_many_readers_in_one_loop_have_each_their_own_text(poet, engine):
    """More than there are places, of different lengths and settings; some leave in the middle."""
    source = random.Random(1)
    orders = [
        (
            source.choice(["the old ", "ship", "x" * 90]),
            Writing(
                max_new_tokens=source.randrange(5, 60),
                seed=source.randrange(99),
                temperature=source.choice([0.0, 0.8, 1.2]),
                max_copy=source.choice([0, 0, 5]),
                top_k=source.choice([0, 5]),
                repetition_penalty=source.choice([1.0, 1.2]),
            ),
            source.choice([None, None, 3]),
        )
        for _ in range(12)
    ]

    async def read(prompt, writing, leaves_after):
        events = []
        async for event in engine.write(prompt, writing).events():
            events.append(event)
            if leaves_after and len(events) > leaves_after:
                break
        return events

    async def everybody():
        return await asyncio.gather(*(read(*order) for order in orders))

    for (prompt, writing, leaves_after), events in zip(orders, asyncio.run(everybody()), strict=True):
        expected = alone(poet, prompt, writing)
        if leaves_after:
            assert expected.startswith(text_of(events)) and not isinstance(events[-1], Done)
        else:
            assert check(poet, events) == expected
    assert wait_until(lambda: engine.figures.running == engine.figures.waiting == 0)


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


LONG = Writing(max_new_tokens=1000, temperature=1.0)


def test_busy_when_too_many_wait_and_a_reader_that_leaves_makes_room(poet):
    engine = Engine(poet, places=2, waiting=1)
    tickets = [engine.write("ship", LONG, trace=False) for _ in range(3)]
    with pytest.raises(Busy, match="busy: 2 texts are being written and 1 wait"):
        engine.write("ship", LONG)
    readers = [iter(ticket) for ticket in tickets]
    assert isinstance(next(readers[0]), Token) and isinstance(next(readers[1]), Token)
    assert (engine.figures.running, engine.figures.waiting) == (2, 1)
    tickets[0].leave()
    assert isinstance(next(readers[2]), Token), "it has the place of the one that left"
    last = engine.write("ship", LONG)
    last.leave()  # while it waits
    assert engine.figures.waiting == 0
    engine.close(0)
    assert [event.reason for event in readers[1] if isinstance(event, Done)] == ["stopped"]
    with pytest.raises(Busy, match="closing"):
        engine.write("ship", LONG)


def test_closing_lets_running_texts_end_and_turns_away_who_waits(poet):
    engine = Engine(poet, places=1, waiting=5)
    writing = Writing(max_new_tokens=40)
    running = iter(engine.write("the old ", writing))
    first = next(running)
    waiting = engine.write("ship", writing)
    engine.close(20)
    assert text_of([first, *running]) == alone(poet, "the old ", writing)
    (done,) = waiting
    assert (done.reason, done.message) == ("error", "the server is closing")


def test_a_wrong_request_ends_alone(poet, engine):
    writing = Writing(max_new_tokens=30)
    good = engine.write("the old ", writing)
    (no_prompt,) = engine.write("", writing)
    (no_token,) = engine.write("ship", writing, {0: 10**6})
    assert no_prompt.reason == no_token.reason == "error"
    assert "prompt has no token" in no_prompt.message and "token 1000000 at position 0" in no_token.message
    assert check(poet, list(good)) == alone(poet, "the old ", writing)


def test_without_an_index_nothing_is_traced_and_copying_is_not_limited(poet):
    engine = Engine(dataclasses.replace(poet, index=None))
    events = list(engine.write("the old ", Writing(max_new_tokens=20)))
    assert {type(event) for event in events} == {Token, Done}
    (done,) = engine.write("the old ", Writing(max_new_tokens=20, max_copy=9))
    assert done.reason == "error" and NO_INDEX in done.message
    engine.close(0)


@pytest.mark.parametrize(
    ("error", "message"),
    [(DataError("copied too much"), "copied too much"), (ZeroDivisionError("secret"), "failed at this request")],
)
def test_what_fails_in_a_text_ends_that_text_alone(poet, engine, monkeypatch, capfd, error, message):
    writing = Writing(max_new_tokens=30)
    good, bad = engine.write("the old ", writing), engine.write("ship", writing)
    job = engine._open[bad]

    def fail(chosen):
        raise error

    monkeypatch.setattr(job, "take", fail)
    *_, done = bad
    assert done.reason == "error" and message in done.message and "secret" not in done.message
    assert check(poet, list(good)) == alone(poet, "the old ", writing)
    assert ("secret" in capfd.readouterr().err) == isinstance(error, ZeroDivisionError), (
        "our own faults alone are shown"
    )


def test_when_the_batch_fails_everybody_is_told_and_so_is_who_comes_later(poet, monkeypatch, capfd):
    engine = Engine(poet, places=1)
    tickets = [engine.write("ship", LONG, trace=False) for _ in range(3)]
    reader = iter(tickets[0])
    next(reader)

    def fail():
        raise MemoryError("no memory")

    monkeypatch.setattr(engine._batch, "step", fail)
    ends = [list(reader)[-1], *(list(ticket)[-1] for ticket in tickets[1:])]
    assert {(end.reason, end.message) for end in ends} == {
        ("error", "the engine failed (MemoryError). Start the server again.")
    }
    assert engine.figures.fault and engine.figures.running == engine.figures.waiting == 0
    with pytest.raises(PoetError, match="the engine failed"):
        engine.write("ship", LONG)
    engine.close(0)
    assert "no memory" in capfd.readouterr().err


def test_a_reader_whose_loop_is_gone_frees_its_place(poet, engine):
    async def begin():
        events = engine.write("ship", LONG).events()
        await anext(events)
        return events  # asyncio.run closes what it left open

    asyncio.run(begin())
    assert wait_until(lambda: engine.figures.running == 0)


def soak(poet, requests, readers, kinds, seed):
    """Threads and tasks write `requests` texts of `kinds` kinds and leave some of them. Each text that was read to its
    end is compared.
    """
    engine = Engine(poet, places=16, waiting=10_000)
    source, lock, ended, wrong = random.Random(seed), threading.Lock(), [], []
    expected: dict = {}
    drawn = [
        (
            source.choice(["the old ", "ship", "a", "winter " * 30]),
            Writing(
                max_new_tokens=source.choice([1, 5, 30, 60]),
                seed=source.randrange(6),
                temperature=source.choice([0.0, 0.8, 1.2]),
                max_copy=source.choice([0, 0, 5]),
                top_p=source.choice([1.0, 0.9]),
                repetition_penalty=source.choice([1.0, 1.0, 1.2]),
            ),
        )
        for _ in range(kinds)
    ]

    def order():
        with lock:
            return *source.choice(drawn), source.random() < 0.3 and source.randrange(1, 20)

    def judge(prompt, writing, events):
        key = prompt, dataclasses.astuple(writing)
        with lock:
            if key not in expected:
                expected[key] = alone(poet, prompt, writing)
            ended.append(events[-1])
            if text_of(events) != expected[key]:
                wrong.append((key, text_of(events), expected[key]))

    def in_thread(count):
        for _ in range(count):
            prompt, writing, leaves_after = order()
            events = []
            for event in engine.write(prompt, writing):
                events.append(event)
                if leaves_after and len(events) > leaves_after:
                    break
            else:
                judge(prompt, writing, events)

    async def in_task(count):
        for _ in range(count):
            prompt, writing, leaves_after = order()
            events = []
            async for event in engine.write(prompt, writing, alternatives=2).events():
                events.append(event)
                if leaves_after and len(events) > leaves_after:
                    break
            else:
                await asyncio.to_thread(judge, prompt, writing, events)

    async def tasks():
        await asyncio.gather(*(in_task(requests // readers) for _ in range(readers // 2)))

    threads = [threading.Thread(target=in_thread, args=(requests // readers,)) for _ in range(readers // 2)]
    for thread in threads:
        thread.start()
    asyncio.run(tasks())
    for thread in threads:
        thread.join(600)
        assert not thread.is_alive()
    assert wait_until(lambda: engine.figures.running == engine.figures.waiting == 0)
    engine.close(0)
    assert not wrong and ended and all(isinstance(end, Done) for end in ended)
    return len(ended)


def test_a_short_soak(poet):
    assert soak(poet, 160, 16, kinds=20, seed=1) > 80


@pytest.mark.slow
def test_a_soak_of_thousands(poet):
    """No request is stuck, every text is that of its seed alone, and memory stays flat."""
    psutil = pytest.importorskip("psutil")
    soak(poet, 640, 32, kinds=300, seed=2)  # memory is taken once
    before = psutil.Process().memory_info().rss
    assert soak(poet, 6400, 32, kinds=300, seed=3) > 3000
    assert psutil.Process().memory_info().rss < 1.05 * before
