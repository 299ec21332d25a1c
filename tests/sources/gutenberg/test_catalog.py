"""The catalog, and the commands that search it and edit params.yaml."""

import gzip
import json

import pytest
from click.testing import CliRunner

from poet.cli import main
from poet.errors import ConfigError, SourceError
from poet.params.file import add_collection, load_params, remove_collection
from poet.sources.gutenberg.catalog import Query, open_catalog, search
from poet.sources.gutenberg.mirrors import Mirrors
from tests.clone import ROOT
from tests.sources.server import Server

ROWS = """Text#,Type,Issued,Title,Language,Authors,Subjects,LoCC,Bookshelves
768,Text,1996-12-01,Wuthering Heights,en,"Brontë, Emily, 1818-1848",Love stories,PR,Gothic Fiction
768,Text,1996-12-01,Wuthering Heights,en,"Brontë, Emily, 1818-1848",Love stories,PR,Gothic Fiction
1260,Text,1998-03-01,"Jane Eyre
An Autobiography",en,"Brontë, Charlotte, 1816-1855; Townsend, F. H. [Illustrator]",Governesses,PR,Gothic Fiction
9846,Sound,2003-11-01,Jane Eyre,en,"Brontë, Charlotte, 1816-1855",Audio books,PR,
4280,Text,2003-07-01,The Critique of Pure Reason,en; la,"Kant, Immanuel, 1724-1804",Knowledge,B,Philosophy
6342,Text,2004-08-01,Kritik der reinen Vernunft,de,"Kant, Immanuel, 1724-1804",Knowledge,B,
"""


@pytest.fixture
def folder(tmp_path):
    """A mirror that holds the small catalog."""
    (tmp_path / "mirror/cache/epub/feeds").mkdir(parents=True)
    (tmp_path / "mirror/cache/epub/feeds/pg_catalog.csv").write_text(ROWS, encoding="utf-8", newline="")
    return tmp_path / "mirror"


