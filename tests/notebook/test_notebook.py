"""The notebook: its source and its file agree, its output is stripped, and every cell runs, with texts of the test."""

import ast
import re
import shlex

import pytest

from tests.clone import ENVIRONMENT, ROOT, clone, sh
from tests.sources.gutenberg.small_mirror import write_catalog
from tests.texts import babble

jupytext = pytest.importorskip("jupytext")
nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")

SOURCE, NOTEBOOK = ROOT / "notebooks" / "poet.py", ROOT / "notebooks" / "poet.ipynb"
HEADER = "Title: {}\r\n\r\nAuthor: Jane Austen\r\n\r\nLanguage: English\r\n\r\n"
CATALOG = """Text#,Type,Issued,Title,Language,Authors,Subjects,LoCC,Bookshelves
158,Text,1994-08-01,Emma,en,"Austen, Jane, 1775-1817",Love stories,PR,
161,Text,1994-09-01,Sense,en,"Austen, Jane, 1775-1817",Love stories,PR,
1342,Text,1998-06-01,Pride,en,"Austen, Jane, 1775-1817",Love stories,PR,
"""


def cells(notebook):
    return [(cell.cell_type, cell.source, cell.metadata) for cell in notebook.cells]


def test_the_notebook_is_that_of_its_source_and_has_no_output():
    """After a change of the source: jupytext --to ipynb --update notebooks/poet.py."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert cells(jupytext.read(SOURCE)) == cells(notebook)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)


def test_the_badge_opens_the_notebook_of_the_repository():
    text = SOURCE.read_text(encoding="utf-8")
    (address,) = re.findall(r'^REPOSITORY = "https://github.com/(.*)"', text, re.MULTILINE)
    assert f"colab.research.google.com/github/{address}/blob/main/notebooks/poet.ipynb" in text


def test_cells_hold_no_logic():
    """They call `poet`, `dvc` and functions of the project; whatever decides something has tests of its own."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    assert not [
        node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.For, ast.While, ast.ClassDef))
    ]
    assert [node.test.left.value for node in ast.walk(tree) if isinstance(node, ast.If)] == ["google.colab"]


def test_a_bundle_of_another_project_stays(tmp_path):
    """The last lines of the cell that keeps everything: a later state of the project replaces the earlier one alone."""
    (cell,) = [cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells if "git bundle" in cell.source]
    (tmp_path / "keep.sh").write_text("set -e\n" + cell[cell.index("bundle=") :], encoding="utf-8")
    drive, commit = tmp_path / "a drive", "git commit --quiet --allow-empty --message"
    drive.mkdir()
    for name in ("one", "other"):
        sh(f"git init --quiet -b main {name} && cd {name} && {commit} {name}", tmp_path)

    def keep(name):
        return sh("bash ../keep.sh '../a drive'", tmp_path / name)

    assert keep("one") == "the project is in ../a drive/poet.bundle\n"
    sh(f"{commit} more", tmp_path / "one")
    assert keep("one") == "the project is in ../a drive/poet.bundle\n"
    assert re.fullmatch(r"the project is in \.\./a drive/poet-[0-9-]+\.bundle\n", keep("other"))
    # Somebody else has gone on meanwhile, or the file is damaged.
    sh("git reset --quiet --hard HEAD~", tmp_path / "one")
    assert "poet-" in keep("one")
    assert sh("git -C one ls-remote '../a drive/poet.bundle' | wc -l", tmp_path).strip() == "2"
    (drive / "poet.bundle").write_bytes(b"")
    assert "poet-" in keep("one") and (drive / "poet.bundle").read_bytes() == b""


@pytest.fixture
def shelf(tmp_path):
    """A clone whose only mirror is a folder with three books."""
    mirror = tmp_path / "mirror"
    write_catalog(mirror, CATALOG)
    for number in (158, 161, 1342):
        path = mirror / f"cache/epub/{number}/pg{number}.txt"
        path.parent.mkdir(parents=True)
        path.write_text(HEADER.format(number) + babble(number, 9000), encoding="utf-8", newline="")
    folder = tmp_path / "project"
    folder.mkdir()
    clone(folder)
    params = (folder / "params.yaml").read_text(encoding="utf-8")
    (folder / "params.yaml").write_text(
        re.sub(r"https://(gutenberg|aleph)\.\S+", str(mirror), params), encoding="utf-8"
    )
    sh("git commit -qam 'A mirror of the test'", folder)
    return folder


@pytest.mark.slow
def test_every_cell_runs_and_a_later_session_has_it_all(shelf, tmp_path):
    drive, home = tmp_path / "Tom's drive", tmp_path / "home"
    home.mkdir()
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    (given,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())]
    given.source += f"\nSETTINGS = '-S train.steps=40'\nBENCHMARK_MINUTES = 0.1\nDRIVE = {str(drive)!r}"
    # A machine on which nobody has told git a name.
    environment = {key: value for key, value in ENVIRONMENT.items() if not key.startswith("GIT_")} | {"HOME": str(home)}
    client = nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": shelf / "notebooks"}})
    client.execute(env=environment)

    outputs = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    printed = "".join(out.text for out in outputs if out.output_type == "stream")
    assert "1342" in printed and "Pride" in printed and "results of finished stages pushed" in printed
    assert not re.search("error|not found|no such", printed, re.IGNORECASE), printed
    shown = [out.data.get("text/html", "") for out in outputs if "data" in out]
    assert sum("<polyline" in html and "bits per character" in html for html in shown) == 1, "the curve"
    frames = [html for html in shown if html.startswith("<iframe")]
    assert len(frames) == 2, "the report, and the page that writes"
    texts = [html for html in shown if ("<sup" in html or "No passage of" in html) and html not in frames]
    assert len(texts) == 5, "three samples, what was written, what was looked up"
    assert "reports/benchmarks/" in sh("git show --name-only HEAD", shelf), "the row of this machine"

    later = tmp_path / "later"
    sh(f"git clone --quiet {shlex.quote(str(drive / 'poet.bundle'))} {later}", tmp_path)
    sh("dvc pull --run-cache --allow-missing", later)
    assert "Running stage" not in sh("dvc repro --pull", later)
    assert (later / "reports" / "austen" / "poet.html").read_bytes()
