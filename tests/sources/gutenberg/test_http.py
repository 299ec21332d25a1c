"""Fetching over real HTTP from a server that drops, stalls, refuses, redirects and lies."""

import pytest

from poet.sources.gutenberg.http import FileSession, HttpClient, RequestPolicy, ServerUnreachable, UnusableResponse
from poet.sources.gutenberg.mirrors import Mirrors
from tests.sources.gutenberg.one_book import BOOK, PLACE
from tests.sources.gutenberg.policy import FAST
from tests.sources.internet import session_to


@pytest.fixture
def fetch(server, tmp_path):
    """Fetch the book from the server; returns its bytes."""

    def fetch(path=PLACE, max_bytes=10**6):
        client = HttpClient(session=FileSession(), max_bytes=max_bytes, policy=FAST)
        client.fetch(server.address + path, tmp_path / "book.txt")
        return (tmp_path / "book.txt").read_bytes()

    yield fetch
    assert {path.name for path in tmp_path.iterdir()} <= {"book.txt", "book.txt.part", "book.txt.origin"}


def test_a_file_arrives_as_served_with_an_honest_name(server, fetch):
    assert fetch() == BOOK
    assert server.headers[0]["User-Agent"].startswith("torch-transformer-poet/")


@pytest.mark.parametrize(
    "faults",
    [
        ["drop"],
        ["drop", "drop"],
        ["nameless"],
        ["hangup"],
        ["stall 0.9"],
        ["status 503"],
        ["status 429 0"],
        ["status 502", "drop"],
    ],
)
def test_passing_faults_are_overcome(server, fetch, tmp_path, faults):
    server.script[PLACE] = list(faults)
    assert fetch() == BOOK
    assert len(server.requested) == len(faults) + 1
    assert [path.name for path in tmp_path.iterdir()] == ["book.txt"]


def test_an_interrupted_body_is_resumed(server, fetch):
    server.script[PLACE] = ["drop"]
    assert fetch() == BOOK
    assert 0 < int(server.headers[1]["Range"][6:-1]) <= len(BOOK) // 2
    assert server.sent < 1.05 * len(BOOK)


def test_a_body_that_changed_meanwhile_is_fetched_anew(server, fetch):
    server.script[PLACE] = ["drop", "status 503", "status 503"]
    with pytest.raises(ServerUnreachable):
        fetch()
    server.files[PLACE] = BOOK.upper()
    assert fetch() == BOOK.upper()


def test_a_complete_part_is_not_fetched_again(server, fetch, tmp_path):
    server.script[PLACE] = ["drop", "status 503", "status 503"]
    with pytest.raises(ServerUnreachable):
        fetch()
    (tmp_path / "book.txt.part").write_bytes(BOOK)  # as if killed just before the last rename
    before = server.sent
    assert fetch() == BOOK
    assert server.sent == before


def test_a_part_that_is_too_long_is_fetched_anew(server, fetch, tmp_path):
    server.script[PLACE] = ["drop", "status 503", "status 503"]
    with pytest.raises(ServerUnreachable):
        fetch()
    (tmp_path / "book.txt.part").write_bytes(BOOK + b"more")
    assert fetch() == BOOK


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("status 404", "answers 404 Not Found"),
        ("status 403", "answers 403 Forbidden"),
        ("html", "a web page instead of a text"),
        ("html text/plain", "a web page instead of a text"),
        ("body ", "an empty body"),
        ("body \n \n", "an empty body"),
        ("redirect file:///etc/passwd", "redirects to file:///etc/passwd, which is not followed"),
        ("redirect ftp://example.org/x", "redirects to ftp://"),
        ("endless 2000000", "sends more than 1,000,000 bytes"),
    ],
)
def test_what_cannot_be_a_book_is_refused_at_once(server, fetch, tmp_path, fault, message):
    server.script[PLACE] = [fault]
    with pytest.raises(UnusableResponse, match=message):
        fetch()
    assert len(server.requested) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_over_the_limit_is_refused_before_its_body(server, fetch):
    with pytest.raises(UnusableResponse, match="86,000 bytes, more than 1,000"):
        fetch(max_bytes=1000)


def test_redirects_are_followed_within_reason(server, fetch):
    server.script["/moved"] = [f"redirect {PLACE}"]
    assert fetch("/moved") == BOOK
    server.script["/circle"] = ["redirect /circle"] * 20
    with pytest.raises(UnusableResponse, match="in circles"):
        fetch("/circle")


@pytest.mark.parametrize("fault", ["drop", "stall 0.9", "status 503", "hangup"])
def test_lasting_faults_end_in_one_error(server, fetch, fault):
    server.script[PLACE] = [fault] * 10
    with pytest.raises(ServerUnreachable):
        fetch()
    assert len(server.requested) == FAST.tries


def client_of(internet, **policy):
    return HttpClient(session=session_to(internet), max_bytes=100, policy=RequestPolicy(**policy))


def test_requests_to_a_public_host_are_two_seconds_apart(internet, tmp_path):
    """By the default policy, which is the one that users run: two seconds are what Gutenberg asks of robots."""
    client = client_of(internet)
    for name in ("a", "b", "c"):
        client.fetch(f"https://mirror.example/{name}", tmp_path / name)
    assert internet.distances() == [2.0, 2.0]


