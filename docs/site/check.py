"""Check the built website: `make docs` ends with this.

    python docs/site/check.py site

Every link of every page must lead to a page of the site, to an anchor that it has, or by https to another site; and a
page or a style may load nothing from another host: it works without a network, and nobody learns who reads it. zensical
itself checks only what pages say in Markdown.
"""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from os.path import normpath
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser loads by itself, by the attribute that names it.
LOADING = {"src", "srcset", "data", "poster", "xlink:href"}
# A <link> with one of these is only information.
NOT_LOADED = {"canonical", "next", "prev", "license", "edit"}

# What a style loads.
IN_STYLE = re.compile(
    r"""url\(\s*(?P<quote>["']?)(?P<url>.*?)(?P=quote)\s*\)|@import\s*["'](?P<other>[^"']*)""", re.DOTALL
)
# Nothing in a comment is loaded.
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def loads_of_style(style: str) -> list[str]:
    """The addresses that a style sheet loads, but for what is within the page itself."""
    found = [match["url"] or match["other"] or "" for match in IN_STYLE.finditer(COMMENT.sub("", style))]
    return [address for address in found if not address.startswith("#")]


class Page(HTMLParser):
    """The anchors of a page, what it links to, and what a browser loads to show it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.is_style = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value for name, value in attrs if value}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag == "link" and "href" in values and not NOT_LOADED & set(values.get("rel", "").split()):
            self.loads.append(values["href"])
        self.loads += [value for name, value in values.items() if name in LOADING]
        self.loads += loads_of_style(values.get("style", ""))
        self.is_style = tag == "style"

    def handle_data(self, data: str) -> None:
        if self.is_style:
            self.loads += loads_of_style(data)

    def handle_endtag(self, tag: str) -> None:
        self.is_style = False


def place(name: str, path: str) -> str:
    """Where the address `path` in the file `name` of the site leads, from the top of the site.

    It begins with ".." or a slash where it leaves the site: what happens to lie there now will not be published.
    """
    target = normpath((Path(name).parent / unquote(path)).as_posix()) if path else name
    return "index.html" if target == "." else target


def is_in(site: Path, target: str) -> bool:
    """Whether `target`, a result of `place`, is a file of the site."""
    return not target.startswith(("../", "/")) and (site / target).is_file()


def lost_loads(site: Path, name: str, loads: list[str]) -> Iterator[str]:
    """What is wrong with what the file `name` of the site loads."""
    for load in loads:
        address = urlsplit(load)
        if address.netloc or address.scheme not in {"", "data"}:
            yield f"{name}: loads {load} from another host"
        elif not address.scheme and address.path and not is_in(site, place(name, address.path)):
            yield f"{name}: loads {load}, which the site lacks"


def faults(site: Path) -> Iterator[str]:
    """What is wrong with the pages of the folder `site`, a line for each fault."""
    pages = {path.relative_to(site).as_posix(): Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    del pages["404.html"]  # zensical's own, with addresses from the root of a host
    for path in sorted(site.rglob("*.css")):
        loads = loads_of_style(path.read_text(encoding="utf-8"))
        yield from lost_loads(site, path.relative_to(site).as_posix(), loads)
    for name, page in sorted(pages.items()):
        yield from lost_loads(site, name, page.loads)
        for link in page.links:
            address = urlsplit(link)
            if address.scheme or address.netloc:
                if address.scheme not in {"https", "mailto"}:
                    yield f"{name}: links to {link}, which is neither https nor of the site"
                continue
            target = place(name, address.path)
            if not is_in(site, target):
                yield f"{name}: links to {link}, which the site lacks"
            elif address.fragment and target in pages and unquote(address.fragment) not in pages[target].anchors:
                yield f"{name}: links to {link}, but {target} has no such anchor"


if __name__ == "__main__":
    if wrong := list(faults(Path(sys.argv[1]))):
        sys.exit("\n".join(wrong))
