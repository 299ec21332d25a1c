"""One process of Node for all tests of a file."""

from collections.abc import Iterator

import pytest

from tests.export.engine.node import NODE, Node, running_node


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The program of the worker; the test is skipped where Node is not installed."""
    if NODE is None:
        pytest.skip("Node is not installed")
    with running_node(tmp_path_factory.mktemp("node")) as running:
        yield running
