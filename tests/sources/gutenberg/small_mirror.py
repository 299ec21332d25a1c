"""A mirror with two books and a small catalog, as a folder and as a web server."""

from pathlib import Path

from tests.clone import ROOT
from tests.sources.server import Server

HEADER = "Title: Emma\r\n\r\nAuthor: Jane Austen\r\n\r\nLanguage: English\r\n\r\n"

CATALOG = """Text#,Type,Issued,Title,Language,Authors,Subjects,LoCC,Bookshelves
768,Text,1996-12-01,Wuthering Heights,en,"Brontë, Emily, 1818-1848",Love stories,PR,Gothic Fiction
768,Text,1996-12-01,Wuthering Heights,en,"Brontë, Emily, 1818-1848",Love stories,PR,Gothic Fiction
1260,Text,1998-03-01,"Jane Eyre
An Autobiography",en,"Brontë, Charlotte, 1816-1855; Townsend, F. H. [Illustrator]",Governesses,PR,Gothic Fiction
9846,Sound,2003-11-01,Jane Eyre,en,"Brontë, Charlotte, 1816-1855",Audio books,PR,
4280,Text,2003-07-01,The Critique of Pure Reason,en; la,"Kant, Immanuel, 1724-1804",Knowledge,B,Philosophy
6342,Text,2004-08-01,Kritik der reinen Vernunft,de,"Kant, Immanuel, 1724-1804",Knowledge,B,
"""


def write_mirror(folder: Path) -> Path:
    """A generated file for book 158, and only a main-tree file without a header for book 5; returns `folder`."""
    for path, text in {"cache/epub/158/pg158.txt": HEADER + "Emma Woodhouse", "0/5/5-8.txt": "We the people"}.items():
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(text, encoding="utf-8", newline="")
    return folder


def write_catalog(folder: Path, rows: str = CATALOG) -> Path:
    """The catalog `rows` as the plain feed of the mirror `folder`; returns the file."""
    path = folder / "cache/epub/feeds/pg_catalog.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(rows, encoding="utf-8", newline="")
    return path


def serve(server: Server, folder: Path) -> None:
    """Let `server` serve the texts of the mirror `folder`."""
    for path in folder.rglob("*.txt"):
        server.files[f"/{path.relative_to(folder).as_posix()}"] = path.read_bytes()


def write_params(path: Path, mirror: Path) -> Path:
    """A copy of params.yaml that looks into the mirror folder `mirror` first; returns `path`."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("https://gutenberg.pglaf.org", str(mirror)), encoding="utf-8")
    return path
