"""Shared fixtures: small books, a small pipeline, and the real mirror where there is one."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from poet.params.file import load_params
from poet.params.sections import Params
from tests.clone import ROOT, clone, sh

# Models of a few thousand parameters run fastest on one thread; torch reads this when it is imported, and the processes
# that tests start inherit it.
os.environ["OMP_NUM_THREADS"] = "1"

# A shell that starts the tests in the background lets them, and all that they start, ignore Ctrl-C. Some are about it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A machine with other work to do takes its time; no test is about that.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


# First, because pytest-xdist reads the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one file stay in one process, and so do all that look at the built pipeline: it is built once."""
    for item in items:
        group = "built" if "built" in getattr(item, "fixturenames", ()) else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes name no test: an archive holds the time at which it was made, and all processes must name a test alike."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills the cache of the user who runs it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def model() -> Any:
    """A tiny transformer in which every part has an effect."""
    from tests.tiny import tiny_model  # tests of rooms without models run without torch

    return tiny_model()


@pytest.fixture
def params() -> Params:
    """The shipped params.yaml."""
    return load_params(ROOT / "params.yaml")


@pytest.fixture
def write_books(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of .txt files from names and texts."""

    def write(**books: str) -> Path:
        folder = tmp_path / "texts"
        folder.mkdir(exist_ok=True)
        for name, text in books.items():
            (folder / f"{name}.txt").write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean clone after `dvc repro` with small parameters; shared by all tests, so it is not to be changed."""
    folder = clone(tmp_path_factory.mktemp("built"))
    sh("dvc repro", folder)
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny trained model, `model`, and of the index of its books, `index`."""
    from tests.serve.trained import trained_model  # tests of rooms without models run without torch

    folder = tmp_path_factory.mktemp("trained") / "small"
    trained_model(folder)
    return folder


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The real Gutenberg mirror in POET_TEST_MIRROR; tests that want it are skipped without."""
    folder = os.environ.get("POET_TEST_MIRROR", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("POET_TEST_MIRROR names no folder with a Gutenberg mirror")
    return Path(folder).absolute()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, without a window."""
    from tests.report.browsing import ARGUMENTS, CHROMIUM

    if not CHROMIUM:
        pytest.skip("no Chromium on this machine")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield browser
        browser.close()
