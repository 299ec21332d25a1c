"""Addresses of web servers: without their credentials, and whether they lie in a private network."""

import ipaddress
import socket
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

# 64:ff9b::/96 stands for all IPv4 addresses in a network that has only IPv6: the last 32 bits are one of them.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def split_credentials(url: str) -> tuple[str, tuple[bytes, bytes] | None]:
    """The address without credentials, and user and password if it has them; ValueError if it is no address.

    >>> split_credentials("https://jane:s%20cret@mirror.example/a")
    ('https://mirror.example/a', (b'jane', b's cret'))
    """
    parts = urlsplit(url)
    _ = parts.port  # raises ValueError unless it is a number
    if not parts.hostname:
        raise ValueError("it names no server")
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    name, _, password = user.partition(":")
    return urlunsplit(parts._replace(netloc=host)), (unquote(name).encode(), unquote(password).encode())


def is_private(url: str) -> bool:
    """Whether the host of `url` has an address that the public internet cannot reach, such as 127.0.0.1 or 10.0.0.1.

    The name is resolved, because a public name may lead to a private address. A name that has no address is not
    private: the request to it fails by itself, or a proxy knows the name.
    """
    host = urlsplit(url).hostname or ""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return any(_is_private_address(str(entry[4][0])) for entry in found)


def _is_private_address(text: str) -> bool:
    """Whether an IP address is loopback, link-local, RFC 1918, unique local, or otherwise not global.

    >>> [_is_private_address(text) for text in ("192.168.0.1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "8.8.8.8")]
    [True, True, True, True, False]
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        address = embedded or address
    return not address.is_global or address.is_multicast


def redirect_target(url: str, location: str) -> str:
    """The address that `url` redirects to by the header `location`; ValueError says why it is not followed.

    - Credentials in `location` are dropped: a server has none to give to us.
    - No redirect leaves http(s) or leads from https to http.
    - None leads from the public internet into a private network: it would make this program ask a server there that
      nobody outside can reach. A mirror inside may redirect inside.
    """
    try:
        target = urljoin(url, location)
        schemes = urlsplit(url).scheme, urlsplit(target).scheme
        allowed = schemes in {("http", "http"), ("http", "https"), ("https", "https")}
        target = split_credentials(target)[0] if allowed else target
    except ValueError:
        raise ValueError(f"redirects to {location!r}, which is no address") from None
    if not allowed:
        raise ValueError(f"redirects to {target}, which is not followed")
    same_host = urlsplit(url).hostname == urlsplit(target).hostname
    if not same_host and not is_private(url) and is_private(target):
        raise ValueError(f"redirects to {target}, which is in a private network and is not followed")
    return target
