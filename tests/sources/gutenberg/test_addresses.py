"""Addresses: credentials are used and shown nowhere, and no redirect leads into a private network."""

import base64
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.addresses import hide_credentials
from poet.params.sections import Collection, GutenbergSource
from poet.sources.gutenberg import cache
from poet.sources.gutenberg.addresses import is_private, redirect_target, split_credentials
from poet.sources.gutenberg.mirrors import Mirrors, NotFound
from stages.download import download
from tests.sources.gutenberg.policy import FAST
from tests.sources.gutenberg.small_mirror import HEADER
from tests.sources.server import Server
from tests.sources.settings import download_settings

BOOK = HEADER.encode() + b"Emma Woodhouse, handsome, clever, and rich.\n" * 500
PLACE = "/cache/epub/158/pg158.txt"

SCHEMES = st.sampled_from(["http://", "https://"])
SECRETS = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=3).map(lambda word: f"S3{word}3T")


@pytest.fixture
def server():
    with Server() as server:
        server.files[PLACE] = BOOK
        yield server


def with_credentials(address, user="jane", password="s3cret"):
    return address.replace("//", f"//{user}:{password}@")


@given(SCHEMES, SECRETS, SECRETS)
def test_hidden_credentials_leave_no_trace(scheme, user, password):
    for credentials in (
        f"{user}:{password}",
        user,
        f":{password}",
        f"{user}:{password}/#?{password}",
        f"{user}@x:{user}",
    ):
        text = f"got {scheme}{credentials}@mirror.example/a failed"
        assert hide_credentials(text) == f"got {scheme}mirror.example/a failed"


@given(SCHEMES, SECRETS, SECRETS)
def test_credentials_are_split_from_the_address(scheme, user, password):
    url, credentials = split_credentials(f"{scheme}{user}:{password}@mirror.example:80/a")
    assert url == f"{scheme}mirror.example:80/a"
    assert credentials == (user.encode(), password.encode())


@given(st.text())
def test_any_location_is_followed_or_refused_with_a_reason(location):
    try:
        target = redirect_target("http://127.0.0.1/a", location)
    except ValueError as error:
        assert str(error).startswith("redirects to")
    else:
        assert target.startswith(("http://", "https://"))


