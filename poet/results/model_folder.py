"""The names of the files in a model's folder, `models/<collection>/`. `poet.model.saving` writes and reads them."""

from pathlib import Path

from poet.errors import ConfigError

# float32 weights in the safetensors format: the best of the training, which are the model, and those of its last step.
WEIGHTS = "model.safetensors"
LAST_WEIGHTS = "last.safetensors"

# The sizes of the model, its format version, and the hashes of the tokenizer and of the data it was trained on.
CONFIG = "config.json"

# A Hugging Face `tokenizers` file. A folder of tokens, `data/tokens/<collection>/`, holds the same file.
TOKENIZER = "tokenizer.json"


def require_start(folder: Path) -> None:
    """ConfigError unless `folder`, which `train.init_from` names, has the files of a model."""
    missing = [name for name in (CONFIG, TOKENIZER, WEIGHTS) if not (folder / name).is_file()]
    if not missing:
        return
    found = "is no model's folder: it lacks " + ", ".join(missing) if folder.is_dir() else "does not exist"
    raise ConfigError(
        f"train.init_from: {folder} {found}. Name the folder of a trained model, such as models/shakespeare; train "
        "that model first (`dvc repro` with its collection in `build`), or fetch it (`dvc pull`). models/none starts "
        "from random weights."
    )
