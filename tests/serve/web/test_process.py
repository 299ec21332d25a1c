"""`poet serve` as a process: a signal ends it when its texts are finished, a second one at once, and a new server takes
the place of one that was killed.
"""

import asyncio
import signal
import socket
import time

import httpx
import pytest

from poet.serve.web.running import listen
from tests.serve.process import served
from tests.serve.web.running import LONG, SHORT, alone, parse, small_poet, streaming, text_of


@pytest.fixture(scope="module")
def poet(trained):
    return small_poet(trained)


@pytest.fixture(scope="module")
def options(trained):
    """The options of `poet serve` here, besides its port."""
    return "--model", trained / "model", "--index", trained / "index", "--per-minute", 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_when_its_texts_are_finished(options, poet, number):
    with served(*options, "--grace", "50") as (process, url):
        with httpx.Client(base_url=url, timeout=30) as client:
            body = {"prompt": "the old ", "settings": {"tokens": 150, "seed": 3}}
            with streaming(client, body, events=0) as (_, lines):
                first = next(lines)
                process.send_signal(number)
                rest = "\n".join([first, *lines])
                assert text_of(parse(rest + "\n")) == alone(poet, "the old ", max_new_tokens=150, seed=3)
        assert process.wait(60) == 0
        assert process.stdout.read() == "The server has ended.\n" and process.stderr.read() == ""


def test_a_second_signal_ends_it_at_once(options):
    with (
        served(*options, "--grace", "60") as (process, url),
        httpx.Client(base_url=url, timeout=30) as client,
        streaming(client, LONG),
    ):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def test_a_killed_server_breaks_off_and_a_new_one_takes_its_port_and_writes_the_same(options):
    with served(*options) as (process, url):
        with httpx.Client(base_url=url, timeout=30) as client, streaming(client, LONG) as (_, lines):
            process.kill()
            with pytest.raises(httpx.TransportError):
                list(lines)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/health")
    with served(*options, port=url.rpartition(":")[2]) as (_, again):
        assert again == url
        texts = [text_of(parse(httpx.post(f"{url}/api/write", json=SHORT, timeout=30).text)) for _ in range(2)]
        assert texts[0] == texts[1] != ""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_what_is_written_leaves_at_once(host):
    """Nagle's algorithm kept the first token of each text back until the client's delayed ACK, 40 ms later."""

    async def without_delay():
        sent_at_once = asyncio.get_running_loop().create_future()

        def connected(_, writer):
            connection = writer.get_extra_info("socket")
            sent_at_once.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listen(host, 0) as listener:
            async with await asyncio.start_server(connected, sock=listener):
                _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
                found = await asyncio.wait_for(sent_at_once, 30)
                writer.close()
        return found

    assert asyncio.run(without_delay()) != 0