def test_credentials_are_sent_and_stored_nowhere(server, tmp_path, capfd):
    """A book that is found after a fault, one that is missing, a server that is down: all that is written and said."""
    server.script[PLACE] = ["drop", "status 503"]
    mirrors = [with_credentials("http://127.0.0.1:1", "ann"), "ftp://bob:s3cret@host", with_credentials(server.address)]
    sources = [GutenbergSource(kind="gutenberg", ids=[158, 63022])]
    settings = download_settings("unused", allow_missing=True)
    object.__setattr__(settings, "mirrors", mirrors)  # `poet check` refuses passwords, and this is about what is behind
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("poet.sources.gutenberg.mirrors.RequestPolicy", lambda: FAST)
        download(Collection(title="Secret", sources=sources), settings, tmp_path / "out")
    assert {headers["Authorization"] for headers in server.headers} == {
        f"Basic {base64.b64encode(b'jane:s3cret').decode()}"
    }
    files = [path for folder in (tmp_path, cache.cache_folder()) for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 5
    said = capfd.readouterr()
    written = [said.out.encode(), said.err.encode(), *(path.read_bytes() for path in files)]
    for word in (b"s3cret", b"jane", b"ann:", b"bob:"):
        assert not any(word in content for content in written)
    missing = (tmp_path / "out/missing.csv").read_text(encoding="utf-8")
    assert f"{server.address}/cache/epub/63022/pg63022.txt answers 404" in missing


@pytest.mark.parametrize("address", ["http://jane:se/cret@host", "http://jane:s3cret@[host", "http://jane:s3cret@"])
def test_an_address_that_cannot_be_parsed_shows_no_credentials_either(address):
    missed = Mirrors([address], max_bytes=10**6, policy=FAST).find_book(7)
    assert isinstance(missed, NotFound)
    assert not any(word in tried for tried in missed.tried for word in ("jane", "cret"))
    assert "is no address of a web server" in missed.tried[0]


def test_credentials_stay_with_their_server(server):
    """A redirect within the server keeps them; one to another server, and credentials in a redirect, have no effect."""
    server.script[PLACE] = ["redirect /moved"]
    with Server() as other:
        other.files[PLACE] = BOOK
        server.script["/moved"] = [f"redirect {with_credentials(other.address, 'eve')}{PLACE}"]
        found = Mirrors([with_credentials(server.address)], max_bytes=10**6, policy=FAST).find_book(158)
        assert found.path.read_bytes() == BOOK
        assert ["Authorization" in headers for headers in server.headers] == [True, True]
        assert "Authorization" not in other.headers[0]


@pytest.fixture
def names(monkeypatch):
    """A resolver that knows a few names, and addresses as they are."""
    known = {"mirror.example": "93.184.215.14", "inside.example": "10.1.2.3", "both.example": "fd00::1"}
    real = socket.getaddrinfo

    def resolve(host, port, **options):
        if host.endswith(".example") and host not in known:
            raise socket.gaierror("unknown")
        return real(known.get(host, host), port, **options, flags=socket.AI_NUMERICHOST)

    monkeypatch.setattr("poet.sources.gutenberg.addresses.socket.getaddrinfo", resolve)


PRIVATE = [
    *(
        "127.0.0.1",
        "127.9.9.9",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
    ),
    *("[::1]", "[fe80::1]", "[fd00::1]", "[::ffff:127.0.0.1]", "[64:ff9b::a00:1]", "[2002:7f00:1::]", "100.64.0.1"),
    *("2130706433", "0x7f.1", "inside.example", "both.example"),
]


@pytest.mark.parametrize("host", PRIVATE)
def test_a_public_mirror_does_not_redirect_into_a_private_network(names, host):
    with pytest.raises(ValueError, match="is in a private network and is not followed"):
        redirect_target("http://mirror.example/a", f"http://{host}:8080/b")
    assert redirect_target("http://192.168.7.7/a", f"http://{host}:8080/b") == f"http://{host}:8080/b"


@pytest.mark.parametrize("host", ["172.32.0.1", "8.8.8.8", "[2606:2800:220:1::1]", "mirror.example", "unknown.example"])
def test_a_redirect_to_a_public_host_is_followed(names, host):
    assert not is_private(f"http://{host}/")
    assert redirect_target("http://mirror.example/a", f"https://{host}/b") == f"https://{host}/b"


def test_a_password_in_netrc_is_sent_to_its_server_alone(server, tmp_path, monkeypatch):
    """Where `poet check` sends people who wrote a password into params.yaml."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login jane password s3cret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.files[PLACE] = BOOK
    found = Mirrors([server.address], max_bytes=10**6, policy=FAST).find_book(158)
    assert found.path.read_bytes() == BOOK
    assert server.headers[0]["Authorization"] == f"Basic {base64.b64encode(b'jane:s3cret').decode()}"


@pytest.mark.parametrize(
    "proxy",
    [
        "http://jane:s3cret@127.0.0.1:1",
        "http://jane:s3cret@127.0.0.1:port",
        "jane:s3cret@127.0.0.1:1",
        "http://jane:s3cret@",
    ],
)
def test_the_password_of_a_proxy_is_shown_nowhere(monkeypatch, proxy):
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("http_proxy", proxy)
    missed = Mirrors(["http://mirror.invalid"], max_bytes=10**6, policy=FAST).find_book(7)
    assert isinstance(missed, NotFound) and missed.tried
    assert not any(word in tried for tried in missed.tried for word in ("jane", "s3cret")), missed.tried
