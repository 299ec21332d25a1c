"""`poet serve` as a process: a signal ends it when its texts are finished, a second one at once, and a new server takes
the place of one that was killed.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

from tests.clone import ROOT
from tests.serve.web.running import LONG, SHORT, alone, parse, small_poet, streaming, text_of


@pytest.fixture(scope="module")
def poet(trained):
    return small_poet(trained)


@contextlib.contextmanager
def served(trained, *options):
    """`poet serve` in a process of its own, and its address."""
    command = [sys.executable, "-m", "poet.cli", "serve", "--model", str(trained / "model"), "--per-minute", "0"]
    process = subprocess.Popen(
        [*command, "--index", str(trained / "index"), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("model: http://127.0.0.1:"), line + process.stderr.read()
        yield process, line.split()[1].rstrip("/")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_when_its_texts_are_finished(trained, poet, number):
    with served(trained, "--port", "0", "--grace", "20") as (process, url):
        with httpx.Client(base_url=url, timeout=30) as client:
            body = {"prompt": "the old ", "settings": {"tokens": 150, "seed": 3}}
            with streaming(client, body, events=0) as (_, lines):
                first = next(lines)
                process.send_signal(number)
                rest = "\n".join([first, *lines])
                assert text_of(parse(rest + "\n")) == alone(poet, "the old ", max_new_tokens=150, seed=3)
        assert process.wait(20) == 0
        assert process.stdout.read() == "The server has ended.\n" and process.stderr.read() == ""


def test_a_second_signal_ends_it_at_once(trained):
    with (
        served(trained, "--port", "0", "--grace", "60") as (process, url),
        httpx.Client(base_url=url, timeout=30) as client,
        streaming(client, LONG),
    ):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def test_a_killed_server_breaks_off_and_a_new_one_takes_its_port_and_writes_the_same(trained):
    with served(trained, "--port", "0") as (process, url):
        with httpx.Client(base_url=url, timeout=30) as client, streaming(client, LONG) as (_, lines):
            process.kill()
            with pytest.raises(httpx.TransportError):
                list(lines)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/health")
    with served(trained, "--port", url.rpartition(":")[2]) as (_, again):
        assert again == url
        texts = [text_of(parse(httpx.post(f"{url}/api/write", json=SHORT, timeout=30).text)) for _ in range(2)]
        assert texts[0] == texts[1] != ""
