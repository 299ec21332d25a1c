"""Prepare the documentation for zensical: `make docs` runs this first.

    python docs/site/prepare.py build/docs

The pages in docs/ are written for a code host: they link to files of the whole repository. The website must not
depend on an address, and none of its links may be dead. So the pages are copied, and a link that leaves docs/ leads to
a page of the site instead: a module of poet to its place in the API reference, another file to a page that shows it.
Nothing is copied that git does not know, and nothing that no page links to. Only the standard library is needed.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from collections import deque
from os.path import normpath, relpath
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).parent.parent.parent
# Pages of the top folder, and their names in the site. (zensical would take a README for the front page.)
TOP_PAGES = {"README.md": "readme.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
# These stay as they are; every other file becomes a page with its text.
COPIED = {".html", ".ipynb", ".jpg", ".png", ".svg", ".webp"}
# The command line has its own reference: `poet COMMAND --help`.
NOT_IN_REFERENCE = {"cli"}
# A script of our own, by its place in the site (zensical.toml).
SCRIPT = ("docs/site/iframe-worker.js", "assets/iframe-worker.js")
# Fenced code, code in a line, or the target of a link: behind its words, in a definition (`[1]: x.md`), in HTML.
# Nothing in code is taken for a link. What is no whole target (`<a b.md>`) is one that leads nowhere, and is told.
CODE_OR_LINK = re.compile(
    r"^ *(?P<fence>`{3,})[^\n]*\n.*?^ *(?P=fence)`*\s*$"
    r"|(?P<tick>`+)(?!`).+?(?<!`)(?P=tick)(?!`)"
    r"|(?P<before>\]\(\s*|^ {0,3}\[[^\]\n^][^\]\n]*\]:\s*|<(?:a|img)\s[^>]*?\b(?:href|src)=[\"']?)"
    r"(?P<target>[^()\s\"'>]+)",
    re.DOTALL | re.MULTILINE,
)
LANGUAGES = {".md": "markdown", ".py": "python", ".toml": "toml", ".yaml": "yaml"}


def known_files() -> set[str]:
    """The files of this repository, new ones too, but none that git ignores."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).is_file()}


def place_of(name: str) -> tuple[str, str]:
    """Where the site shows the file `name` of the repository: a path in the site, and an anchor on that page or ""."""
    path = PurePosixPath(name)
    if name in TOP_PAGES:
        return TOP_PAGES[name], ""
    is_page = path.suffix == ".md" and len(path.parts) == 2
    if path.parts[0] == "docs" and (is_page or path.suffix in COPIED):
        return str(path.relative_to("docs")), ""
    if path.suffix in COPIED:
        return name, ""
    if path.parts[0] == "poet" and path.suffix == ".py" and path.parts[1] not in NOT_IN_REFERENCE:
        module = path.with_suffix("") if path.name != "__init__.py" else path.parent
        return f"api/{path.parts[1] if len(path.parts) > 2 else 'ground'}.md", ".".join(module.parts)
    return f"source/{name}.md", ""


def with_links_of_the_site(name: str, known: set[str]) -> tuple[str, set[str], list[str]]:
    """The page `name` with links that fit the site, the files that it links to, and its links that lead nowhere."""
    linked, dead = set(), []
    place = place_of(name)[0]

    def change(match: re.Match[str]) -> str:
        target = match["target"]
        if target is None or re.match(r"[a-z]+:|#", target):  # code, another site, or a place on the same page
            return match[0]
        path, _, anchor = target.partition("#")
        file = normpath(f"{PurePosixPath(name).parent}/{path}")
        if file not in known:
            dead.append(f"{name}: the link to {target} leads to no file that git knows")
            return match[0]
        linked.add(file)
        there, own_anchor = place_of(file)
        anchor = anchor or own_anchor
        return f"{match['before']}{relpath(there, PurePosixPath(place).parent)}{'#' if anchor else ''}{anchor}"

    text = CODE_OR_LINK.sub(change, (ROOT / name).read_text(encoding="utf-8"))
    # Python-Markdown reads Markdown between the tags only where an attribute says so.
    return text.replace("<details>", '<details markdown="1">'), linked, dead


