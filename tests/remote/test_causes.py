"""The tables of causes: each row can be said of each remote, and no error is too odd for them."""

import errno
import string
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poet.remote.causes import ANY, QUOTED, TABLES, explain, signs
from poet.remote.configured import Remote


def remote(protocol="s3", address="s3://poet/team", **settings):
    return Remote(name="team", address=address, protocol=protocol, settings=settings, path="", objects=None)


@pytest.mark.parametrize("protocol", [*TABLES, "local"])
def test_every_row_can_be_said(protocol):
    for sign, words in (TABLES.get(protocol, {}) | ANY).items():
        error = type(sign, (Exception,), {})("unused")
        said = explain(error, remote(protocol, f"{protocol}://lab/poet"))
        names = {name for _, name, _, _ in string.Formatter().parse(words) if name}
        assert "{" not in said and "unused" not in said, (sign, names, said)


def test_the_port_is_the_one_that_is_asked():
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    for settings, place in (
        (
            {"protocol": "ssh", "address": "ssh://lab/poet", "host": "lab"},
            "lab is there, but no server listens at its port 22",
        ),
        ({"protocol": "ssh", "address": "ssh://lab/poet", "host": "lab", "port": 2222}, "port 2222"),
        ({"protocol": "webdavs", "address": "webdavs://lab/poet", "host": "https://lab"}, "port 443"),
        (
            {"protocol": "webdav", "address": "webdav://lab:81/poet", "host": "http://lab:81"},
            "lab is there, but no server listens at its port 81",
        ),
        ({"protocol": "s3", "endpointurl": "http://lab:9000"}, "port 9000"),
        ({"protocol": "s3", "endpointurl": "http://lab"}, "port 80"),
    ):
        assert place in explain(refused, remote(**settings)), settings


def test_what_asyncio_says_of_a_host_with_two_addresses_is_understood():
    both = OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 9), [Errno 111] Connect call failed")
    assert "ECONNREFUSED" in signs(both)
    grouped = Exception("all attempts failed")
    grouped.__cause__ = ExceptionGroup("attempts", [OSError(errno.EHOSTUNREACH, "x"), OSError(errno.ETIMEDOUT, "y")])
    assert {"no route", "timeout"} <= set(signs(grouped))


def test_a_secret_that_a_library_quotes_is_hidden():
    one = remote(secret_access_key="s3cret/+", password=None)
    assert explain(RuntimeError("bad s3cret/+ here"), one) == "RuntimeError: bad *** here"
    # Also where the message is cut in the middle of it.
    for before in range(QUOTED - 8, QUOTED + 1):
        assert "s3c" not in explain(RuntimeError("x" * before + "s3cret/+ here"), one)


@given(st.lists(st.text(), min_size=1, max_size=5), st.sampled_from([*TABLES, "local", "gs"]), st.booleans())
def test_any_chain_of_errors_is_explained(messages, protocol, is_circle):
    errors = [RuntimeError(message) for message in messages]
    for error, behind in pairwise(errors):
        error.__cause__ = behind
    if is_circle:
        errors[-1].__context__ = errors[0]
    said = explain(errors[0], remote(protocol, f"{protocol}://lab/poet"))
    assert said.startswith("RuntimeError: ") and "\n" not in said and len(said) < QUOTED + 20
