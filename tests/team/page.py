"""The code blocks of docs/team.md, for the tests that run them."""

import re

from tests.clone import ROOT

PAGE = (ROOT / "docs/team.md").read_text(encoding="utf-8")


def blocks(heading: str) -> list[tuple[str, str]]:
    """Language and text of each code block under a heading of the page, up to the next heading."""
    (section,) = re.findall(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    return re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL)
