"""Fixtures of the tests of sources."""

from tests.sources.internet import clock, internet

__all__ = ["clock", "internet"]
