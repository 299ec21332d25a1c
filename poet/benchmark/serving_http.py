"""How fast a running server answers several readers at once over HTTP: `python -m poet.benchmark.serving_http --help`.

Each reader is a thread with a connection of its own, which asks for one text after the other and reads its events as a
page does. Readers on the server's machine take processor time from it, so the figures are a lower limit.
"""

import json
import random
import threading
import time
from dataclasses import dataclass, field

import click
import requests

from poet.benchmark.serving import ALTERNATIVES, Load, Served, summarize, table
from poet.errors import PoetError

LOADS = tuple(
    Load(readers=readers, trace=trace, alternatives=ALTERNATIVES if trace else 0)
    for trace in (False, True)
    for readers in (1, 4, 16)
)

# Seconds that a server may be silent.
PATIENCE = 30


@dataclass
class Reader:
    """What one reader saw: milliseconds to the first tokens of its texts and between later ones, tokens in time."""

    firsts: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    counted: int = 0


@click.command(epilog="Example: python -m poet.benchmark.serving_http --url http://127.0.0.1:8000")
@click.option("--url", required=True, help="The address that `poet serve --per-minute 0` printed.")
@click.option("--seconds", type=click.FloatRange(0.5), default=5.0, show_default=True, help="Time for each load.")
def main(url: str, seconds: float) -> None:
    """Print what a running server reaches with 1, 4 and 16 readers, bare and as the page asks, as a table."""
    found = [serve(url.rstrip("/"), load, seconds) for load in LOADS]
    click.echo("\n".join(table(found)))


def serve(url: str, load: Load, seconds: float) -> Served:
    """Let `load.readers` readers read for `seconds` seconds; PoetError when the server refuses or is gone."""
    # The first texts meet a cold processor, and no batch is full yet.
    warm = time.perf_counter() + min(1.0, seconds / 4)
    end = warm + seconds
    readers, faults = [Reader() for _ in range(load.readers)], []

    def read(number: int) -> None:
        source = random.Random(number)
        try:
            with requests.Session() as session:
                # The settings of a machine's proxy are not for this.
                session.trust_env = False
                while time.perf_counter() < end:
                    read_text(session, url, load, source, readers[number], warm, end)
        except (requests.RequestException, ValueError) as error:
            faults.append(str(error))
        except (KeyError, TypeError):
            faults.append("its answers are not those of `poet serve`")

    threads = [threading.Thread(target=read, args=(number,)) for number in range(load.readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    firsts, gaps = ([value for reader in readers for value in getattr(reader, name)] for name in ("firsts", "gaps"))
    if faults or not firsts:
        raise PoetError(
            f"{url} did not serve {load.readers} readers: {faults[0] if faults else 'it wrote no token'}. Start it "
            "with `poet serve --per-minute 0`, and give the address that it prints"
        )
    return summarize(load, firsts, gaps, sum(reader.counted for reader in readers) / seconds)


def read_text(
    session: requests.Session, url: str, load: Load, source: random.Random, reader: Reader, warm: float, end: float
) -> None:
    """Ask for one text that begins with a line of a book, and read it to its end or to `end`.

    ValueError if the server breaks the text off with an error; KeyError or TypeError for answers of another server.
    """
    line = session.get(f"{url}/api/line", timeout=PATIENCE)
    line.raise_for_status()
    settings = {"tokens": source.randrange(100, 300), "seed": source.randrange(10**6)}
    body = {"prompt": line.json()["text"], "settings": settings, "trace": load.trace, "alternatives": load.alternatives}
    begin = last = time.perf_counter()
    with session.post(f"{url}/api/write", json=body, stream=True, timeout=PATIENCE) as answer:
        answer.raise_for_status()
        is_first, name = True, ""
        for event in answer.iter_lines(chunk_size=1024):
            if event.startswith(b"event: "):
                name = event.removeprefix(b"event: ").decode()
            elif name == "token" and event.startswith(b"data: "):
                json.loads(event.removeprefix(b"data: "))  # a page reads it, too
                now = time.perf_counter()
                reader.counted += warm <= now < end
                (reader.firsts if is_first else reader.gaps).append(1000 * (now - (begin if is_first else last)))
                is_first, last = False, now
            elif name == "error" and event.startswith(b"data: "):
                # The status was 200 before anything went wrong.
                raise ValueError(json.loads(event.removeprefix(b"data: "))["message"])
            if time.perf_counter() >= end:
                return


if __name__ == "__main__":
    main()
