"""A page of HTML in a frame below a notebook's cell, such as a report or the page that writes."""

from dataclasses import dataclass
from pathlib import Path

from poet.errors import DataError
from poet.files import read_text
from poet.project import in_project
from poet.report.render import escape_exactly


@dataclass(frozen=True)
class Page:
    """The page in the file `path`, which begins at the root of the project; its frame is `height` pixels high.

    The page is in the output itself, not linked: Colab serves no files. Its frame has no origin of its own notebook, so
    the page cannot touch that. DataError where there is no such file.
    """

    path: Path | str
    height: int = 700

    def _repr_html_(self) -> str:
        path = in_project(Path(self.path))
        if not path.is_file():
            raise DataError(f"{path} does not exist. Build it with `dvc repro`.")
        return (
            f'<iframe srcdoc="{escape_exactly(read_text(path))}" sandbox="allow-scripts allow-popups" '
            f'style="width: 100%; height: {self.height}px; border: 1px solid gray"></iframe>'
        )