@pytest.fixture
def params(tmp_path, folder):
    """A copy of params.yaml that looks at that mirror first."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(text.replace("https://gutenberg.pglaf.org", str(folder)), encoding="utf-8")
    return tmp_path / "params.yaml"


def poet(params, *arguments):
    return CliRunner().invoke(main, [*arguments, "--params", str(params)])


def found(folder, **query):
    return [entry.id for entry in search(open_catalog(Mirrors([str(folder)], max_bytes=10**6)), Query(**query))]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"authors": ["bronte"]}, [768, 1260]),
        ({"authors": ["BRONTË emily"]}, [768]),
        ({"authors": ["emily", "kant"]}, [768, 4280, 6342]),
        ({"authors": ["kant"], "languages": ["de"]}, [6342]),
        ({"languages": ["LA"]}, [4280]),
        ({"titles": ["eyre autobiography"]}, [1260]),
        ({"subjects": ["gothic"]}, [768, 1260]),
        ({"ids": [6342, 9846, 1]}, [6342]),
        ({"authors": ["nobody"]}, []),
    ],
)
def test_searching(folder, query, ids):
    assert found(folder, **query) == ids


def test_titles_lose_their_line_breaks(folder):
    (entry,) = search(open_catalog(Mirrors([str(folder)], max_bytes=10**6)), Query(ids=[1260]))
    assert entry.title == "Jane Eyre An Autobiography"


def test_a_catalog_from_a_web_server_is_fetched_once(tmp_path):
    with Server() as server:
        server.files["/cache/epub/feeds/pg_catalog.csv.gz"] = gzip.compress(ROWS.encode())
        for _ in range(2):
            assert len(open_catalog(Mirrors([server.address], max_bytes=10**6))) == 4
        assert server.asked == ["/cache/epub/feeds/pg_catalog.csv.gz"]


@pytest.mark.parametrize(
    "content", ["a,b\n1,2\n", "Text#,Type,Issued,Title,Language,Authors,Subjects,Bookshelves\nx,Text,,,,,,\n"]
)
def test_what_is_no_catalog_is_told(folder, content):
    (folder / "cache/epub/feeds/pg_catalog.csv").write_text(content, encoding="utf-8")
    with pytest.raises(SourceError, match="is not Gutenberg's catalog"):
        found(folder, authors=["x"])


def test_no_catalog_at_all_is_told_with_every_address(tmp_path):
    with pytest.raises(SourceError, match=r"(?s)no mirror has Gutenberg's catalog.*pg_catalog\.csv does not exist"):
        found(tmp_path, authors=["x"])


def test_search_prints_a_table_or_json(params):
    table = poet(params, "search", "--author", "kant", "--limit", "1")
    assert "4280" in table.output and "6342" not in table.output and "1 of 2 books" in table.output
    listed = json.loads(poet(params, "search", "--author", "kant", "--json").output)
    assert [entry["id"] for entry in listed] == [4280, 6342]
    assert poet(params, "search").exit_code == 2
    assert "no book matches" in poet(params, "search", "--author", "nobody").output


def test_adding_and_removing_leaves_everything_else_as_it_was(params):
    before = params.read_text(encoding="utf-8")
    assert poet(params, "collection", "add", "duo", "--id", "768").exit_code == 0
    assert poet(params, "collection", "add", "duo", "--author", "bronte").exit_code == 0
    settings = load_params(params)
    assert settings.collections["duo"].sources[0].ids == [768, 1260]
    added = "  duo:\n    title: Duo\n    sources:\n      - kind: gutenberg\n        ids: [768, 1260]\n"
    assert added in params.read_text(encoding="utf-8")
    assert params.read_text(encoding="utf-8").replace(added, "") == before
    shown = poet(params, "collection", "show", "duo").output
    assert "Wuthering Heights" in shown and "Jane Eyre" in shown
    assert poet(params, "collection", "remove", "duo").exit_code == 0
    assert params.read_text(encoding="utf-8") == before


def test_adding_to_a_shipped_collection_keeps_its_comments(params):
    before = params.read_text(encoding="utf-8").splitlines()
    assert add_collection(params, "women_writers", "", [768, 1260]) == [1260]
    after = params.read_text(encoding="utf-8").splitlines()
    changed = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    assert len(changed) == 1
    assert changed[0][1] == changed[0][0].replace("105]", "105, 1260]")


def test_a_comment_after_the_last_collection_survives(params):
    text = params.read_text(encoding="utf-8").replace("\ndownload:", "\n# A remark.\ndownload:")
    params.write_text(text, encoding="utf-8")
    remove_collection(params, "philosophers_plato")
    assert "\n# A remark.\ndownload:" in params.read_text(encoding="utf-8")


def test_a_shelf_without_gutenberg_gets_some(params):
    assert add_collection(params, "shakespeare", "", [768]) == [768]
    assert [source.kind for source in load_params(params).collections["shakespeare"].sources] == [
        "package",
        "gutenberg",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add", "x", "--id", "5"], "catalog has no text 5 that fits"),
        (["add", "x", "--author", "nobody"], "no book matches"),
        (["add", "../x", "--id", "768"], "collections.../x"),
        (["show", "nothing"], "unknown collection 'nothing'"),
        (["remove", "nothing"], "unknown collection 'nothing'"),
        (["remove", "shakespeare"], "take it out of `build` first"),
    ],
)
def test_mistakes_change_nothing(params, arguments, message):
    before = params.read_text(encoding="utf-8")
    result = poet(params, "collection", *arguments)
    assert (result.exit_code, message in result.output) == (1, True), result.output
    assert params.read_text(encoding="utf-8") == before


def test_many_books_are_not_added_unasked(params, folder):
    rows = "".join(f'{i},Text,2000-01-01,Book {i},en,"Many, A.",,,\n' for i in range(1, 42))
    (folder / "cache/epub/feeds/pg_catalog.csv").write_text(ROWS.splitlines()[0] + "\n" + rows, encoding="utf-8")
    refused = poet(params, "collection", "add", "many", "--author", "many")
    assert refused.exit_code == 1 and "would add 41 books; narrow the search, or say --yes" in refused.output
    assert poet(params, "collection", "add", "many", "--author", "many", "--yes").exit_code == 0
    assert len(load_params(params).collections["many"].sources[0].ids) == 41


def test_a_broken_file_is_not_touched(params):
    params.write_text(params.read_text(encoding="utf-8").replace("n_layer: 3", "n_layer: x"), encoding="utf-8")
    before = params.read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match="n_layer"):
        add_collection(params, "duo", "Duo", [768])
    assert params.read_text(encoding="utf-8") == before


def test_clean_text_cleans_loose_files(params, tmp_path):
    words = "The words of the book.\n" * 20
    (tmp_path / "a.txt").write_text("Produced by Someone\n\n" + words, encoding="utf-8")
    (tmp_path / "b.txt").write_text("Other words.\n", encoding="utf-8")
    files = [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    result = poet(params, "clean-text", *files, "--out", str(tmp_path / "out"), "--json")
    assert [(row["characters"], [r["rule"] for r in row["removals"]]) for row in json.loads(result.output)] == [
        (len(words), ["credits"]),
        (13, []),
    ]
    assert (tmp_path / "out/a.txt").read_text(encoding="utf-8") == words
    (tmp_path / "b.txt").write_bytes(b"\x00")
    again = poet(params, "clean-text", *files, "--out", str(tmp_path / "none"))
    assert again.exit_code == 1 and "is not a text" in again.output and not (tmp_path / "none").exists()
