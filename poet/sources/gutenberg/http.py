"""Files over HTTP, from servers that may be busy, slow or wrong.

`HttpClient.fetch` pauses between two requests to a public host, retries when the server is busy or the connection
drops, resumes an interrupted body where it stopped, and refuses a response that cannot be a book.
"""

import contextlib
import queue
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3

from poet.addresses import hide_credentials
from poet.sources.gutenberg.addresses import redirect_target, split_credentials
from poet.sources.gutenberg.headers import NonsenseHeader, read_framing, retry_after
from poet.sources.gutenberg.partial import NotABook, PartialFile, Unfinished

# Names the program and its request rate to the operator of a mirror; the rate is that of RequestPolicy.pause.
USER_AGENT = "torch-transformer-poet/0.1 (trains small language models on books; one request every two seconds)"

# Status codes that a later request may not get: too many requests, and failures of the server.
RETRIED_STATUS = {429, 500, 502, 503, 504}

# The names of this machine. Its own server needs no pause between requests.
LOOPBACK = {"localhost", "127.0.0.1", "::1"}

# A longer chain of redirects is taken for a circle. Useful ones lead from http to https, or to another host.
MAX_REDIRECTS = 5

# The most bytes that are received before they are written.
CHUNK_BYTES = 1 << 16

# Errors of a connection, which another try may not meet. All others are faults of what the server sends.
CONNECTION_ERRORS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.ProtocolError,
    urllib3.exceptions.TimeoutError,
    ConnectionError,
    TimeoutError,
)


@dataclass(frozen=True, kw_only=True)
class RequestPolicy:
    """Pauses, timeouts and retries, in seconds; `tries` is a count, `least_rate` in bytes a second."""

    # Between the beginnings of two requests to one public host. Gutenberg asks robots to wait two seconds.
    pause: float = 2.0
    # Until a connection is made, and between two pieces of a body. All headers must arrive within the sum of both.
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    # Requests for one file before its server counts as unreachable.
    tries: int = 4
    # Before the second try; doubled before each further one.
    backoff: float = 2.0
    # The longest wait before a retry, even if the server asks for more.
    max_wait: float = 120.0
    # A server that sends less than `least_rate` during `rate_window` is too slow: a novel would take 17 minutes.
    least_rate: float = 500.0
    rate_window: float = 15.0
    # For one file from one server, with all tries and waits.
    deadline: float = 1800.0


class _Problem(Exception):
    """Why a file was not fetched. The message is shown and stored: it has no credentials and no control characters."""

    def __init__(self, reason: str) -> None:
        # Parts of the reason come from the server, so they may be long and may hold codes for the terminal.
        printable = "".join(character if character.isprintable() else "?" for character in reason[:2000])
        super().__init__(hide_credentials(printable)[:400])


class UnusableResponse(_Problem):
    """The server answered, but not with a book: it has no such file, or a wrong one. The message is the reason."""


class ServerUnreachable(_Problem):
    """The server did not deliver in any of the tries: no connection, or it stays busy. The message is the reason."""


