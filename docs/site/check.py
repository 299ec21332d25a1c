"""Check the built website: `make docs` ends with this.

    python docs/site/check.py site

Every link of every page must lead to a page of the site, to an anchor that it has, or by https to another site; and a
page may load nothing from another host: it works without a network, and nobody learns who reads it. zensical itself
checks only what pages say in Markdown.
"""

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


class Page(HTMLParser):
    """The anchors of a page, what it links to, and what a browser loads to show it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value for name, value in attrs if value}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag == "link" and "href" in values and not NOT_LOADED & set(values.get("rel", "").split()):
            self.loads.append(values["href"])
        self.loads += [value for name, value in values.items() if name in LOADING]


def faults(site: Path) -> Iterator[str]:
    """What is wrong with the pages of the folder `site`, a line for each fault."""
    pages = {path.relative_to(site).as_posix(): Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    del pages["404.html"]  # zensical's own, with addresses from the root of a host
    for name, page in sorted(pages.items()):
        for load in page.loads:
            address = urlsplit(load)
            if address.netloc or address.scheme not in {"", "data"}:
                yield f"{name}: loads {load} from another host"
            elif address.path and not (site / name).parent.joinpath(unquote(address.path)).is_file():
                yield f"{name}: loads {load}, which the site lacks"
        for link in page.links:
            address = urlsplit(link)
            if address.scheme or address.netloc:
                if address.scheme not in {"https", "mailto"}:
                    yield f"{name}: links to {link}, which is neither https nor of the site"
                continue
            target = normpath((Path(name).parent / unquote(address.path)).as_posix()) if address.path else name
            target = "index.html" if target == "." else target
            if not (site / target).is_file():
                yield f"{name}: links to {link}, which the site lacks"
            elif address.fragment and target in pages and unquote(address.fragment) not in pages[target].anchors:
                yield f"{name}: links to {link}, but {target} has no such anchor"


if __name__ == "__main__":
    if wrong := list(faults(Path(sys.argv[1]))):
        sys.exit("\n".join(wrong))
