"""Settings by dotted key, as MLflow and the report show them: `train.optimizer.kind`."""

import dataclasses
from typing import Any


def flatten(**sections: Any) -> dict[str, Any]:
    """The fields of some settings by dotted key, as MLflow shows parameters.

    >>> from poet.params.sections import SplitSettings
    >>> flatten(split=SplitSettings(validation=0.1, held_out_books=[]))
    {'split.validation': 0.1, 'split.held_out_books': []}
    """
    found: dict[str, Any] = {}
    for name, settings in sections.items():
        for key, value in (settings if isinstance(settings, dict) else dataclasses.asdict(settings)).items():
            found |= flatten(**{f"{name}.{key}": value}) if isinstance(value, dict) else {f"{name}.{key}": value}
    return found
