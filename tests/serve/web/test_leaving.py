"""A client that leaves frees its place at once, a full server says so, a server that ends lets texts be finished."""

import concurrent.futures
import json
import socket
import threading
import time

import httpx
import pytest

from tests.serve.web.running import LONG, SHORT, parse, running, small_poet, streaming, text_of, wait_until


@pytest.fixture(scope="module")
def poet(trained):
    return small_poet(trained)


def few_places(poet, places, waiting):
    return running({"small": poet}, places=places, waiting=waiting)


@pytest.mark.parametrize("way", ["/api/write", "/v1/completions", "/v1/completions stream"])
def test_a_client_that_leaves_frees_its_place_at_once(poet, way):
    path, _, stream = way.partition(" ")
    body = LONG
    if path == "/v1/completions":
        body = {"model": "small", "prompt": "the old ", "max_tokens": 1000, "stream": bool(stream), "n": 2}
    with (
        running({"small": poet}, places=2, waiting=2) as server,
        server.client() as client,
    ):
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        content = json.dumps(body).encode()
        host, port = server.url.removeprefix("http://").split(":")
        for _ in range(3):
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
                wait_until(lambda: server.engine.figures.running)
            assert wait_until(lambda: not server.engine.figures.running and not server.engine.figures.waiting) < 2
        assert text_of(parse(client.post("/api/write", json=SHORT).text))
        metrics = client.get("/metrics").text
        assert 'poet_texts_total{model="small",end="left"}' in metrics


def test_a_client_that_waits_and_leaves_is_not_written_for(poet):
    with (
        running({"small": poet}, places=1, waiting=4) as server,
        server.client() as client,
    ):
        with streaming(client, LONG):
            host, port = server.url.removeprefix("http://").split(":")
            content = json.dumps(LONG).encode()
            head = "POST /api/write HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
                wait_until(lambda: server.engine.figures.waiting == 1)
        wait_until(lambda: not server.engine.figures.running and not server.engine.figures.waiting, seconds=3)


def test_a_full_server_is_busy_and_says_when_to_come_back(poet):
    with few_places(poet, 1, 1) as server, server.client() as one, server.client() as two, server.client() as three:
        with streaming(one, LONG), two.stream("POST", "/api/write", json=LONG):
            wait_until(lambda: server.engine.figures.waiting == 1)
            answer = three.post("/api/write", json=SHORT)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")
            assert int(answer.headers["retry-after"]) >= 1
            body = {"model": "small", "prompt": ["a", "b"], "n": 2}
            assert three.post("/v1/completions", json=body).status_code == 503
            health = three.get("/health")
            assert (health.status_code, health.json()["status"]) == (200, "ok"), "busy is not ill"
            assert health.json()["models"]["small"]["running"] == 1
        # Both have left, so there is room again.
        wait_until(lambda: three.post("/api/write", json=SHORT).status_code == 200, seconds=3)


def test_a_request_of_several_texts_takes_all_places_or_none(poet):
    with (
        running({"small": poet}, places=1, waiting=1) as server,
        server.client() as client,
    ):
        body = {"model": "small", "prompt": ["the ", "old "], "n": 2, "max_tokens": 4}
        assert client.post("/v1/completions", json=body).status_code == 503
        wait_until(lambda: not server.engine.figures.running and not server.engine.figures.waiting)
        assert client.post("/v1/completions", json=body | {"n": 1}).status_code == 200


def test_a_server_that_ends_finishes_what_streams_and_takes_nothing_new(poet):
    with running({"small": poet}, grace=20) as server, server.client() as one, server.client() as two:
        two.get("/health")  # an open connection: a new one may come too late
        body = {"prompt": "the old ", "settings": {"tokens": 200, "seed": 3}}
        with streaming(one, body) as (_, lines):
            server.server.begin_to_end()
            answer = two.post("/api/write", json=SHORT)
            assert (answer.status_code, answer.json()["error"]["message"]) == (503, "the server is about to end.")
            assert int(answer.headers["retry-after"]) >= 1
            health = two.get("/health")
            assert (health.status_code, health.json()["status"]) == (503, "ending")
            rest = list(lines)
        assert any('"reason": "length"' in line for line in rest[-3:]), rest[-3:]
    with pytest.raises(httpx.TransportError):
        httpx.get(server.url)


def test_a_text_that_takes_longer_than_the_grace_is_stopped(poet):
    with running({"small": poet}, grace=0.2) as server, server.client() as client:
        with streaming(client, LONG) as (_, lines):
            begin = time.monotonic()
            server.server.begin_to_end()
            rest = list(lines)
            assert time.monotonic() - begin < 5
        assert any('"reason": "stopped"' in line for line in rest[-3:]), rest[-3:]


def test_one_thread_for_each_engine_and_none_is_left(poet):
    before = threading.active_count()
    with running({"one": poet, "two": poet}) as server, server.client() as client:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            bodies = [SHORT | {"model": name} for name in ("one", "two")] * 2
            texts = list(pool.map(lambda body: text_of(parse(client.post("/api/write", json=body).text)), bodies))
        assert len(set(texts)) == 1, "two engines of one model write the same"
    wait_until(lambda: threading.active_count() <= before)