class _Retry(_Problem):
    """This request failed, and the next may succeed after `wait` seconds. The message is the reason."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class FileSession(requests.Session):
    """A session that leaves redirects to HttpClient: requests would first read the body of one, however long it is."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """No target, so that nothing is read ahead."""


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
        still the same. Only one process at a time may fetch to one `path`.
        """
        until = time.monotonic() + self.policy.deadline
        reason = ""
        for attempt in range(self.policy.tries):
            try:
                self._fetch_once(url, path, until)
                return
            except _Retry as error:
                wait, reason = min(max(error.wait, self._backoff(attempt)), self.policy.max_wait), str(error)
            if time.monotonic() + wait >= until:
                break
            if attempt + 1 < self.policy.tries:
                time.sleep(wait)
        raise ServerUnreachable(reason)

    def _backoff(self, attempt: int) -> float:
        """Seconds before the retry that follows `attempt` (from 0): 2, 4, 8, ... with the default policy."""
        # Up to a tenth longer by chance, so that many clients do not return at the same moment. This randomness has no
        # influence on any result.
        return self.policy.backoff * float(2**attempt) * (1 + random.random() / 10)

    def _fetch_once(self, url: str, path: Path, until: float) -> None:
        """One try of `fetch`, which ends at the time.monotonic() `until`; raises _Retry where another may help."""
        try:
            plain, credentials = split_credentials(url)
        except ValueError:
            # The error itself may quote a part of the password.
            raise UnusableResponse("is no address of a web server") from None
        partial = PartialFile(plain, path)
        wanted = partial.range_headers()
        size = partial.size if wanted else None
        try:
            with contextlib.closing(self._request(plain, wanted, credentials)) as response:
                if response.status_code in RETRIED_STATUS:
                    raise _Retry("the server stayed busy", retry_after(response.headers, time.time()))
                # 416: the server has no byte after those that were received. Either the partial file is complete, or
                # it is not a part of the server's file, and the next try begins anew.
                if response.status_code == 416 and size is not None:
                    if response.headers.get("Content-Range", "") != f"bytes */{size}":
                        raise NonsenseHeader("the server has less of the file than was received before")
                else:
                    _check_headers(response, path, self.max_bytes)
                    framing = read_framing(response.status_code, response.headers, size)
                    partial.receive(self._body(response, until), framing, response.headers, self.max_bytes)
            partial.finish()
        except NonsenseHeader as error:
            partial.remove()
            # A server that is wrong about ranges may still send the whole file.
            raise (_Retry if size is not None else UnusableResponse)(str(error)) from None
        except Unfinished as error:
            raise _Retry(f"cannot be reached ({error})") from None
        except NotABook as error:
            raise UnusableResponse(str(error)) from None

    def _request(self, url: str, headers: dict[str, str], auth: tuple[bytes, bytes] | None) -> requests.Response:
        """The response after redirects; `auth` goes to the server of `url` alone."""
        # Without "identity" a server may compress the body, and byte ranges would count compressed bytes.
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers}
        for _ in range(MAX_REDIRECTS + 1):
            self._wait_for_turn(url)
            response = self._get(url, headers, auth)
            if not response.is_redirect:
                return response
            response.close()
            try:
                target = redirect_target(url, response.headers["Location"])
            except ValueError as error:
                raise UnusableResponse(str(error)) from None
            # Not typed in types-requests. It lets credentials pass from http to https of the same host.
            auth = None if self.session.should_strip_auth(url, target) else auth  # type: ignore[no-untyped-call]
            url = target
        raise UnusableResponse("redirects in circles")

    def _get(self, url: str, headers: dict[str, str], auth: tuple[bytes, bytes] | None) -> requests.Response:
        """The response to one request, as soon as its headers are there.

        The timeouts of `requests` hold for each read of the socket, so that a server which sends its headers byte by
        byte could take hours. Therefore the request runs in a thread that can be left behind.
        """
        arrived: queue.SimpleQueue[requests.Response | BaseException] = queue.SimpleQueue()
        left_behind = threading.Event()

        def work() -> None:
            timeout = (self.policy.connect_timeout, self.policy.read_timeout)
            basic = requests.auth.HTTPBasicAuth(*auth) if auth else None
            try:
                response = self.session.get(
                    url, headers=headers, timeout=timeout, stream=True, allow_redirects=False, auth=basic
                )
                arrived.put(response)
                if left_behind.is_set():
                    response.close()
            except BaseException as error:
                arrived.put(error)

        limit = self.policy.connect_timeout + self.policy.read_timeout
        threading.Thread(target=work, daemon=True).start()
        try:
            result = arrived.get(timeout=limit)
        except queue.Empty:
            left_behind.set()
            raise _Retry(f"cannot be reached (no complete headers within {limit:g} seconds)") from None
        if isinstance(result, requests.Response):
            return result
        with _connection_problems():
            raise result

    def _body(self, response: requests.Response, until: float) -> Iterator[bytes]:
        """The bytes of the body as they come; _Retry when they come too slowly, ServerUnreachable after `until`."""
        began, received = time.monotonic(), 0
        while True:
            with _connection_problems():
                # read1 returns what has arrived. `iter_content` would wait until a whole chunk has.
                chunk = response.raw.read1(CHUNK_BYTES)
            if not chunk:
                return
            yield chunk
            received += len(chunk)
            now = time.monotonic()
            if now > until:
                raise ServerUnreachable(f"is too slow (not complete after {self.policy.deadline:,.0f} seconds)")
            if now - began >= self.policy.rate_window:
                rate = received / (now - began)
                if rate < self.policy.least_rate:
                    raise _Retry(f"is too slow ({rate:,.0f} bytes a second)")
                began, received = now, 0

    def _wait_for_turn(self, url: str) -> None:
        """Sleep until the host of `url` may be sent the next request."""
        host = (urlsplit(url).hostname or "").rstrip(".")
        if host in LOOPBACK:
            return
        time.sleep(max(0.0, self._next_request.get(host, 0.0) - time.monotonic()))
        self._next_request[host] = time.monotonic() + self.policy.pause


def _check_headers(response: requests.Response, path: Path, max_bytes: int) -> None:
    """UnusableResponse if the headers alone show that the body is no book; the body is then not received."""
    if response.status_code not in (200, 206):
        raise UnusableResponse(f"answers {response.status_code} {response.reason}")
    if "html" in response.headers.get("Content-Type", "").lower():
        raise UnusableResponse("sends a web page instead of a text")
    length = response.headers.get("Content-Length", "").strip()
    if length.isascii() and length.isdigit() and len(length) <= 18 and int(length) > max_bytes:
        raise UnusableResponse(f"has {int(length):,} bytes, more than {max_bytes:,} (download.max_bytes)")
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    # Many servers call a gzip file a file with the encoding gzip. Its bytes are what was requested.
    if encoding not in ("", "identity") and not (path.suffix == ".gz" and encoding in ("gzip", "x-gzip")):
        raise UnusableResponse(f"sends the Content-Encoding {encoding[:60]!r} although none was accepted")


@contextlib.contextmanager
def _connection_problems() -> Iterator[None]:
    """Errors of the libraries below as _Retry or, where another try would meet the same, as UnusableResponse."""
    try:
        yield
    except CONNECTION_ERRORS as error:
        raise _Retry(_connection_problem(error)) from None
    # Libraries have no closed list of exceptions for the nonsense that a server can send; UnicodeError and bare
    # ValueError are among those seen.
    except Exception as error:
        raise UnusableResponse(f"sends what is not HTTP ({type(error).__name__}: {error})") from None


def _connection_problem(error: Exception) -> str:
    """The innermost cause of a connection error, the shortest and clearest of its messages.

    requests wraps an error of urllib3, which wraps one of the operating system in its `reason` or as its last argument.
    """
    while inner := [each for each in (*error.args, getattr(error, "reason", None)) if isinstance(each, Exception)]:
        error = inner[-1]
    return f"cannot be reached ({type(error).__name__}: {str(error).rpartition(': ')[2]})"
