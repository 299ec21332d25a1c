"""A file while it is received: resumed where it was interrupted, and checked before it gets its name."""

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from poet.files import replacing
from poet.sources.gutenberg.headers import Framing

# The last line of a text of Gutenberg: the end of the licence, or, where the licence stands at the start, a line that
# says that the book is over.
_LAST_LINE = re.compile(
    rb"subscribe to our email newsletter to hear about new ebooks\.?"
    rb"|\*{3} ?end of th(?:e|is) project gutenberg.*"
    rb"|(?:\*{3} ?)?end of (?:the |this )?project gutenberg.*",
    re.IGNORECASE,
)

# A version that can be sent back in a header.
_VERSION = re.compile(r"[!-~](?:[ -~]*[!-~])?")


class Unfinished(Exception):
    """The body ended too soon; the next request may bring the rest. The message is the reason."""


class NotABook(Exception):
    """The body is complete and cannot be what was requested. The message is the reason."""


class PartialFile:
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
        url, _, version = self.origin.read_text(encoding="utf-8", errors="replace").partition("\n")
        if url != self.url or not _VERSION.fullmatch(version):
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": version}

    def receive(self, chunks: Iterator[bytes], framing: Framing, headers: Mapping[str, str], max_bytes: int) -> None:
        """Append the body `chunks`, or begin anew if the server sends all of it.

        Raises Unfinished when the body ends too soon, NotABook when it is too long.
        """
        self.part.parent.mkdir(parents=True, exist_ok=True)
        self._remember_version(headers)
        done = framing.start
        with self.part.open("ab" if framing.start else "wb") as file:
            for chunk in chunks:
                file.write(chunk)
                done += len(chunk)
                if done > max_bytes:
                    self.remove()
                    raise NotABook(f"sends more than {max_bytes:,} bytes (download.max_bytes)")
        # The server may have sent less than its own header says, or a shorter range than was requested.
        for expected in (framing.end, framing.total):
            if expected is not None and done < expected:
                raise Unfinished(f"the body ended after {done:,} of {expected:,} bytes")
        if framing.end is not None and done > framing.end:
            self.remove()
            raise NotABook(f"sends {done:,} bytes where its headers say {framing.end:,}")
        # Only the end of the connection ended the body, which is also what a cut looks like.
        if framing.total is None and not framing.chunked and not _has_end(self.part, self.path.suffix):
            self.remove()
            raise NotABook("sends no length, and the body has no known last line: it may be cut")

    def _remember_version(self, headers: Mapping[str, str]) -> None:
        version = headers.get("ETag", "") or headers.get("Last-Modified", "")
        # A weak ETag (W/"...") names files that mean the same, not the same bytes: their parts must not be joined.
        if _VERSION.fullmatch(version) and not version.startswith("W/"):
            self.origin.write_text(f"{self.url}\n{version}", encoding="utf-8")
        else:
            self.origin.unlink(missing_ok=True)

    def finish(self) -> None:
        """Move the complete body to its place; NotABook if it cannot be one, and the body is removed."""
        with self.part.open("rb") as file:
            start = file.read(1000).lstrip().lower()
        reason = ""
        if not start:
            reason = "sends an empty body"
        # Some servers answer with an error page, the status 200 and the type of a text.
        elif start.startswith((b"<!doctype html", b"<html", b"<?xml")):
            reason = "sends a web page instead of a text"
        elif self.path.suffix == ".gz" and not _has_end(self.part, ".gz"):
            reason = "sends a damaged gzip file"
        if reason:
            self.remove()
            raise NotABook(reason)
        with replacing(self.path) as temporary:
            self.part.rename(temporary)
        self.origin.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete what was received."""
        self.part.unlink(missing_ok=True)
        self.origin.unlink(missing_ok=True)


def _has_end(path: Path, suffix: str) -> bool:
    """Whether the content of `path` shows by itself that nothing is missing at its end.

    A gzip file ends with the checksum of its content, a text of Gutenberg with a line that is known. Other files show
    nothing.
    """
    if suffix == ".gz":
        try:
            with gzip.open(path) as file:
                while file.read(1 << 20):
                    pass
        except (OSError, EOFError, zlib.error):
            return False
        return True
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2000))
        lines = file.read().split(b"\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), b"")
    return suffix == ".txt" and _LAST_LINE.fullmatch(last) is not None
