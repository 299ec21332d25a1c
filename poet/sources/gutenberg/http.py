"""Files over HTTP, from servers that may be busy, slow or wrong.

`HttpClient.fetch` pauses between two requests to a public host, retries when the server is busy or the connection
drops, resumes an interrupted body where it stopped, and refuses a response that cannot be a book.
"""

import email.utils
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import requests

from poet.files import replacing

# Names the program and its request rate to the operator of a mirror; the rate is that of RequestPolicy.pause.
USER_AGENT = "torch-transformer-poet/0.1 (trains small language models on books; one request every two seconds)"

# Status codes that a later request may not get: too many requests, and failures of the server.
RETRIED_STATUS = {429, 500, 502, 503, 504}

# The names of this machine. Its own server needs no pause between requests.
LOOPBACK = {"localhost", "127.0.0.1", "::1"}

# A longer chain of redirects is taken for a circle. Useful ones lead from http to https, or to another host.
MAX_REDIRECTS = 5

# Bytes that are received before they are written. A dropped connection loses the chunk that was not complete, so chunks
# are small.
CHUNK_BYTES = 1 << 12


@dataclass(frozen=True, kw_only=True)
class RequestPolicy:
    """Pauses, timeouts and retries, in seconds; `tries` is a count."""

    # Between the beginnings of two requests to one public host. Gutenberg asks robots to wait two seconds.
    pause: float = 2.0
    # Until a connection is made, and between two chunks of a body.
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    # Requests for one file before its server counts as unreachable.
    tries: int = 4
    # Before the second try; doubled before each further one.
    backoff: float = 2.0
    # The longest wait before a retry, even if the server asks for more.
    max_wait: float = 120.0


class UnusableResponse(Exception):
    """The server answered, but not with a book: it has no such file, or a wrong one. The message is the reason."""


class ServerUnreachable(Exception):
    """The server did not deliver in any of the tries: no connection, or it stays busy. The message is the reason."""


class _Retry(Exception):
    """This request failed, and the next may succeed after `wait` seconds. The message is the reason."""

    def __init__(self, reason: str, wait: float) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(kw_only=True)
class HttpClient:
    """Fetches files of at most `max_bytes` bytes. One object serves all requests, because it keeps their pauses."""

    session: requests.Session
    max_bytes: int
    policy: RequestPolicy = field(default_factory=RequestPolicy)
    # Host: the time.monotonic() from which it may be sent the next request.
    _next_request: dict[str, float] = field(default_factory=dict)

    def fetch(self, url: str, path: Path) -> None:
        """Write the body at `url` to `path`; raises UnusableResponse or ServerUnreachable.

        An interrupted body stays in `<path>.part`. The next call resumes it, if the server confirms that the file is
        still the same.
        """
        reason = ""
        for attempt in range(self.policy.tries):
            try:
                self._fetch_once(url, path)
                return
            except _Retry as error:
                wait, reason = error.wait, str(error)
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
                wait, reason = 0.0, _connection_problem(error)
            if attempt + 1 < self.policy.tries:
                time.sleep(min(max(wait, self._backoff(attempt)), self.policy.max_wait))
        raise ServerUnreachable(reason)

    def _backoff(self, attempt: int) -> float:
        """Seconds before the retry that follows `attempt` (from 0): 2, 4, 8, ... with the default policy."""
        # Up to a tenth longer by chance, so that many clients do not return at the same moment. This randomness has no
        # influence on any result.
        return self.policy.backoff * float(2**attempt) * (1 + random.random() / 10)

    def _fetch_once(self, url: str, path: Path) -> None:
        """One try of `fetch`; raises _Retry where another may help."""
        partial = _PartialFile(url, path)
        with self._request(url, partial.range_headers()) as response:
            if response.status_code in RETRIED_STATUS:
                raise _Retry("the server stayed busy", _retry_after(response))
            # 416: the server has no byte after those that were received. Either the partial file is complete, or it is
            # not a part of the server's file, and the next try begins anew.
            if response.status_code == 416 and not partial.is_complete(response):
                partial.remove()
                raise _Retry("the server has less of the file than was received before", 0.0)
            if response.status_code != 416:
                _check_headers(response, self.max_bytes)
                partial.receive(response, self.max_bytes)
        partial.finish()

    def _request(self, url: str, headers: dict[str, str]) -> requests.Response:
        """The response after redirects, none of which may leave http(s) or lead from https to http."""
        # Without "identity" a server may compress the body, and byte ranges would count compressed bytes.
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers}
        timeout = (self.policy.connect_timeout, self.policy.read_timeout)
        for _ in range(MAX_REDIRECTS + 1):
            self._wait_for_turn(url)
            response = self.session.get(url, headers=headers, timeout=timeout, stream=True, allow_redirects=False)
            if not response.is_redirect:
                return response
            response.close()
            target = requests.compat.urljoin(url, response.headers["Location"])
            schemes = urlsplit(url).scheme, urlsplit(target).scheme
            if schemes not in {("http", "http"), ("http", "https"), ("https", "https")}:
                raise UnusableResponse(f"redirects to {target}, which is not followed")
            url = target
        raise UnusableResponse("redirects in circles")

    def _wait_for_turn(self, url: str) -> None:
        """Sleep until the host of `url` may be sent the next request."""
        host = urlsplit(url).hostname or ""
        if host in LOOPBACK:
            return
        time.sleep(max(0.0, self._next_request.get(host, 0.0) - time.monotonic()))
        self._next_request[host] = time.monotonic() + self.policy.pause


