"""Where the tests of `poet init` and `poet upgrade` start their projects."""

import os

import pytest


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder outside of every repository, with git and somebody who commits; returns it.

    git reads no configuration of this machine: it may want commits to be signed, or run hooks.
    """
    for variable in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for variable in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{variable}_NAME", "t")
        monkeypatch.setenv(f"{variable}_EMAIL", "t@example.org")
    monkeypatch.chdir(tmp_path)
    return tmp_path