def source_page(name: str) -> str:
    """A page that shows the file `name`. The search leaves it out."""
    text = (ROOT / name).read_text(encoding="utf-8")
    fence = "`" * (1 + max([2, *map(len, re.findall("`+", text))]))
    language = LANGUAGES.get(PurePosixPath(name).suffix, "text")
    return f"---\nsearch:\n  exclude: true\n---\n\n# {name}\n\n{fence}{language}\n{text}{fence}\n"


def reference_pages(known: set[str]) -> dict[str, str]:
    """The pages of the API reference, one for each room of poet, by their place in the site."""
    picture = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    purposes = dict(re.findall(r"^  (\w+)/ +(.+)$", picture, re.MULTILINE))
    modules: dict[str, list[str]] = {}
    for name in sorted(known):
        place, module = place_of(name)
        if place.startswith("api/") and (ROOT / name).read_text(encoding="utf-8").strip():
            modules.setdefault(place, []).append(module)
    pages, listed = {}, []
    for place, names in modules.items():
        room = PurePosixPath(place).stem
        purpose = purposes.get(room, "what all rooms stand on")
        body = "\n\n".join(f"::: {name}" for name in names)
        title = "poet" if room == "ground" else f"poet.{room}"
        pages[place] = f"# {title}\n\n{purpose[0].upper()}{purpose[1:]}.\n\n{body}\n"
        listed.append(f"* [{title}]({PurePosixPath(place).name})\n")
    # The navigation takes this list as its own.
    pages["api/rooms.md"] = "# API reference\n\n* [All rooms](rooms.md)\n" + "".join(sorted(listed))
    return pages


def pages_in(nav: Any) -> set[str]:
    """The pages that the navigation `nav` of zensical.toml names."""
    if isinstance(nav, str):
        return {nav}
    return set().union(*map(pages_in, nav.values() if isinstance(nav, dict) else nav))


def prepare(target: Path) -> list[str]:
    """Write the site's Markdown to `target`, which is emptied first. Returns what is wrong, a line for each fault."""
    known = known_files()
    pages = reference_pages(known)
    wrong = []
    # What people wrote as pages; the files that these link to come behind them.
    written = {name for name in known if name in TOP_PAGES or re.fullmatch(r"docs/[^/]+\.md", name)}
    waiting, seen = deque(sorted(written)), set(written)
    shutil.rmtree(target, ignore_errors=True)
    while waiting:
        name = waiting.popleft()
        place = place_of(name)[0]
        if name in written:
            pages[place], linked, dead = with_links_of_the_site(name, known)
            wrong += dead
            waiting += sorted(linked - seen)
            seen |= linked
        elif place.startswith("source/"):
            pages[place] = source_page(name)
        elif not place.startswith("api/"):
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / place)
    (target / SCRIPT[1]).parent.mkdir(parents=True)
    shutil.copyfile(ROOT / SCRIPT[0], target / SCRIPT[1])
    for place, text in pages.items():
        (target / place).parent.mkdir(parents=True, exist_ok=True)
        (target / place).write_text(text, encoding="utf-8")

    with (ROOT / "zensical.toml").open("rb") as file:
        named = pages_in(tomllib.load(file)["project"]["nav"]) - {"api/"}
    shown = {place for place in pages if not place.startswith(("api/", "source/"))}
    wrong += [f"zensical.toml: the navigation names {place}, which does not exist" for place in sorted(named - shown)]
    wrong += [f"zensical.toml: the navigation lacks {place}" for place in sorted(shown - named)]
    return wrong


if __name__ == "__main__":
    if wrong := prepare(Path(sys.argv[1])):
        sys.exit("\n".join(wrong))