class _PartialFile:
    """A body while it is received: its bytes in `<path>.part`; its url and its version in `<path>.origin`."""

    def __init__(self, url: str, path: Path) -> None:
        self.url, self.path = url, path
        self.part = path.with_name(path.name + ".part")
        self.origin = path.with_name(path.name + ".origin")

    @property
    def size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def range_headers(self) -> dict[str, str]:
        """The headers that ask for the missing bytes only; none if there is nothing to resume.

        `If-Range` carries the version: a server whose file has changed since then sends all of it.
        """
        if not (self.size and self.origin.exists()):
            return {}
        url, version = self.origin.read_text(encoding="utf-8").split("\n")
        return {"Range": f"bytes={self.size}-", "If-Range": version} if url == self.url else {}

    def is_complete(self, response: requests.Response) -> bool:
        """Whether a response with status 416 says that the file is as long as what was received."""
        return response.headers.get("Content-Range", "") == f"bytes */{self.size}"

    def receive(self, response: requests.Response, max_bytes: int) -> None:
        """Append the body, or begin anew if the server sends all of it.

        Raises requests.ConnectionError when the body ends too soon, UnusableResponse when it is too long.
        """
        resumed = response.status_code == 206
        done = self.size if resumed else 0
        expected = int(response.headers["Content-Length"]) + done if "Content-Length" in response.headers else None
        self.part.parent.mkdir(parents=True, exist_ok=True)
        self._remember_version(response)
        with self.part.open("ab" if resumed else "wb") as file:
            for chunk in response.iter_content(CHUNK_BYTES):
                file.write(chunk)
                done += len(chunk)
                if done > max_bytes:
                    self.remove()
                    raise UnusableResponse(f"sends more than {max_bytes:,} bytes (download.max_bytes)")
        # Whether requests compares the two lengths itself depends on the version of urllib3.
        if expected is not None and done < expected:
            raise requests.ConnectionError(f"the body ended after {done:,} of {expected:,} bytes")

    def _remember_version(self, response: requests.Response) -> None:
        version = response.headers.get("ETag", "") or response.headers.get("Last-Modified", "")
        # A weak ETag (W/"...") names files that mean the same, not the same bytes: their parts must not be joined.
        if version and not version.startswith("W/"):
            self.origin.write_text(f"{self.url}\n{version}", encoding="utf-8")
        else:
            self.origin.unlink(missing_ok=True)

    def finish(self) -> None:
        """Move the complete body to its place; UnusableResponse if it cannot be a book."""
        with self.part.open("rb") as file:
            start = file.read(1000).lstrip().lower()
        if not start:
            self.remove()
            raise UnusableResponse("sends an empty body")
        # Some servers answer with an error page, the status 200 and the type of a text.
        if start.startswith((b"<!doctype html", b"<html", b"<?xml")):
            self.remove()
            raise UnusableResponse("sends a web page instead of a text")
        with replacing(self.path) as temporary:
            self.part.rename(temporary)
        self.origin.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete what was received."""
        self.part.unlink(missing_ok=True)
        self.origin.unlink(missing_ok=True)


def _check_headers(response: requests.Response, max_bytes: int) -> None:
    """UnusableResponse if the headers alone show that the body is no book; the body is then not received."""
    if response.status_code not in (200, 206):
        raise UnusableResponse(f"answers {response.status_code} {response.reason}")
    if "html" in response.headers.get("Content-Type", ""):
        raise UnusableResponse("sends a web page instead of a text")
    length = response.headers.get("Content-Length", "0")
    if length.isdigit() and int(length) > max_bytes:
        raise UnusableResponse(f"has {int(length):,} bytes, more than {max_bytes:,} (download.max_bytes)")


def _retry_after(response: requests.Response) -> float:
    """The seconds that the server asks to wait, 0 if it does not ask.

    `Retry-After` is either a number of seconds ("120") or a date ("Fri, 31 Dec 1999 23:59:59 GMT").
    """
    value = response.headers.get("Retry-After", "").strip()
    if value.isdigit():
        return float(value)
    date = email.utils.parsedate_to_datetime(value) if value.endswith("GMT") else None
    return max(0.0, date.timestamp() - time.time()) if date else 0.0


def _connection_problem(error: Exception) -> str:
    """The innermost cause of a connection error, the shortest and clearest of its messages.

    requests wraps an error of urllib3, which wraps one of the operating system in its `reason`.
    """
    cause = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    reason = getattr(cause, "reason", cause)
    return f"cannot be reached ({type(reason).__name__}: {str(reason).rpartition(': ')[2]})"
