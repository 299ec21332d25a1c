"""Files of packed formats, made in the test: ZIP archives, EPUB books, PDF pages."""

import io
import zipfile
from collections.abc import Mapping, Sequence

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """A ZIP archive of `parts`, by their names; the same bytes at any time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def epub(chapters: Mapping[str, str | bytes], *, spine: Sequence[str] = (), **extra: str) -> bytes:
    """An EPUB with `chapters`, by their addresses in the folder OEBPS.

    `extra`: `manifest`, `guide` (more XML of the package file), `encryption` (META-INF/encryption.xml).
    """
    ids = {address: f"id{number}" for number, address in enumerate(chapters)}
    items = "".join(f'<item id="{i}" href="{a}" media-type="application/xhtml+xml"/>' for a, i in ids.items())
    refs = "".join(f'<itemref idref="{ids.get(address, address)}"/>' for address in spine or chapters)
    package = (
        f'<package xmlns="http://www.idpf.org/2007/opf"><metadata><title>META</title></metadata><manifest>{items}'
        f"{extra.get('manifest', '')}</manifest><spine>{refs}</spine>{extra.get('guide', '')}</package>"
    )
    parts: dict[str, str | bytes] = {"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": package}
    if "encryption" in extra:
        parts["META-INF/encryption.xml"] = extra["encryption"]
    return zipped(parts | {f"OEBPS/{address}": content for address, content in chapters.items()})


def pdf(pages: Sequence[Sequence[tuple[int, int, str]]]) -> bytes:
    """A PDF whose pages have lines of text in Helvetica, each at its (left, height) in points; ISO-8859-15 at most."""
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    objects, kids, parent = [font], [], 2 * len(pages) + 2
    for lines in pages:
        shown = [b"1 0 0 1 %d %d Tm <%s> Tj\n" % (x, y, text.encode("cp1252").hex().encode()) for x, y, text in lines]
        stream = b"BT /F1 11 Tf\n" + b"".join(shown) + b"ET"
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        resources = b"<< /Font << /F1 1 0 R >> >>"
        objects.append(
            b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources %s >>"
            % (parent, len(objects), resources)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects.append(b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids)))
    objects.append(b"<< /Type /Catalog /Pages %d 0 R >>" % parent)
    file, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    file += b"".join(b"%010d 00000 n \n" % place for place in places)
    file += b"trailer << /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, parent + 1, table)
    return bytes(file)
