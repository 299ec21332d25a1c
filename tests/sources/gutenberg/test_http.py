"""Fetching over real HTTP from a server that drops, stalls, refuses, redirects and lies."""

import signal
import subprocess
import sys
import time

import pytest
import requests

from poet.sources.gutenberg import cache
from poet.sources.gutenberg.http import Fetcher, NotServed, Patience, Unreachable
from poet.sources.gutenberg.mirrors import MirrorFile, Mirrors, Missed
from tests.clone import ROOT
from tests.sources.server import Server

HASTE = Patience(pause=0.0, connect=0.5, read=0.3, tries=3, backoff=0.01, longest_wait=0.5)
BOOK = b"To be, or not to be: that is the question.\n" * 2000
PLACE = "/cache/epub/7/pg7.txt"


@pytest.fixture
def server():
    with Server() as server:
        server.files[PLACE] = BOOK
        yield server


@pytest.fixture
def fetch(server, tmp_path):
    """Fetch the book from the server; returns its bytes."""

    def fetch(path=PLACE, limit=10**6):
        Fetcher(session=requests.Session(), limit=limit, patience=HASTE).fetch(
            server.address + path, tmp_path / "book.txt"
        )
        return (tmp_path / "book.txt").read_bytes()

    yield fetch
    assert {path.name for path in tmp_path.iterdir()} <= {"book.txt", "book.txt.part", "book.txt.origin"}


def test_a_file_arrives_as_served_with_an_honest_name(server, fetch):
    assert fetch() == BOOK
    assert server.headers[0]["User-Agent"].startswith("torch-transformer-poet/")


@pytest.mark.parametrize(
    "faults",
    [
        ["drop"],
        ["drop", "drop"],
        ["nameless"],
        ["hangup"],
        ["stall 0.6"],
        ["status 503"],
        ["status 429 0"],
        ["status 502", "drop"],
    ],
)
def test_passing_faults_are_overcome(server, fetch, tmp_path, faults):
    server.script[PLACE] = list(faults)
    assert fetch() == BOOK
    assert len(server.asked) == len(faults) + 1
    assert [path.name for path in tmp_path.iterdir()] == ["book.txt"]


def test_an_interrupted_body_is_gone_on_with(server, fetch):
    server.script[PLACE] = ["drop"]
    assert fetch() == BOOK
    assert 0 < int(server.headers[1]["Range"][6:-1]) <= len(BOOK) // 2
    assert server.sent < 1.05 * len(BOOK)


def test_a_body_that_changed_meanwhile_is_fetched_whole(server, fetch):
    server.script[PLACE] = ["drop", "status 503", "status 503"]
    with pytest.raises(Unreachable):
        fetch()
    server.files[PLACE] = BOOK.upper()
    assert fetch() == BOOK.upper()


def test_a_whole_part_is_not_fetched_again(server, fetch, tmp_path):
    server.script[PLACE] = ["drop", "status 503", "status 503"]
    with pytest.raises(Unreachable):
        fetch()
    (tmp_path / "book.txt.part").write_bytes(BOOK)  # as if killed just before the last rename
    before = server.sent
    assert fetch() == BOOK
    assert server.sent == before


def test_a_part_that_is_too_long_is_forgotten(server, fetch, tmp_path):
    server.script[PLACE] = ["drop", "status 503", "status 503"]
    with pytest.raises(Unreachable):
        fetch()
    (tmp_path / "book.txt.part").write_bytes(BOOK + b"more")
    assert fetch() == BOOK


@pytest.mark.parametrize("seconds", ["0.2", "Retry"])
def test_retry_after_is_honoured(server, fetch, seconds):
    value = "0" if seconds == "Retry" else "1"
    server.script[PLACE] = [f"status 429 {value}"]
    start = time.monotonic()
    assert fetch() == BOOK
    waited = time.monotonic() - start
    assert (waited >= HASTE.longest_wait) == (value == "1"), "a second, capped at the longest wait"


def test_a_date_in_retry_after_is_understood(server, fetch):
    server.script[PLACE] = ["status 503 Fri, 31 Dec 1999 23:59:59 GMT"]
    assert fetch() == BOOK


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("status 404", "answers 404 Not Found"),
        ("status 403", "answers 403 Forbidden"),
        ("html", "a web page instead of a text"),
        ("html text/plain", "a web page instead of a text"),
        ("body ", "an empty body"),
        ("body \n \n", "an empty body"),
        ("redirect file:///etc/passwd", "redirects to file:///etc/passwd, which is not followed"),
        ("redirect ftp://example.org/x", "redirects to ftp://"),
        ("endless 2000000", "sends more than 1,000,000 bytes"),
    ],
)
def test_what_cannot_be_a_book_is_refused_at_once(server, fetch, tmp_path, fault, message):
    server.script[PLACE] = [fault]
    with pytest.raises(NotServed, match=message):
        fetch()
    assert len(server.asked) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_over_the_limit_is_refused_before_its_body(server, fetch):
    with pytest.raises(NotServed, match="86,000 bytes, more than 1,000"):
        fetch(limit=1000)


