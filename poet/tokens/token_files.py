"""Token files: raw little-endian ids that NumPy maps into memory, and a meta.json that describes them.

`poet.tokens.token_writer` writes them, training and evaluation read them. Ids are uint16, or uint32 for more than
65,536 of them, as in nanoGPT's `train.bin`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poet.errors import DataError, rebuild
from poet.files import read_json, sha256
from poet.results.model_folder import TOKENIZER

# The splits, which are also the names of their files: `train.bin` and so on.
TRAIN, VALIDATION, HELD_OUT = "train", "val", "held_out"
SPLITS = (TRAIN, VALIDATION, HELD_OUT)
DTYPES = ("uint16", "uint32")
META = "meta.json"


@dataclass(frozen=True, kw_only=True)
class TextCounts:
    """The size of a text in tokens, characters and bytes of UTF-8.

    `spelling_bits` is what the words cost that its tokens do not give back (`poet.tokens.spelling`); 0 for every
    kind of tokenizer but `word`.
    """

    tokens: int
    characters: int
    bytes: int
    spelling_bits: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TokenData:
    """A folder of tokens, opened: the ids are memory maps, `meta` is its meta.json."""

    meta: dict[str, Any]
    splits: dict[str, NDArray[Any]]

    @property
    def vocab_size(self) -> int:
        """How many tokens there are; every id is below."""
        return int(self.meta["vocab_size"])

    def counts(self, split: str) -> TextCounts:
        """What the text in `split` measures."""
        about = self.meta["splits"][split]
        return TextCounts(
            tokens=int(about["tokens"]),
            characters=int(about["characters"]),
            bytes=int(about["bytes"]),
            spelling_bits=float(about["spelling_bits"]),
        )


def open_tokens(folder: Path) -> TokenData:
    """Map the token files of `folder` into memory.

    DataError when one is missing, has another length or dtype than meta.json says, contains an id outside the
    vocabulary, or belongs to another tokenizer.
    """
    meta = read_meta(folder)
    return TokenData(meta=meta, splits={name: _open_split(folder, name, meta) for name in SPLITS})


def read_meta(folder: Path) -> dict[str, Any]:
    """The content of meta.json in `folder`; DataError when it does not fit the folder."""
    meta: dict[str, Any] = read_json(folder / META)
    # Every fault here means that the folder was damaged or mixed with another; building it again mends all of them.
    again = rebuild(folder)
    if not isinstance(meta, dict) or not isinstance(meta.get("splits"), dict):
        raise DataError(f"{folder / META} lacks splits. {again}")
    missing = {"dtype", "kind", "vocab_size", "separator", "tokenizer_sha256", "splits"} - meta.keys()
    if missing or set(meta["splits"]) != set(SPLITS):
        raise DataError(f"{folder / META} lacks {', '.join(sorted(missing)) or 'a split'}. {again}")
    if meta["dtype"] not in DTYPES:
        raise DataError(f"{folder / META} has dtype {meta['dtype']!r}, expected {' or '.join(DTYPES)}. {again}")
    if not (folder / TOKENIZER).is_file():
        raise DataError(f"{folder / TOKENIZER} does not exist. {again}")
    if sha256(folder / TOKENIZER) != meta["tokenizer_sha256"]:
        raise DataError(f"{folder / TOKENIZER} is not the tokenizer that wrote these tokens. {again}")
    return meta


def _open_split(folder: Path, name: str, meta: dict[str, Any]) -> NDArray[Any]:
    """The ids (n,) of the split `name`, mapped; DataError when the file is not the one that `meta` describes."""
    path, about, dtype = folder / f"{name}.bin", meta["splits"][name], np.dtype(meta["dtype"]).newbyteorder("<")
    again = rebuild(folder)
    if not path.is_file():
        raise DataError(f"{path} does not exist. Run `dvc repro` to build it.")
    expected, size = about["tokens"] * dtype.itemsize, path.stat().st_size
    if size != expected:
        raise DataError(
            f"{path} has {size} bytes, expected {expected} ({about['tokens']} ids of {dtype.name}). {again}"
        )
    if sha256(path) != about["sha256"]:
        raise DataError(f"{path} is damaged: its sha256 is not the one in {folder / META}. {again}")
    if size == 0:  # an empty file cannot be mapped
        return np.zeros(0, dtype=dtype)
    ids = np.memmap(path, dtype=dtype, mode="r")  # (n,), read from the disk as it is used
    if int(ids.max()) >= meta["vocab_size"]:
        raise DataError(
            f"{path} contains the id {int(ids.max())}, but the vocabulary has only {meta['vocab_size']} tokens. {again}"
        )
    return ids
