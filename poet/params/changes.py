"""params.yaml with changes in the notation of `dvc exp run -S`: checked as the file is, and not written."""

import shutil
import tempfile
from pathlib import Path

from poet.errors import ConfigError
from poet.params.file import load_params
from poet.params.sections import Params


def changed_params(path: Path, changes: tuple[str, ...]) -> Params:
    """The settings in `path` with `changes` in the notation of `dvc exp run -S`; the file stays as it is.

    ConfigError as for a params.yaml that has these values.
    """
    from dvc.exceptions import DvcException
    from dvc.utils.hydra import apply_overrides

    if not changes:
        return load_params(path)
    with tempfile.TemporaryDirectory(prefix="poet-params-") as folder:
        copy = Path(folder) / "params.yaml"
        # The file must be right by itself, else a message would blame the changes.
        load_params(path)
        shutil.copy(path, copy)
        try:
            # Of a key that is not in the file, `load_params` says so in its own words; so let it be added here.
            apply_overrides(copy, [change if change[:1] in "+~" else f"++{change}" for change in changes])
        except DvcException as error:
            cause = str(error.__cause__ or error).partition("\n")[0]
            raise ConfigError(f"-S {' -S '.join(changes)}: {cause}; write KEY=VALUE as for `dvc exp run -S`") from None
        try:
            return load_params(copy)
        except ConfigError as error:
            raise ConfigError(error.message.replace(str(copy), f"{path} with -S {' -S '.join(changes)}")) from None
