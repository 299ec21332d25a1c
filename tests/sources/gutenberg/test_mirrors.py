"""Mirrors in their order: the first that has a file serves it, and every failure keeps its reason."""

import gzip

from poet.sources.gutenberg.cache import MirrorFile
from poet.sources.gutenberg.catalog import open_catalog
from poet.sources.gutenberg.mirrors import Mirrors, NotFound
from tests.sources.gutenberg.one_book import BOOK, PLACE
from tests.sources.gutenberg.policy import FAST
from tests.sources.gutenberg.small_mirror import CATALOG, write_mirror


def mirrors(*addresses):
    return Mirrors([str(address) for address in addresses], max_bytes=10**6, policy=FAST)


def test_the_generated_tree_comes_before_the_main_tree(tmp_path):
    folder = write_mirror(tmp_path)
    (folder / "1/5/158").mkdir(parents=True)
    (folder / "1/5/158/158-0.txt").write_text("from the main tree", encoding="utf-8")
    assert mirrors(folder).find_book(158).source == "cache/epub/158/pg158.txt"
    assert mirrors(f"file://{folder}").find_book(5) == MirrorFile(path=folder / "0/5/5-8.txt", source="0/5/5-8.txt")


def test_a_file_with_accents_comes_before_the_one_without(tmp_path):
    for name in ("10160.txt", "10160-8.txt"):
        (tmp_path / "1/0/1/6/10160").mkdir(parents=True, exist_ok=True)
        (tmp_path / "1/0/1/6/10160" / name).write_text("words", encoding="utf-8")
    assert mirrors(tmp_path).find_book(10160).source == "1/0/1/6/10160/10160-8.txt"


def test_mirrors_are_tried_in_order(server, tmp_path):
    (tmp_path / "empty").mkdir()
    found = mirrors(tmp_path / "empty", server.address).find_book(7)
    assert found.path.read_bytes() == BOOK
    assert server.requested == [PLACE]


def test_a_local_mirror_that_comes_first_spares_the_network(server, tmp_path):
    (tmp_path / "cache/epub/7").mkdir(parents=True)
    (tmp_path / PLACE[1:]).write_bytes(b"the local one")
    assert mirrors(tmp_path, server.address).find_book(7).path.read_bytes() == b"the local one"
    assert server.requested == []


def test_a_book_is_fetched_once_for_all_projects(server):
    for _ in range(2):
        assert mirrors(server.address).find_book(7).path.read_bytes() == BOOK
    assert server.requested == [PLACE]


def test_a_mirror_that_fails_gives_way_to_the_next(server):
    server.script[PLACE] = ["html"]
    server.files["/0/7/7-0.txt"] = BOOK
    found = mirrors("http://127.0.0.1:1", server.address).find_book(7)
    assert isinstance(found, MirrorFile)
    assert (found.source, found.path.read_bytes()) == ("0/7/7-0.txt", BOOK)


def test_an_unreachable_server_is_tried_for_one_file_only(server):
    server.script[PLACE] = ["status 503"] * 9
    busy = mirrors(server.address)
    assert len(busy.find_book(7).tried) == 4
    assert len(busy.find_book(8).tried) == 4
    assert len(server.requested) == FAST.tries


def test_every_address_is_listed_with_its_reason(server, tmp_path):
    missed = mirrors(tmp_path, server.address).find_book(8)
    assert isinstance(missed, NotFound)
    assert len(missed.tried) == 8
    assert missed.tried[0] == f"{tmp_path}/cache/epub/8/pg8.txt does not exist"
    assert missed.tried[4] == f"{server.address}/cache/epub/8/pg8.txt answers 404 Not Found"


def test_the_catalog_of_a_web_server_is_fetched_once(server):
    """The packed one, because it is a quarter of the size."""
    server.files["/cache/epub/feeds/pg_catalog.csv.gz"] = gzip.compress(CATALOG.encode())
    for _ in range(2):
        assert len(open_catalog(mirrors(server.address)).entries) == 4
    assert server.requested == ["/cache/epub/feeds/pg_catalog.csv.gz"]
