"""A policy of requests for tests against a server on this machine: short timeouts, no pauses."""

from poet.sources.gutenberg.http import RequestPolicy

FAST = RequestPolicy(
    pause=0.0,
    connect_timeout=0.5,
    read_timeout=0.5,
    tries=3,
    backoff=0.01,
    max_wait=0.5,
    least_rate=200.0,
    rate_window=0.3,
    deadline=5.0,
)
