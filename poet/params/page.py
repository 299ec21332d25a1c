"""The `page:` section of params.yaml: what the page holds that writes by itself (`poet.export`)."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from poet.params.model import STRICT

# How the weights lie in a page. int8 takes a quarter of the room and rounds a little.
Precision = Literal["int8", "float32"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class PageSettings:
    """The precision of the weights, and how many bytes of training text a page may hold.

    A page without the books cannot trace. 0 leaves them out always, for books that must not be passed on.
    """

    precision: Precision
    max_bytes: Annotated[int, Field(ge=0, le=100_000_000)]
