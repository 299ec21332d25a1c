"""A mirror with a fault of any kind: the next mirror delivers, and the reason is kept."""

import gzip

import pytest

from poet.sources.gutenberg.catalog import open_catalog
from poet.sources.gutenberg.http import ServerUnreachable, UnusableResponse
from poet.sources.gutenberg.mirrors import Mirrors, NotFound
from tests.sources.gutenberg.one_book import PLACE
from tests.sources.gutenberg.policy import FAST
from tests.sources.gutenberg.small_mirror import CATALOG
from tests.sources.server import Server

END = b"*** END OF THE PROJECT GUTENBERG EBOOK HAMLET ***\r\n"
BOOK = b"To be, or not to be: that is the question.\r\n" * 500 + END
CATALOG_PLACE = "/cache/epub/feeds/pg_catalog.csv.gz"


@pytest.fixture
def faulty(server):
    server.files[PLACE] = BOOK  # a book with its end marker
    return server


@pytest.fixture
def sound():
    with Server() as server:
        server.files.update({PLACE: BOOK})
        server.files[CATALOG_PLACE] = gzip.compress(CATALOG.encode())
        yield server


def mirrors(*addresses, policy=FAST):
    return Mirrors(addresses, max_bytes=10**6, policy=policy)


FAULTS = {
    # Headers.
    "header Content-Length: -5": "'-5', which is no length",
    "header Content-Length: abc": "'abc', which is no length",
    "header Content-Length: ²²": "which is no length",
    "header Content-Length: 5|Content-Length: 6": "Content-Length",
    f"header Content-Length: {'9' * 5000}": "which is no length",
    "header Content-Encoding: br": "'br' although none was accepted",
    "header Transfer-Encoding: nonsense": "'nonsense', which is not supported",
    "part bytes 0-9/10": "a part of the file although all of it was requested",
    "part nonsense": "a part of the file although all of it was requested",
    "status 416": "answers 416",
    "status 302": "answers 302",
    "status 503 nonsense": "stayed busy",
    "status 429 -1": "stayed busy",
    "status 503 Fri, 99 Foo 9999999 99:99:99 GMT": "stayed busy",
    "redirect http://[::1": "which is no address",
    "redirect http://host:port/x": "which is no address",
    "redirect http:///x": "answers 404",
    "redirect //": "redirects in circles",
    "redirect gopher://a/\x1b[31m": r"gopher://a/\?\[31m, which is not followed",
    f"redirect http://{'a' * 300}.example/": "redirects|not HTTP|cannot be reached",
    "redirect http://ex\xe4mple\x80/": "redirects|not HTTP|cannot be reached",
    # Bodies.
    "gzip 0": "'gzip' although none was accepted",
    "gzip 9": "'gzip' although none was accepted",
    "endless_redirect /x": "answers 404",
    "unmeasured 60": "may be cut",
    "chunked cut": "cannot be reached",
    "drip 0.02": "too slow",
    "drip_headers 0.02": "no complete headers",
    "garbage": "cannot be reached",
    "rest bytes 0-99/100": "cannot be reached",
    "rest bytes 9-5/100": "cannot be reached",
    "rest items 1-2/3": "cannot be reached",
    "rest bytes 1-2": "cannot be reached",
}


# urllib3 leaves the connection of a response with two lengths to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("fault", "reason"), FAULTS.items(), ids=[fault[:40] for fault in FAULTS])
def test_a_fault_leads_to_the_next_mirror_and_keeps_its_reason(faulty, sound, tmp_path, fault, reason):
    both = mirrors(faulty.address, sound.address)
    faulty.script[PLACE] = [fault] * 9
    # `find_book` returns the book alone; the client says why the first mirror did not have it.
    with pytest.raises((UnusableResponse, ServerUnreachable), match=reason):
        both.client.fetch(faulty.address + PLACE, tmp_path / "book.txt")
    assert not (tmp_path / "book.txt").exists()
    faulty.script[PLACE] = [fault] * 9
    found = both.find_book(7)
    assert found.path.read_bytes() == BOOK
    assert sound.requested == [PLACE]


@pytest.mark.parametrize(
    "way",
    [
        "unmeasured 0",
        "chunked",
        f"header Content-Length: {len(BOOK)}|Content-Length: {len(BOOK)}",
        "header Content-Encoding: identity",
        "rest nonsense",
        "slow 0.1",
    ],
)
def test_a_sound_answer_of_an_unusual_shape_is_taken(faulty, way):
    """Also the whole file after a rest that cannot be believed."""
    faulty.script[PLACE] = [way, way]
    assert mirrors(faulty.address).find_book(7).path.read_bytes() == BOOK


def test_a_range_that_lies_never_joins_a_book(faulty):
    """The server first drops, then sends a rest that belongs elsewhere; the third answer is whole."""
    faulty.script[PLACE] = ["drop", f"rest bytes 7-{len(BOOK) - 1}/{len(BOOK)}"]
    assert mirrors(faulty.address).find_book(7).path.read_bytes() == BOOK
    assert "Range" in faulty.headers[1] and "Range" not in faulty.headers[2]


@pytest.mark.parametrize(
    "last_line",
    [
        b"subscribe to our email newsletter to hear about new eBooks.",
        b"End of the Project Gutenberg EBook of Hamlet, by William Shakespeare",
        b"*** END OF THIS PROJECT GUTENBERG EBOOK HAMLET ***",
    ],
)
def test_a_body_without_a_length_needs_its_last_line(faulty, last_line):
    faulty.files[PLACE] = b"To be.\r\n" + last_line + b"\r\n\r\n"
    faulty.script[PLACE] = ["unmeasured 0"]
    assert mirrors(faulty.address).find_book(7).path.read_bytes() == faulty.files[PLACE]
    faulty.files[PLACE] = b"To be.\r\n" * 50
    faulty.script["/cache/epub/8/pg8.txt"] = ["unmeasured 0"]
    faulty.files["/cache/epub/8/pg8.txt"] = b"To be.\r\n" * 50
    missed = mirrors(faulty.address).find_book(8)
    assert isinstance(missed, NotFound) and "may be cut" in missed.tried[0]


def test_a_server_that_trickles_is_left_at_the_deadline(faulty, tmp_path):
    """Fast enough for the least rate, and still never ready."""
    faulty.script[PLACE] = ["drip 0.002"] * 9
    policy = type(FAST)(pause=0.0, tries=3, least_rate=1.0, rate_window=0.1, deadline=0.5)
    with pytest.raises(ServerUnreachable, match=r"too slow \(not complete"):
        mirrors(policy=policy).client.fetch(faulty.address + PLACE, tmp_path / "book.txt")
    assert len(faulty.requested) == 1


@pytest.mark.parametrize("fault", ["gzip 0", "unmeasured 20", "body not gzip", "header Content-Encoding: gzip"])
def test_a_damaged_catalog_is_not_kept(faulty, sound, fault):
    """The last fault is none: many servers call a gzip file a file with the encoding gzip."""
    faulty.files[CATALOG_PLACE] = gzip.compress(CATALOG.encode())
    faulty.script[CATALOG_PLACE] = [fault]
    if fault == "gzip 0":
        faulty.files[CATALOG_PLACE] = CATALOG.encode()  # which the server packs itself
    assert len(open_catalog(mirrors(faulty.address, sound.address)).entries) == 4
