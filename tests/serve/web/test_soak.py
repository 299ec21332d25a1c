"""Many clients at once, some of which leave, send too much or send nonsense: every text is the one of its seed, nothing
gets stuck, and the memory stays what it was.
"""

import asyncio
import json
import random
import time
from dataclasses import dataclass, field

import httpx
import psutil
import pytest

from tests.serve.web.running import alone, parse, running, small_poet, text_of

CLIENTS = 32

# Texts are compared with those of their seeds alone. There are few different ones, so that each is written alone once.
KINDS = [
    {"prompt": prompt, "settings": {"tokens": tokens, "seed": seed, "temperature": temperature, "max_copy": max_copy}}
    for prompt, tokens, seed, temperature, max_copy in [
        *(("the old ", 20, seed, 0.8, 0) for seed in range(6)),
        *(("ship", 60, seed, 1.0, 0) for seed in range(4)),
        *(("the king spoke softly of winter and of grey water " * 3, 30, seed, 0.5, 0) for seed in range(4)),
        *(("toward ", 40, seed, 0.7, 10) for seed in range(2)),
        ("é <b>\u202e", 15, 1, 1.5, 0),
        ("the ", 30, 9, 0.0, 0),
    ]
]
MALFORMED = [b"", b"{", b'{"prompt": "\xff"}', b'{"prompt": "\\ud800"}', b"[[[[", b'{"prompt": 1}', b"\0" * 100]


@dataclass
class Outcome:
    """What became of the requests."""

    texts: int = 0
    left: int = 0
    refused: int = 0
    busy: int = 0
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0


async def one_request(client, chance, expected, outcome):
    """One request of one of the kinds, and a look at its answer."""
    fate, begin = chance.random(), time.monotonic()
    kind = {"content-type": "application/json"}
    if fate < 0.05:
        answer = await client.post("/api/write", content=chance.choice(MALFORMED), headers=kind)
        outcome.refused += 1
        if answer.status_code != 400:
            outcome.wrong.append(f"malformed: {answer.status_code}")
    elif fate < 0.08:
        answer = await client.post("/api/write", content=b'{"prompt": "' + b"a" * 500_000, headers=kind)
        outcome.refused += 1
        if answer.status_code != 413:
            outcome.wrong.append(f"oversized: {answer.status_code}")
    else:
        number = chance.randrange(len(KINDS))
        leaves_after = chance.randrange(2000) if fate < 0.3 else None
        async with client.stream("POST", "/api/write", json=KINDS[number]) as answer:
            if answer.status_code == 503:
                outcome.busy += 1
                return
            assert answer.status_code == 200
            read = ""
            async for piece in answer.aiter_text():
                read += piece
                if leaves_after is not None and len(read) > leaves_after:
                    outcome.left += 1
                    return
        outcome.texts += 1
        if text_of(parse(read)) != expected[number]:
            outcome.wrong.append(json.dumps(KINDS[number]))
    outcome.slowest = max(outcome.slowest, time.monotonic() - begin)


async def soak(url, requests, expected, measured):
    """All requests, by CLIENTS clients; `measured` is called with the number of requests so far."""
    outcome, left = Outcome(), list(range(requests))

    async def client_of(number):
        chance = random.Random(number)
        async with httpx.AsyncClient(base_url=url, timeout=120) as client:
            while left:
                left.pop()
                await one_request(client, chance, expected, outcome)
                measured(requests - len(left))

    await asyncio.gather(*(client_of(number) for number in range(CLIENTS)))
    return outcome


def run(trained, requests):
    """The outcome, and the memory of this process by the number of requests."""
    poet, memory = small_poet(trained), {}
    expected = [alone(poet, kind["prompt"], **_settings(kind)) for kind in KINDS]

    def measured(done):
        if done % (requests // 20) == 0:
            memory[done] = psutil.Process().memory_info().rss

    with running({"small": poet}, places=16, waiting=64) as server:
        outcome = asyncio.run(soak(server.url, requests, expected, measured))
        deadline = time.monotonic() + 5
        while (server.engine.figures.running or server.engine.figures.waiting) and time.monotonic() < deadline:
            time.sleep(0.01)
        figures = server.engine.figures
        assert (figures.running, figures.waiting, figures.fault) == (0, 0, ""), "no request is stuck"
        with server.client() as client:
            assert client.get("/health").json()["status"] == "ok"
    assert not outcome.wrong, outcome.wrong[:5]
    assert outcome.texts + outcome.left + outcome.refused + outcome.busy == requests
    assert outcome.left and outcome.refused and outcome.texts > requests / 2
    return outcome, memory


def _settings(kind):
    settings = dict(kind["settings"])
    return settings | {"max_new_tokens": settings.pop("tokens")}


def test_three_hundred_requests(trained):
    run(trained, 300)


@pytest.mark.slow
def test_ten_thousand_requests_and_memory_stays_flat(trained):
    outcome, memory = run(trained, 10_000)
    # The first tenth fills caches.
    settled = [size for done, size in sorted(memory.items()) if done > 1000]
    assert max(settled) < 1.05 * settled[0], [size >> 20 for size in settled]
    print(outcome, [size >> 20 for size in settled])  # noqa: T201
