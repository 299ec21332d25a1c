"""For the API reference: examples in docstrings stand in fences, else Markdown takes their `>>>` for quotations."""

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"^([ ]*)(>>> .*(?:\n(?:\1(?! *$).*))*)", re.MULTILINE)


class Doctests(griffe.Extension):
    """Put a fence around every example."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called by griffe for each module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = EXAMPLE.sub(r"\1```pycon\n\1\2\n\1```", obj.docstring.value)
