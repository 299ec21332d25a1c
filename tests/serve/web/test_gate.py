"""What passes the gate: the right host, the token, JSON of a size, not too often. And what every answer has."""

import base64
import hashlib
import re
import socket
import time

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.serve.web.gate import Gate
from poet.serve.web.limits import Limits, RateLimiter
from tests.serve.web.running import LIMITS, parse, running, small_poet, text_of

SECRET = "a-token-that-nobody-guesses"
BODY = {"prompt": "the old ", "settings": {"tokens": 5}}
ADDRESSES = ("/", "/api/facts", "/health", "/metrics", "/openapi.json", "/v1/models", "/nowhere", "/api/write")


@pytest.fixture(scope="module")
def poet(trained):
    return small_poet(trained)


@pytest.fixture(scope="module")
def server(poet):
    with running({"small": poet}, limits=Limits(per_minute=0, body=20_000, body_seconds=0.5)) as server:
        yield server


def raw(server, head, body=b"", *, wait=5.0):
    """What the server answers to bytes."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=wait) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode("latin-1") + body)
        answer = b""
        while b"\r\n\r\n" not in answer and (more := connection.recv(65536)):
            answer += more
        return answer.decode("latin-1")


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_answer_has_the_headers_that_keep_browsers_strict(server, path):
    with server.client() as client:
        # Also to a page of somebody else, which would be allowed by Access-Control headers only.
        answer = client.get(path, headers={"origin": "https://evil.example"})
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "*" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_policy_of_the_page_names_its_script_and_its_style(server):
    with server.client() as client:
        answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    found = re.findall(r"<(script|style)>(.*?)</\1>", answer.text, re.DOTALL)
    assert {kind for kind, _ in found} == {"script", "style"}
    for kind, content in found:
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "connect-src 'self'" in policy


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "", "localhost.", "[::2]:80"])
def test_another_host_is_refused(server, host):
    assert raw(server, f"GET /api/facts HTTP/1.1\nHost: {host}\n\n").startswith("HTTP/1.1 421 ")
    assert raw(server, f"POST /api/write HTTP/1.1\nHost: {host}\nContent-Length: 0\n\n").startswith("HTTP/1.1 421 ")


@pytest.mark.parametrize("host", ["localhost:80", "LOCALHOST", "127.0.0.1", "[::1]:9"])
def test_names_of_this_machine_are_taken(server, host):
    assert raw(server, f"GET /api/facts HTTP/1.1\nHost: {host}\n\n").startswith("HTTP/1.1 200 ")


def test_only_json_is_read(server):
    with server.client() as client:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            answer = client.post("/api/write", content=b'{"prompt": "a"}', headers={"content-type": kind})
            assert answer.status_code == 415, kind
        # What a browser asks before another page may send JSON is not answered.
        preflight = client.options("/api/write", headers={"access-control-request-method": "POST", "origin": "null"})
        assert preflight.status_code == 405


def test_a_large_body_is_refused_before_it_is_read_or_while_it_is(server):
    with server.client() as client:
        megabyte = b'{"prompt": "' + b"a" * 1_000_000 + b'"}'
        kind = {"content-type": "application/json"}
        answer = client.post("/api/write", content=megabyte, headers=kind)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
        # In chunks, nobody says beforehand how large it is.
        answer = client.post("/api/write", content=iter([megabyte[:10_000]] * 100), headers=kind)
        assert answer.status_code == 413
        assert client.post("/api/write", json=BODY).status_code == 200, "and the server goes on"


def test_a_body_that_does_not_arrive_is_given_up(server):
    begin = time.monotonic()
    head = "POST /api/write HTTP/1.1\nHost: localhost\nContent-Type: application/json\nContent-Length: 50\n\n"
    assert raw(server, head, b"{").startswith("HTTP/1.1 408 ")
    assert 0.4 < time.monotonic() - begin < 4


@pytest.mark.parametrize("head", ["GET / HTTP/1.1\nHost : x\n\n", "\0\0\0\n\n", "GET /\xff HTTP/1.1\nHost: a\n\n"])
def test_what_is_no_http_is_no_harm(server, head):
    assert raw(server, head).split("\r\n")[0] in {"HTTP/1.1 400 Bad Request", "HTTP/1.1 421 Misdirected Request", ""}
    with server.client() as client:
        assert client.get("/health").json()["status"] == "ok"


def test_a_client_that_asks_too_often_waits(poet):
    with running({"small": poet}, limits=Limits(per_minute=4)) as server, server.client() as client:
        answers = [client.post("/api/write", json=BODY) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        wait = answers[-1]
        assert 1 <= int(wait.headers["retry-after"]) <= 15
        assert (wait.json()["error"]["type"], wait.json()["error"]["code"]) == (
            "rate_limit_error",
            "rate_limit_exceeded",
        )
        assert client.get("/api/facts").status_code == 200, "what costs nothing is not counted"


@pytest.mark.parametrize(("proxies", "expected"), [("127.0.0.1", [200, 200]), ("", [200, 429])])
def test_only_a_named_proxy_says_whose_request_it_is(poet, proxies, expected):
    with (
        running({"small": poet}, limits=Limits(per_minute=1), proxies=proxies) as server,
        server.client() as client,
    ):
        answers = [
            client.post("/api/write", json=BODY, headers={"x-forwarded-for": f"10.0.0.{number}"}) for number in (1, 2)
        ]
        assert [answer.status_code for answer in answers] == expected


@given(
    per_minute=st.integers(1, 300),
    steps=st.lists(st.tuples(st.floats(0, 30), st.sampled_from(["a", "b"])), max_size=60),
)
def test_no_client_gets_more_than_its_rate_and_waiting_helps(per_minute, steps):
    now = [0.0]
    limiter, allowed = RateLimiter(per_minute, clock=lambda: now[0]), {"a": [], "b": []}
    for seconds, client in steps:
        now[0] += seconds
        wait = limiter.seconds_to_wait(client)
        if wait:
            now[0] += wait
            assert limiter.seconds_to_wait(client) == 0, "who waits as told gets through"
        allowed[client].append(now[0])
    burst = max(1.0, per_minute / 2)
    for times in allowed.values():
        for first, start in enumerate(times):
            for last, end in enumerate(times[first:], start=first):
                assert last - first + 1 <= burst + (end - start) * per_minute / 60 + 1e-6


def test_the_limiter_forgets_clients_and_one_network_is_one_client():
    limiter = RateLimiter(2, clock=lambda: 0.0)
    assert [limiter.seconds_to_wait(f"2001:db8::{number:x}") for number in range(2)] == [0, 30]
    for number in range(20_000):
        limiter.seconds_to_wait(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(limiter._left) == 10_000


def test_without_the_token_there_is_the_page_and_nothing_else(poet, caplog, capfd):
    with running({"small": poet}, limits=LIMITS, token=SECRET) as server, server.client() as client:
        wrong = {
            "Bearer x",
            f"Bearer {SECRET}x",
            f"Basic {SECRET}",
            SECRET,
            "Bearer",
            f"bearer {SECRET[:-1]}",
            "Bearer é",
        }
        for path in ADDRESSES:
            for value in wrong:
                answer = client.get(path, headers={"authorization": value.encode("latin-1")})
                if path in {"/", "/health"}:
                    assert answer.status_code == 200
                else:
                    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
                    assert answer.json()["error"]["type"] == "authentication_error"
                assert SECRET not in answer.text
        assert client.post("/api/write", json=BODY).status_code == 401
        right = {"authorization": f"Bearer {SECRET}"}
        assert client.get("/api/facts", headers=right).status_code == 200
        assert text_of(parse(client.post("/api/write", json=BODY, headers=right).text))
        described = client.get("/openapi.json", headers=right).json()
        assert described["paths"]["/api/write"]["post"]["security"] == [{"bearer": []}]
        assert "security" not in described["paths"]["/health"]["get"]
    assert SECRET not in caplog.text + "".join(capfd.readouterr()) and SECRET not in repr(httpx)


def test_a_mistake_of_ours_is_told_without_its_words(poet, capfd, monkeypatch):
    monkeypatch.setattr("poet.serve.web.offer.Offered.facts", lambda self: {}["the secret of the house"])
    with running({"small": poet}) as server, server.client() as client:
        answer = client.get("/api/facts")
        assert (answer.status_code, answer.json()["error"]["type"]) == (500, "server_error")
        assert "secret of the house" not in answer.text and "nosniff" in answer.headers["x-content-type-options"]
        assert 'status="500"' in client.get("/metrics").text
    assert "secret of the house" in capfd.readouterr().err, "the log of the server has it"


def test_a_gate_does_not_show_its_token():
    assert SECRET not in repr(Gate(token=SECRET))
