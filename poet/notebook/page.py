"""A page of HTML in a frame below a notebook's cell, such as a report or the page that writes."""

import re
from dataclasses import dataclass
from pathlib import Path

from poet.errors import DataError
from poet.files import read_text
from poet.project import in_project
from poet.report.render import escape_exactly

# The address of a page in a frame is that of the notebook, so "#samples" and "poet.html" would load the notebook, or
# nothing, in place of the page. This leads to places within the page by its own address, and nowhere to other files.
LINKS = """<script>
addEventListener("click", (event) => {
  const address = event.target.closest?.("a[href]")?.getAttribute("href") ?? "https:";
  if (event.defaultPrevented || /^[a-z]+:/i.test(address)) return;
  event.preventDefault();
  if (address.startsWith("#")) location.hash = address;
});
</script>"""


@dataclass(frozen=True)
class Page:
    """The page in the file `path`, which begins at the root of the project; its frame is `height` pixels high.

    The page is in the output itself, not linked: Colab serves no files. The frame does not have the origin of the
    notebook, so the page cannot touch the notebook. Links to other files lead nowhere in it. DataError where there is
    no such file.
    """

    path: Path | str
    height: int = 700

    def _repr_html_(self) -> str:
        path = in_project(Path(self.path))
        if not path.is_file():
            raise DataError(f"{path} does not exist. Build it with `dvc repro`.")
        # Behind the doctype and before all else: the policy of a page, which follows, allows no scripts but its own.
        content = re.sub(
            r"^(\s*<!doctype[^>]*>)?", lambda start: start[0] + LINKS, read_text(path), count=1, flags=re.I
        )
        return (
            f'<iframe srcdoc="{escape_exactly(content)}" sandbox="allow-scripts allow-popups" '
            f'style="width: 100%; height: {self.height}px; border: 1px solid gray"></iframe>'
        )
