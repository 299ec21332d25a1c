"""What one client may ask of the server, so that there is something left for the others."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

# Clients that the limiter remembers. The one that was quiet for longest is forgotten first.
REMEMBERED = 10_000

# Requests that a client may make at once, as a share of what it may make in a minute.
BURST = 0.5


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of the server.

    `body` is in bytes and must arrive within `body_seconds`; `per_minute` counts the texts that one client may ask for
    in a minute, 0 sets no limit. How many texts are written at a time is the engine's business.
    """

    body: int = 262_144  # 10,000 characters in JSON take up to 120,000 bytes
    per_minute: int = 120
    body_seconds: float = 10.0


class RateLimiter:
    """A bucket of tokens for each client: a request takes one, and the bucket fills up again with time.

    >>> now = [0.0]
    >>> limiter = RateLimiter(4, clock=lambda: now[0])
    >>> [limiter.seconds_to_wait("127.0.0.1") for _ in range(3)]  # two at once, then one every 15 seconds
    [0, 0, 15]
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second, self.clock = per_minute / 60, clock
        self.most = max(1.0, per_minute * BURST)
        # What each client has left, and when that was so. The client that came last is at the end.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def seconds_to_wait(self, client: str) -> int:
        """0 where `client` may ask now; else, after how many seconds it may."""
        if not self.per_second:
            return 0
        now, key = self.clock(), _network(client)
        left, then = self._left.pop(key, (self.most, now))
        left = min(self.most, left + (now - then) * self.per_second)
        is_allowed = left >= 1
        self._left[key] = (left - is_allowed, now)
        if len(self._left) > REMEMBERED:
            self._left.popitem(last=False)
        return 0 if is_allowed else max(1, math.ceil((1 - left) / self.per_second))


def _network(client: str) -> str:
    """The address by which a client is known: one household has a whole /64 of IPv6.

    >>> _network("2001:db8::1:2"), _network("10.0.0.7")
    ('2001:db8::/64', '10.0.0.7')
    """
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
