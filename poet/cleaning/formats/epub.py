"""EPUB: the chapters in the order of the book's spine, without its table of contents."""

import posixpath
from typing import Any
from urllib.parse import unquote, urlsplit

from poet.cleaning.formats.archive import Archive
from poet.cleaning.formats.html import HTML_RULES, decode_html, html_to_text
from poet.cleaning.formats.tree import attribute, local_name, parse_xml, tree_to_text
from poet.errors import CleaningError

CONTAINER, ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"

# The media types of parts that hold text. The spine may also list pictures.
TEXT_TYPES = ("application/xhtml+xml", "text/html", "application/x-dtbncx+xml", "application/x-dtbook+xml", "text/xml")


def epub_to_text(content: bytes, name: str) -> str:
    """The running text of the EPUB file `content`; CleaningError if it is damaged, protected, or has no chapter."""
    archive = Archive(content, name)
    chapters = _chapters(archive)
    if protected := chapters and _encrypted_parts(archive).intersection(chapters):
        raise CleaningError(
            f"{name} is protected against copying (its part {min(protected)!r} is encrypted). Get a copy without "
            "protection."
        )
    texts = (_chapter_text(archive.read(chapter), f"{name}: {chapter}") for chapter in chapters)
    return "\n\n".join(text for text in texts if text) + "\n"


def _chapter_text(content: bytes, name: str) -> str:
    try:
        return tree_to_text(parse_xml(content, name), HTML_RULES)
    except CleaningError:
        # Not the XHTML that it should be: as browsers do, read it as HTML, which has no errors.
        return html_to_text(decode_html(content, name)).strip("\n")


def _chapters(archive: Archive) -> list[str]:
    """The parts of `archive` that hold the text, in reading order."""
    container = parse_xml(archive.read(CONTAINER), archive.name, CONTAINER)
    package = next((attribute(each, "full-path") for each in _elements(container, "rootfile")), "")
    root = parse_xml(archive.read(package), archive.name, package)
    folder = posixpath.dirname(package)
    # The table of contents: EPUB 3 marks it in the manifest, EPUB 2 names it in the guide.
    contents = {
        _part(folder, each.get("href", "")) for each in _elements(root, "reference") if each.get("type") == "toc"
    }
    items = {}
    for item in _elements(root, "item"):
        part = _part(folder, item.get("href", ""))
        if item.get("media-type") in TEXT_TYPES and "nav" not in item.get("properties", "").split():
            items[item.get("id")] = part
    # As keys, so that a part that is listed twice is read once.
    spine = dict.fromkeys(items[ref] for each in _elements(root, "itemref") if (ref := each.get("idref")) in items)
    # A guide may call a whole book its table of contents, if the table is at the beginning of the only part.
    chapters = [part for part in spine if part not in contents] or list(spine)
    if not chapters:
        raise archive.broken(f"{package} lists no chapter")
    return chapters


def _elements(root: Any, name: str) -> list[Any]:
    return [element for element in root.iter() if local_name(element) == name]


def _part(folder: str, address: str) -> str:
    """The name in the archive of the relative `address` in a part of `folder`.

    >>> _part("OEBPS", "../text/chapter%201.xhtml#start")
    'text/chapter 1.xhtml'
    """
    return posixpath.normpath(posixpath.join(folder, unquote(urlsplit(address).path)))


def _encrypted_parts(archive: Archive) -> set[str]:
    """The parts that need a key. Fonts are often among them, without harm to the text."""
    if ENCRYPTION not in archive.parts:
        return set()
    root = parse_xml(archive.read(ENCRYPTION), archive.name, ENCRYPTION)
    return {_part("", attribute(each, "URI")) for each in _elements(root, "CipherReference")}