def test_redirects_are_followed_within_reason(server, fetch):
    server.script["/moved"] = [f"redirect {PLACE}"]
    assert fetch("/moved") == BOOK
    server.script["/circle"] = ["redirect /circle"] * 20
    with pytest.raises(NotServed, match="in circles"):
        fetch("/circle")


@pytest.mark.parametrize("fault", ["drop", "stall 0.6", "status 503", "hangup"])
def test_lasting_faults_end_in_one_error(server, fetch, fault):
    server.script[PLACE] = [fault] * 10
    with pytest.raises(Unreachable):
        fetch()
    assert len(server.asked) == HASTE.tries


def test_requests_to_a_public_host_keep_their_distance(monkeypatch):
    slept, clock = [], [100.0]
    monkeypatch.setattr("poet.sources.gutenberg.http.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("poet.sources.gutenberg.http.time.sleep", slept.append)
    fetcher = Fetcher(session=requests.Session(), limit=1, patience=Patience(pause=2.0))
    fetcher._wait_for_turn("https://mirror.example/a")
    clock[0] += 0.5
    fetcher._wait_for_turn("https://mirror.example/b")
    fetcher._wait_for_turn("https://other.example/b")
    fetcher._wait_for_turn("http://127.0.0.1:80/a")
    assert slept == [0.0, 1.5, 0.0]


def test_a_mirror_that_fails_gives_way_to_the_next(server):
    server.script[PLACE] = ["html"]
    mirrors = Mirrors(["http://127.0.0.1:1", server.address], max_bytes=10**6, patience=HASTE)
    server.files["/0/7/7-0.txt"] = BOOK
    found = mirrors.find_book(7)
    assert isinstance(found, MirrorFile)
    assert (found.source, found.path.read_bytes()) == ("0/7/7-0.txt", BOOK)


def test_a_server_that_is_gone_is_not_asked_for_every_file(server):
    server.script[PLACE] = ["status 503"] * 9
    mirrors = Mirrors([server.address], max_bytes=10**6, patience=HASTE)
    assert len(mirrors.find_book(7).tried) == 4
    assert len(mirrors.find_book(8).tried) == 4
    assert len(server.asked) == HASTE.tries


def test_every_address_is_told_with_its_reason(server, tmp_path):
    mirrors = Mirrors([str(tmp_path), server.address], max_bytes=10**6, patience=HASTE)
    missed = mirrors.find_book(8)
    assert isinstance(missed, Missed)
    assert len(missed.tried) == 8
    assert missed.tried[0] == f"{tmp_path}/cache/epub/8/pg8.txt does not exist"
    assert missed.tried[4] == f"{server.address}/cache/epub/8/pg8.txt answers 404 Not Found"


def test_a_damaged_cache_entry_is_fetched_anew(server):
    mirrors = Mirrors([server.address], max_bytes=10**6, patience=HASTE)
    path = mirrors.find_book(7).path
    path.write_bytes(b"damaged")
    assert mirrors.find_book(7).path.read_bytes() == BOOK
    assert len(server.asked) == 2


def test_a_download_killed_anywhere_loses_and_repeats_nothing(server, tmp_path):
    """The real stage on three books, killed while the second is on its way, then run again."""
    for number in (7, 8, 9):
        server.files[f"/cache/epub/{number}/pg{number}.txt"] = b"Title: A book\n\n" + BOOK
    server.script["/cache/epub/8/pg8.txt"] = ["stall 30"]
    params = (ROOT / "params.yaml").read_text(encoding="utf-8")
    shelf = "collections:\n  x:\n    title: X\n    sources:\n      - {kind: gutenberg, ids: [7, 8, 9]}\n"
    params = params.replace("collections:\n", shelf).replace("https://gutenberg.pglaf.org", server.address)
    (tmp_path / "params.yaml").write_text(params, encoding="utf-8")
    command = [sys.executable, "-m", "stages.download", "--params", str(tmp_path / "params.yaml")]
    command += ["--collection", "x", "--out", str(tmp_path / "raw")]
    with subprocess.Popen(command, cwd=ROOT) as process:
        assert server.stalled.wait(60)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "raw").exists()
    assert cache.find_book(7) is not None
    server.asked.clear()
    subprocess.run(command, cwd=ROOT, check=True)
    assert server.asked == ["/cache/epub/8/pg8.txt", "/cache/epub/9/pg9.txt"]
    assert {path.name for path in (tmp_path / "raw").iterdir()} == {
        "7.txt",
        "8.txt",
        "9.txt",
        "manifest.csv",
        "missing.csv",
    }


def test_a_kill_between_a_file_and_its_hash_is_mended(server):
    mirrors = Mirrors([server.address], max_bytes=10**6, patience=HASTE)
    found = mirrors.find_book(7)
    cache.expect_book(7, found.source)  # what the entry looks like then
    assert mirrors.find_book(7) == found
    assert len(server.asked) == 1
