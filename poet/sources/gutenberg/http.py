"""Files over HTTP from servers that are busy, far away or wrong: polite, patient, suspicious, and never twice.

`Fetcher.fetch` waits between requests to a public host, tries again when the server is busy or the connection drops,
goes on where an interrupted body stopped, and refuses what cannot be a book.
"""

import email.utils
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import requests

from poet.files import replacing

USER_AGENT = "torch-transformer-poet/0.1 (trains small language models on books; one request every two seconds)"

BUSY = {429, 500, 502, 503, 504}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
MOST_REDIRECTS = 5

# Bytes written at once; what a dropped connection leaves of an unfinished piece is lost, so they are small.
PIECE = 1 << 12


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds and counts of politeness; tests shorten them."""

    pause: float = 2.0  # between two requests to one public host, as Gutenberg asks of robots
    connect: float = 10.0
    read: float = 60.0  # between two pieces of a body
    tries: int = 4
    backoff: float = 2.0  # before the second try, doubled for each further one
    longest_wait: float = 120.0  # even if Retry-After asks for more


class NotServed(Exception):
    """The server answered, and does not have the file; or what it has cannot be a book. The message is the reason."""


class Unreachable(Exception):
    """The file could not be had for now: no connection, or a server that stays busy. The message is the reason."""


@dataclass(kw_only=True)
class Fetcher:
    """Fetches files of at most `limit` bytes; one object per run, so that its pauses hold for all requests."""

    session: requests.Session
    limit: int
    patience: Patience = field(default_factory=Patience)
    _free_at: dict[str, float] = field(default_factory=dict)  # host: time.monotonic() from which it may be asked again

    def fetch(self, address: str, path: Path) -> None:
        """Write the body at `address` to `path`; raises NotServed or Unreachable.

        An interrupted body waits in `<path>.part` and is gone on with, if the server vouches that it is still the same.
        """
        for attempt in range(self.patience.tries):
            last = attempt == self.patience.tries - 1
            try:
                wait = self._try(address, path)
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
                if last:
                    raise Unreachable(_reason(error)) from None
                wait = 0.0
            if wait is None:
                return
            if last:
                raise Unreachable("the server stayed busy")
            time.sleep(min(max(wait, self._backoff(attempt)), self.patience.longest_wait))

    def _backoff(self, attempt: int) -> float:
        # A little chance keeps many clients from coming back at the same moment; it has no influence on any result.
        return self.patience.backoff * float(2**attempt) * (1 + random.random() / 10)

    def _try(self, address: str, path: Path) -> float | None:
        """One request: None when the file is there, else the seconds that the server asks to wait."""
        part = _Part(address, path)
        with self._request(address, part.headers()) as response:
            if response.status_code in BUSY:
                return _retry_after(response)
            if response.status_code == 416 and not part.is_whole(response):
                part.remove()  # it does not fit the file: start again
                return 0.0
            if response.status_code != 416:
                _check_headers(response, self.limit)
                part.receive(response, self.limit)
        part.finish()
        return None

    def _request(self, address: str, headers: dict[str, str]) -> requests.Response:
        """The response after redirects, none of which may leave http(s) or go from https to http."""
        for _ in range(MOST_REDIRECTS + 1):
            self._wait_for_turn(address)
            timeout = (self.patience.connect, self.patience.read)
            headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers}
            response = self.session.get(address, headers=headers, timeout=timeout, stream=True, allow_redirects=False)
            if not response.is_redirect:
                return response
            response.close()
            target = requests.compat.urljoin(address, response.headers["Location"])
            schemes = urlsplit(address).scheme, urlsplit(target).scheme
            if schemes not in {("http", "http"), ("http", "https"), ("https", "https")}:
                raise NotServed(f"redirects to {target}, which is not followed")
            address = target
        raise NotServed("redirects in circles")

    def _wait_for_turn(self, address: str) -> None:
        host = urlsplit(address).hostname or ""
        if host in LOOPBACK:
            return
        time.sleep(max(0.0, self._free_at.get(host, 0.0) - time.monotonic()))
        self._free_at[host] = time.monotonic() + self.patience.pause


class _Part:
    """A body on its way: its bytes in `<path>.part`; in `<path>.origin` its address and what the server calls it."""

    def __init__(self, address: str, path: Path) -> None:
        self.address, self.path = address, path
        self.part = path.with_name(path.name + ".part")
        self.origin = path.with_name(path.name + ".origin")

    @property
    def size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def headers(self) -> dict[str, str]:
        """Ask for the rest only, if there is a part and a name by which the server can tell that it still fits."""
        if not (self.size and self.origin.exists()):
            return {}
        address, name = self.origin.read_text(encoding="utf-8").split("\n")
        return {"Range": f"bytes={self.size}-", "If-Range": name} if address == self.address else {}

    def is_whole(self, response: requests.Response) -> bool:
        """Whether a server that has nothing more to send (416) says that the part is all there is."""
        return response.headers.get("Content-Range", "") == f"bytes */{self.size}"

    def receive(self, response: requests.Response, limit: int) -> None:
        """Append the body, or begin anew when the server sends all of it; raises when it ends too soon."""
        resumed = response.status_code == 206
        done = self.size if resumed else 0
        expected = int(response.headers["Content-Length"]) + done if "Content-Length" in response.headers else None
        self.part.parent.mkdir(parents=True, exist_ok=True)
        # A weak ETag names a text, not its bytes, so it cannot vouch for a part.
        name = response.headers.get("ETag", "") or response.headers.get("Last-Modified", "")
        if name and not name.startswith("W/"):
            self.origin.write_text(f"{self.address}\n{name}", encoding="utf-8")
        else:
            self.origin.unlink(missing_ok=True)
        with self.part.open("ab" if resumed else "wb") as file:
            for piece in response.iter_content(PIECE):
                file.write(piece)
                done += len(piece)
                if done > limit:
                    self.remove()
                    raise NotServed(f"sends more than {limit:,} bytes (download.max_bytes)")
        if expected is not None and done < expected:
            raise requests.ConnectionError(f"the body ended after {done:,} of {expected:,} bytes")

    def finish(self) -> None:
        """Move the whole body to its place, if it can be a book."""
        with self.part.open("rb") as file:
            start = file.read(1000).lstrip().lower()
        if not start:
            self.remove()
            raise NotServed("sends an empty body")
        if start.startswith((b"<!doctype html", b"<html", b"<?xml")):
            self.remove()
            raise NotServed("sends a web page instead of a text")
        with replacing(self.path) as temporary:
            self.part.rename(temporary)
        self.origin.unlink(missing_ok=True)

    def remove(self) -> None:
        """Forget what was received."""
        self.part.unlink(missing_ok=True)
        self.origin.unlink(missing_ok=True)


def _check_headers(response: requests.Response, limit: int) -> None:
    if response.status_code not in (200, 206):
        raise NotServed(f"answers {response.status_code} {response.reason}")
    if "html" in response.headers.get("Content-Type", ""):
        raise NotServed("sends a web page instead of a text")
    length = response.headers.get("Content-Length", "0")
    if length.isdigit() and int(length) > limit:
        raise NotServed(f"has {int(length):,} bytes, more than {limit:,} (download.max_bytes)")


def _retry_after(response: requests.Response) -> float:
    """Seconds that the server asks to wait, by number or by date; 0 when it does not say."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdigit():
        return float(value)
    date = email.utils.parsedate_to_datetime(value) if value.endswith("GMT") else None
    return max(0.0, date.timestamp() - time.time()) if date else 0.0


def _reason(error: Exception) -> str:
    """The innermost cause of a connection error, which says most in the fewest words."""
    cause = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    reason = getattr(cause, "reason", cause)
    return f"cannot be reached ({type(reason).__name__}: {str(reason).rpartition(': ')[2]})"
