"""The website of the documentation: it builds, shows what the pages say, has no dead link and needs no other host."""

import importlib.util
import json
import re
import subprocess
import tomllib

import pytest
from lxml import html
from markdown_it import MarkdownIt

from tests.clone import ROOT
from tests.report.browsing import ARGUMENTS, CHROMIUM, accessibility

SITE = ROOT / "site"
PAGES = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))
ELEMENTS = [
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "td",
    "pre",
    "code",
    "blockquote",
    "strong",
    "em",
    "img",
    "br",
]


def script(name):
    """The module docs/site/`name`.py, which no package has."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "site" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site():
    """The website, as `make docs` builds it now."""
    if not (ROOT / ".venv-docs" / "ready").exists():
        pytest.skip("`make docs` has not been run: it installs what builds the website")
    built = subprocess.run(["make", "docs"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return SITE


def article(page):
    """What a page of the site says, without what the theme adds to it."""
    (root,) = html.fromstring(page.read_text(encoding="utf-8")).xpath("//article")
    for added in root.xpath(".//a[@class='headerlink'] | .//pre//a"):
        added.drop_tree()
    return root


@pytest.mark.parametrize("name", PAGES)
def test_a_page_looks_as_on_a_code_host(site, name):
    """zensical reads Markdown by other rules than code hosts do (CommonMark): lists, tables, code come out equal."""
    text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    expected = html.fromstring(f"<div>{MarkdownIt('commonmark').enable(['table', 'strikethrough']).render(text)}</div>")
    found = article(site / f"{name}.html")
    for element in ELEMENTS:
        ours, theirs = (
            [" ".join(e.text_content().split()) for e in root.xpath(f".//{element}")] for root in (found, expected)
        )
        assert ours == theirs, element


def test_the_reference_has_every_public_function_of_a_module(site):
    from poet.attribution import spans

    page = html.fromstring((site / "api" / "attribution.html").read_text(encoding="utf-8"))
    anchors = set(page.xpath("//@id"))
    public = [
        name
        for name, value in vars(spans).items()
        if getattr(value, "__module__", "") == spans.__name__ and name[0] != "_"
    ]
    assert len(public) > 3
    assert {f"poet.attribution.spans.{name}" for name in public} <= anchors


def test_examples_in_docstrings_are_code(site):
    page = html.fromstring((site / "api" / "ground.html").read_text(encoding="utf-8"))
    assert any(">>> printable(" in code.text_content() for code in page.xpath("//pre"))
    assert not page.xpath("//blockquote")


GOOD = (
    '<a href="other.html#here">x</a><a href="https://example.org/">y</a><img src="a.png">'
    '<h1 id="top">z</h1><a href="#top">z</a>'
)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ('<a href="missing.html">x</a>', "links to missing.html, which the site lacks"),
        ('<a href="other.html#gone">x</a>', "other.html has no such anchor"),
        ('<a href="#gone">x</a>', "index.html has no such anchor"),
        ('<a href="http://example.org/">x</a>', "neither https nor of the site"),
        ('<a href="../poet/errors.py">x</a>', "which the site lacks"),
        ('<img src="missing.png">', "loads missing.png, which the site lacks"),
        ('<script src="https://example.org/x.js"></script>', "from another host"),
        ('<script src="//example.org/x.js"></script>', "from another host"),
        ('<link rel="stylesheet" href="https://example.org/x.css">', "from another host"),
        ('<link rel="preconnect" href="https://example.org">', "from another host"),
        ('<iframe src="https://example.org/">', "from another host"),
        ('<a href="../neighbour.html">x</a>', "links to ../neighbour.html, which the site lacks"),
        ('<img src="../neighbour.html">', "loads ../neighbour.html, which the site lacks"),
        ('<a href="../site/other.html">x</a>', "which the site lacks"),
        ('<a href="{root}/neighbour.html">x</a>', "which the site lacks"),
        ('<img src="{root}/neighbour.html">', "which the site lacks"),
        ('<p style="background: url(https://example.org/x.png)">', "from another host"),
        ("<style>@import 'https://example.org/x.css';</style>", "from another host"),
        ('<style>p { src: url( "missing.woff" ) }</style>', "loads missing.woff, which the site lacks"),
    ],
)
def test_each_kind_of_fault_is_named(site_of, broken, message):
    check, site = script("check"), site_of("body { mask: url(a.png) }")
    assert list(check.faults(site)) == []
    (site / "index.html").write_text(GOOD + broken.replace("{root}", str(site.parent)), encoding="utf-8")
    (fault,) = check.faults(site)
    assert fault.startswith("index.html: ") and message in fault


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ("@import url(//example.org/x.css);", "loads //example.org/x.css from another host"),
        ('@import "https://example.org/x.css";', "from another host"),
        ("p { mask: url('../../neighbour.html') }", "loads ../../neighbour.html, which the site lacks"),
        ("p { mask: url(missing.png) }", "loads missing.png, which the site lacks"),
        ("p { mask: url(data:image/svg+xml,%3Csvg/%3E); clip-path: url(#x) /* url(gone.png) */ }", ""),
    ],
)
def test_a_style_is_looked_at(site_of, style, message):
    site = site_of("")
    (site / "styles").mkdir()
    (site / "styles" / "x.css").write_text(style, encoding="utf-8")
    found = list(script("check").faults(site))
    assert [message in fault and fault.startswith("styles/x.css: ") for fault in found] == [True] * bool(message)


@pytest.fixture
def site_of(tmp_path):
    """A function that makes a small website without faults, with a style of its own, and a file beside it."""

    def make(style):
        site = tmp_path / "site"
        site.mkdir()
        files = {
            "../neighbour.html": "",
            "404.html": '<link rel="icon" href="/x.png">',
            "other.html": '<p id="here">',
            "a.png": "",
            "a.css": style,
            "index.html": GOOD,
        }
        for name, text in files.items():
            (site / name).write_text(text, encoding="utf-8")
        return site

    return make


MODULE = "api/books.md#poet.books.split"


@pytest.fixture
def small(tmp_path, monkeypatch):
    """docs/site/prepare.py in front of a small repository; it returns what is wrong with a front page of some text."""
    prepare = script("prepare")
    monkeypatch.setattr(prepare, "ROOT", tmp_path)
    files = {
        "zensical.toml": '[project]\nnav = ["index.md", "architecture.md", {"Library" = "api/"}]\n',
        "docs/architecture.md": "# House\n\n```text\n  books/   what a book is\n```\n",
        "docs/site/iframe-worker.js": "",
        "docs/tool.slurm": "#!/bin/sh\n",
        "docs/picture.png": "",
        "poet/books/split.py": '"""Splits."""\n',
        "stages/clean.py": "# ```\n",
        "hidden.txt": "secret",
        "docs/tracking-server/.env": "secret",
        ".gitignore": "hidden.txt\n.env\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)

    def run(text):
        (tmp_path / "docs" / "index.md").write_text(f"# Front\n\n{text}\n", encoding="utf-8")
        return prepare.prepare(tmp_path / "out")

    return run


def test_links_out_of_the_folder_lead_to_pages_of_the_site(small, tmp_path):
    text = (
        "[a](../poet/books/split.py) [b](../stages/clean.py) [c](tool.slurm) ![d](picture.png) [e](#front) `[f](../x)`"
    )
    assert small(f"{text}\n\n```sh\n[g](../x)\n```") == []
    page = (tmp_path / "out" / "index.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\((.*?)\)", page) == [
        "api/books.md#poet.books.split",
        "source/stages/clean.py.md",
        "source/docs/tool.slurm.md",
        "picture.png",
        "#front",
        "../x",
        "../x",
    ]
    assert "````python\n# ```\n````" in (tmp_path / "out" / "source/stages/clean.py.md").read_text(encoding="utf-8")
    assert "```text\n#!/bin/sh\n```" in (tmp_path / "out" / "source/docs/tool.slurm.md").read_text(encoding="utf-8")
    assert "::: poet.books.split" in (tmp_path / "out" / "api/books.md").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "picture.png").exists()


def test_every_way_to_write_a_link_is_understood(small, tmp_path):
    text = (
        '[a](../stages/clean.py "a title") [b][1] <img alt="c" src="picture.png"> <a href=\'tool.slurm\'>d</a>\n\n'
        "[1]: ../poet/books/split.py 'a title'\n\n`[2]: ../x` [^3]\n\n[^3]: A note.\n"
    )
    assert small(text) == []
    page = (tmp_path / "out" / "index.md").read_text(encoding="utf-8")
    expected = text.replace("../stages/clean.py", "source/stages/clean.py.md").replace("../poet/books/split.py", MODULE)
    assert page == f"# Front\n\n{expected.replace('tool.slurm', 'source/docs/tool.slurm.md')}\n"


LINKS = ("[x]({})", '[x]({} "title")', "[x]: {}", '<img src="{}">', "<a class='x' href={}>x</a>")


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("target", ["gone.md", "../gone.py", "../hidden.txt", "../stages", "tracking-server/.env"])
def test_a_link_to_what_git_does_not_know_is_an_error(small, target, link):
    wrong = small(link.format(target))
    assert wrong == [f"docs/index.md: the link to {target} leads to no file that git knows"]


def test_nothing_is_published_that_git_ignores(small, tmp_path):
    """docs/tracking-server/.env holds passwords; git ignores it in this repository."""
    command = ["git", "check-ignore", "--quiet", "docs/tracking-server/.env"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0, "git no longer ignores it"
    small("[a](tracking-server/.env) [b](../hidden.txt)")
    published = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert published and not [path for path in published if b"secret" in path.read_bytes()]


def test_the_navigation_has_every_page(small, tmp_path):
    (tmp_path / "docs" / "new.md").write_text("# New\n", encoding="utf-8")
    assert small("") == ["zensical.toml: the navigation lacks new.md"]
    (tmp_path / "docs" / "new.md").unlink()
    (tmp_path / "zensical.toml").write_text(
        '[project]\nnav = ["index.md", "architecture.md", {"x" = ["old.md", "api/"]}]\n', encoding="utf-8"
    )
    assert small("") == ["zensical.toml: the navigation names old.md, which does not exist"]


def test_the_navigation_is_that_of_its_file(site):
    """In this order; the API reference has a page for every room."""
    links = html.fromstring((site / "index.html").read_text(encoding="utf-8")).xpath("//nav[@data-md-level]//a/@href")
    shown = list(dict.fromkeys(link.removeprefix("./") for link in links if "#" not in link and link != "."))
    with (ROOT / "zensical.toml").open("rb") as file:
        named = re.findall(r"'([\w/-]+)\.md'", str(tomllib.load(file)["project"]["nav"]))
    assert [link.removesuffix(".html") for link in shown if not link.startswith("api/")] == named
    rooms = {path.parent.name for path in (ROOT / "poet").glob("*/__init__.py")} - {"cli"} | {"ground", "rooms"}
    assert {link.removeprefix("api/").removesuffix(".html") for link in shown if link.startswith("api/")} == rooms


def test_the_theme_asks_nobody_for_fonts():
    with (ROOT / "zensical.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["theme"]["font"] is False


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")
def test_pages_and_search_work_from_the_file_system(site):
    """Without a server and without a network: nothing is asked of another host, and the search finds a page."""
    from playwright.sync_api import sync_playwright

    asked, faults = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        for name in ("architecture", "api/attribution", "install"):
            page.goto((site / f"{name}.html").as_uri())
            # The theme hides the title in its bar until the page is scrolled, by making it transparent.
            assert [fault for fault in accessibility(page) if "md-ellipsis" not in fault[1]] == [], name
        page.keyboard.press("/")
        page.keyboard.type("furniture")
        page.get_by_role("option", name="poet.attribution.furniture").click()
        page.wait_for_url("**/api/attribution.html*")
        browser.close()
    assert faults == []
    assert {address.split(":")[0] for address in asked} <= {"file", "data", "blob", "about"}, json.dumps(
        asked, indent=1
    )
