"""The fixtures that all tests share do what they promise."""

import pytest


def test_the_built_pipeline_is_built_in_one_process(request):
    """pytest-xdist keeps a group together by the name that it adds to its tests; a new pytest may break that."""
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("the tests run in one process, or in no groups")
    assert request.node.nodeid.endswith("@tests/test_conftest.py")
