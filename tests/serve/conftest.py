"""The tiny trained model that the tests of the server share: making it takes seconds."""

import pytest

from tests.serve.trained import trained_model


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The folder of a trained model, `model`, and of the index of its books, `index`."""
    folder = tmp_path_factory.mktemp("trained") / "small"
    trained_model(folder)
    return folder
