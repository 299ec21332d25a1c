"""A book that a test server has, and its place on a mirror."""

BOOK = b"To be, or not to be: that is the question.\n" * 2000
PLACE = "/cache/epub/7/pg7.txt"
