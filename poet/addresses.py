"""Addresses of servers, as they may be shown and stored: without the user and the password in them."""

import re

# What stands before the host: "user:secret@". The first alternative also covers a password with an unescaped "/" or
# "#", after which the rest is no longer part of the host for a parser of addresses.
_CREDENTIALS = re.compile(r"(?<=//)(?:[^\s/]*:\S*@|[^\s/?#]*@)")


def hide_credentials(text: str) -> str:
    """`text`, an address or a message with addresses, without users and passwords.

    >>> hide_credentials("https://jane:s3cret@mirror.example/a refused")
    'https://mirror.example/a refused'
    """
    return _CREDENTIALS.sub("", text)
