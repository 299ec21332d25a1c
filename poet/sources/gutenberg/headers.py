"""The headers of a response, read with distrust: what they say of the body, and how long the server asks to wait."""

import email.utils
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

# More digits than the size of any file; int() refuses numbers of thousands of digits.
_NUMBER = re.compile(r"[0-9]{1,18}")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")


class NonsenseHeader(ValueError):
    """A header contradicts the protocol, the request or another header. The message is the reason."""


@dataclass(frozen=True, kw_only=True)
class Framing:
    """Which bytes of the file a body has, and how its end can be known."""

    # The offset of its first byte in the file: 0, or the size of the part that is resumed.
    start: int
    # Where it ends in the file; None if only the end of the transfer tells.
    end: int | None
    # The size of the whole file; None if the server does not say.
    total: int | None
    # Whether the body is sent in chunks with an end of their own, so that a cut is noticed without a length.
    chunked: bool


def read_framing(status: int, headers: Mapping[str, str], asked_from: int | None) -> Framing:
    """The framing of a response with status 200 or 206; NonsenseHeader if it cannot be believed.

    `asked_from` is the offset from which the file was requested; None if the whole file was.
    """
    encoding = headers.get("Transfer-Encoding", "").strip().lower()
    if encoding not in ("", "identity", "chunked"):
        raise NonsenseHeader(f"sends the Transfer-Encoding {encoding[:60]!r}, which is not supported")
    chunked = encoding == "chunked"
    length = _content_length(headers)
    # A chunked body has no other length (RFC 9112, 6.3).
    length = None if chunked else length
    if status != 206:
        return Framing(start=0, end=length, total=length, chunked=chunked)
    if asked_from is None:
        raise NonsenseHeader("sends a part of the file although all of it was requested")
    first, last, total = _content_range(headers)
    if first != asked_from:
        raise NonsenseHeader(f"sends the file from byte {first:,}, requested was byte {asked_from:,}")
    if length is not None and length != last + 1 - first:
        raise NonsenseHeader(f"sends a Content-Length of {length:,} with a range of {last + 1 - first:,} bytes")
    return Framing(start=first, end=last + 1, total=total, chunked=chunked)


def _content_length(headers: Mapping[str, str]) -> int | None:
    """The length of the body; None without the header."""
    text = headers.get("Content-Length")
    if text is None:
        return None
    # A header that is sent twice arrives as "5, 5". RFC 9110 (8.6) lets equal values pass.
    values = {value.strip() for value in text.split(",")}
    value = values.pop()
    if values or not _NUMBER.fullmatch(value):
        raise NonsenseHeader(f"sends the Content-Length {text[:60]!r}, which is no length")
    return int(value)


def _content_range(headers: Mapping[str, str]) -> tuple[int, int, int | None]:
    """The offsets of first and last byte of a body, and the size of the whole file if the server knows it."""
    text = headers.get("Content-Range", "")
    found = _CONTENT_RANGE.fullmatch(text.strip())
    if not found:
        raise NonsenseHeader(f"sends the Content-Range {text[:60]!r}, which is no range")
    first, last, total = int(found[1]), int(found[2]), None if found[3] == "*" else int(found[3])
    if last < first or (total is not None and last >= total):
        raise NonsenseHeader(f"sends the Content-Range {text[:60]!r}, which is no range")
    return first, last, total


def retry_after(headers: Mapping[str, str], now: float) -> float:
    """The seconds that the server asks to wait from the time.time() `now`; 0 if it does not ask, or asks for nonsense.

    `Retry-After` is either a number of seconds ("120") or a date ("Fri, 31 Dec 1999 23:59:59 GMT").
    """
    value = headers.get("Retry-After", "").strip()
    if _NUMBER.fullmatch(value):
        return float(value)
    try:
        wait = email.utils.parsedate_to_datetime(value).timestamp() - now
    except (ValueError, TypeError, OverflowError, OSError, IndexError):
        return 0.0
    return max(0.0, wait) if math.isfinite(wait) else 0.0
