"""Train a small transformer on any shelf of books, and see what it learned and what it copied."""