def test_time_that_has_passed_counts_for_the_pause(internet, clock, tmp_path):
    client = client_of(internet)
    client.fetch("https://mirror.example/a", tmp_path / "a")
    clock.now += 0.5
    client.fetch("https://mirror.example/b", tmp_path / "b")
    clock.now += 7.0
    client.fetch("https://mirror.example/c", tmp_path / "c")
    assert internet.distances() == [2.0, 7.0]


def test_each_host_has_its_own_pause_and_this_machine_none(internet, tmp_path):
    client = client_of(internet)
    for host in ("mirror.example", "other.example", "127.0.0.1:80", "localhost", "127.0.0.1:80", "mirror.example"):
        client.fetch(f"http://{host}/a", tmp_path / "a")
    assert internet.distances() == [0.0, 0.0, 0.0, 0.0, 2.0]


def test_redirects_and_retries_keep_the_pause(internet, tmp_path):
    """Also where the server itself asks for less than the pause."""
    internet.script = [(302, {"Location": "https://mirror.example/b"}), (503, {"Retry-After": "1"}), (200, {})]
    client = client_of(internet, backoff=0.0)
    client.fetch("https://mirror.example/a", tmp_path / "a")
    assert [url[-1] for _, url in internet.requests] == ["a", "b", "a"]
    assert internet.distances() == [2.0, 2.0]


def test_all_books_of_a_mirror_share_one_pause(internet):
    mirrors = Mirrors(["https://mirror.example"], max_bytes=100)
    mirrors.client.session = session_to(internet)
    for number in (7, 8, 9):
        mirrors.find_book(number)
    assert [url.rpartition("/")[2] for _, url in internet.requests] == ["pg7.txt", "pg8.txt", "pg9.txt"]
    assert internet.distances() == [2.0, 2.0]


def test_retries_wait_longer_each_time(internet, tmp_path):
    internet.script = [(503, {})] * 9
    with pytest.raises(ServerUnreachable, match="stayed busy"):
        client_of(internet).fetch("https://mirror.example/a", tmp_path / "a")
    assert len(internet.requests) == RequestPolicy().tries == 4
    for distance, backoff in zip(internet.distances(), (2, 4, 8), strict=True):
        assert backoff <= distance <= 1.1 * backoff


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("30", 30.0), ("1000", 120.0), ("Sat, 01 Jan 2000 00:00:30 GMT", 30.0), ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0)],
    ids=["seconds", "longer than the longest wait", "a date", "a date that has passed"],
)
def test_a_server_may_ask_for_a_longer_wait(internet, clock, tmp_path, retry_after, seconds):
    clock.wall = 946_684_800.0  # the beginning of the year 2000
    internet.script = [(429, {"Retry-After": retry_after})]
    client_of(internet, backoff=0.0, pause=0.0).fetch("https://mirror.example/a", tmp_path / "a")
    assert internet.distances() == [seconds]


# A body of seven bytes that was to have a hundred.
INTERRUPTED = {"Content-Length": "100"}


@pytest.mark.parametrize(
    ("headers", "resumed"),
    [
        ({"ETag": '"1"'}, {"Range": "bytes=7-", "If-Range": '"1"'}),
        ({"Last-Modified": "Sat, 01 Jan 2000"}, {"Range": "bytes=7-", "If-Range": "Sat, 01 Jan 2000"}),
        ({"ETag": 'W/"1"'}, {}),
        ({}, {}),
    ],
    ids=["etag", "date", "weak etag", "no version"],
)
def test_only_a_body_with_a_version_is_resumed(internet, tmp_path, headers, resumed):
    """A weak ETag names another text with the same meaning; its bytes may differ."""
    internet.script = [(200, INTERRUPTED | headers)]
    client_of(internet).fetch("https://mirror.example/a", tmp_path / "a")
    first, second = internet.headers
    assert not {"Range", "If-Range"} & set(first)
    assert {name: second[name] for name in ("Range", "If-Range") if name in second} == resumed
    assert {first["Accept-Encoding"], second["Accept-Encoding"]} == {"identity"}, "ranges count the bytes of the file"


def test_a_body_of_one_mirror_is_not_resumed_from_another(internet, tmp_path):
    internet.script = [(200, INTERRUPTED | {"ETag": '"1"'})]
    with pytest.raises(ServerUnreachable):
        client_of(internet, tries=1).fetch("https://mirror.example/a", tmp_path / "a")
    client_of(internet).fetch("https://other.example/a", tmp_path / "a")
    assert "Range" not in internet.headers[1]
    assert (tmp_path / "a").read_bytes() == b"A book."


@pytest.mark.parametrize(
    ("url", "target", "followed"),
    [
        ("http://mirror.example/a", "https://mirror.example/a", True),
        ("https://mirror.example/a", "https://other.example/a", True),
        ("https://mirror.example/a", "/b", True),
        ("https://mirror.example/a", "http://mirror.example/a", False),
    ],
)
def test_no_redirect_leads_from_https_to_http(internet, tmp_path, url, target, followed):
    internet.script = [(302, {"Location": target})]
    if followed:
        client_of(internet).fetch(url, tmp_path / "a")
    else:
        with pytest.raises(UnusableResponse, match=f"redirects to {target}, which is not followed"):
            client_of(internet).fetch(url, tmp_path / "a")
    assert len(internet.requests) == (2 if followed else 1)
