"""The content security policy of the page: its own styles and scripts by their hashes, and nothing from elsewhere."""

import base64
import hashlib
from html.parser import HTMLParser


class _Inline(HTMLParser):
    """Collects the contents of the page's inline styles and scripts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, list[str]] = {"style": [], "script": []}
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin to collect where a style or a script begins."""
        if tag in self.found:
            self._inside = tag
            self.found[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        """End to collect."""
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        """Collect."""
        if self._inside:
            self.found[self._inside][-1] += data


def page_policy(page: str) -> str:
    """The policy for the HTML `page`, which talks to its own server alone.

    >>> print(page_policy("<style>p{}</style>").split("; ")[1])
    style-src 'sha256-gG2yISYereRMiG2lMXrbiUgi0Ubw9p7QCeWcroOvy9Y='
    """
    parser = _Inline()
    parser.feed(page)
    parser.close()
    return "; ".join([
        "default-src 'none'",
        f"style-src {_hashes(parser.found['style'])}",
        f"script-src {_hashes(parser.found['script'])}",
        # The page draws cards as pictures, and saves them and texts as files that it makes itself.
        "img-src data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ])


def _hashes(contents: list[str]) -> str:
    if not contents:
        return "'none'"
    digests = (hashlib.sha256(content.encode("utf-8")).digest() for content in contents)
    return " ".join(dict.fromkeys(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests))
