"""Several processes that want one book or one catalog: one fetches it, the others wait for it."""

import gzip
import os
import signal
import subprocess
import sys
import time

import pytest

from poet.sources.gutenberg import cache
from poet.sources.gutenberg.mirrors import Mirrors
from tests.clone import ROOT
from tests.sources.gutenberg.policy import FAST
from tests.sources.gutenberg.small_mirror import CATALOG
from tests.sources.server import Server

BOOK = b"To be, or not to be: that is the question.\n" * 5000
PLACE = "/cache/epub/7/pg7.txt"
CATALOG_PLACE = "/cache/epub/feeds/pg_catalog.csv.gz"

# What one process does, with the address of the mirror as its argument. It prints the hash of what it got.
GET_BOOK = """
import sys
from poet.files import sha256
from poet.sources.gutenberg.mirrors import Mirrors
print(sha256(Mirrors(sys.argv[1:], max_bytes=10**6).find_book(7).path))
"""
GET_CATALOG = GET_BOOK.replace("find_book(7)", "catalogs([]).__next__()")


@pytest.fixture
def server():
    with Server() as server:
        server.files[PLACE] = BOOK
        server.files[CATALOG_PLACE] = gzip.compress(CATALOG.encode() * 100)
        yield server


def start(code, server):
    command = [sys.executable, "-c", code, server.address]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("code", "place"), [(GET_BOOK, PLACE), (GET_CATALOG, CATALOG_PLACE)], ids=["book", "catalog"])
@pytest.mark.parametrize("attempt", range(3))
def test_processes_take_turns(server, code, place, attempt):
    # The body takes a while, so that all of them want it at the same time.
    server.script[place] = ["slow 1.5"]
    processes = [start(code, server) for _ in range(3)]
    results = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], results
    (stored,) = [path for path in cache.cache_folder().rglob("*") if path.suffix in (".txt", ".gz")]
    assert stored.read_bytes() == server.files[place]
    assert len({output for output, _ in results}) == 1
    assert server.requested == [place]
    assert not list(cache.cache_folder().rglob("*.part"))


def test_a_killed_process_blocks_nobody_and_its_part_is_resumed(server):
    server.script[PLACE] = ["slow 30"]
    process = start(GET_BOOK, server)
    assert server.stalled.wait(30)
    part = cache.book_path(7).with_name("7.txt.part")
    while not part.exists() or not part.stat().st_size:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    found = Mirrors([server.address], max_bytes=10**6, policy=FAST).find_book(7)
    assert found.path.read_bytes() == BOOK
    assert "Range" in server.headers[-1]


def test_a_process_that_waits_says_for_what(server, monkeypatch, capsys):
    monkeypatch.setattr(cache, "QUIET_WAIT", 0.05)
    server.script[PLACE] = ["slow 1"]
    process = start(GET_BOOK, server)
    assert server.stalled.wait(30)
    assert Mirrors([server.address], max_bytes=10**6, policy=FAST).find_book(7).path.read_bytes() == BOOK
    assert process.wait(30) == 0
    process.communicate()
    assert "waits for another process, which is fetching 7.txt" in capsys.readouterr().err
