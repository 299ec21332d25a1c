"""What every source yields."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FetchedBook:
    """The bytes of one book as served, and what its source knows of it; `suffix` tells the format (`.txt`, `.md`)."""

    id: str
    title: str
    author: str
    language: str
    source: str
    suffix: str
    content: bytes
