"""Token files: raw little-endian ids that NumPy maps into memory, and a meta.json that says all about them.

Written by the tokenize stage, read by training and evaluation. Ids are uint16, or uint32 above 65,536 of them.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from poet.config import SplitSettings, TokenizeSettings
from poet.corpus.splitting import HELD_OUT, TRAIN, VALIDATION, split_books
from poet.errors import DataError
from poet.files import read_json, replacing_folder, sha256, write_json
from poet.tokens.tokenizer import SEPARATOR_ID, encode, train_tokenizer

SPLITS = (TRAIN, VALIDATION, HELD_OUT)
META = "meta.json"
TOKENIZER = "tokenizer.json"


def tokenize(clean: Path, split: SplitSettings, settings: TokenizeSettings, out: Path) -> dict[str, Any]:
    """Fit a tokenizer to the training text in `clean` and write the three splits to the folder `out`; returns
    meta.json.

    Books are read one at a time.
    """
    tokenizer = train_tokenizer((text for book in split_books(clean, split) if (text := book.part(TRAIN))), settings)
    vocab_size = tokenizer.get_vocab_size()
    dtype = np.dtype("<u2" if vocab_size <= 1 << 16 else "<u4")
    with replacing_folder(out) as folder:
        tokenizer.save(str(folder / TOKENIZER))
        writers = {name: _SplitWriter(folder / f"{name}.bin", tokenizer, dtype) for name in SPLITS}
        for book in split_books(clean, split):
            for name, writer in writers.items():
                writer.add(book.book.book, book.part(name))
        meta = {
            "dtype": dtype.name,
            "kind": settings.kind,
            "vocab_size": vocab_size,
            "separator": SEPARATOR_ID,
            "tokenizer_sha256": sha256(folder / TOKENIZER),
            "splits": {name: writer.close() for name, writer in writers.items()},
        }
        write_json(folder / META, meta)
    return meta


class _SplitWriter:
    """Appends books to one .bin file, a separator between two, and counts what it wrote."""

    def __init__(self, path: Path, tokenizer: Tokenizer, dtype: np.dtype[Any]) -> None:
        self.file: BinaryIO = path.open("wb")
        self.tokenizer, self.dtype = tokenizer, dtype
        self.digest = hashlib.sha256()
        self.tokens = self.characters = self.bytes = 0
        self.books: list[dict[str, Any]] = []

    def add(self, book: str, text: str) -> None:
        if not text:
            return
        if self.books:
            self._write(np.array([SEPARATOR_ID]))
        self.books.append({"book": book, "token": self.tokens, "character": self.characters, "characters": len(text)})
        self._write(encode(self.tokenizer, text))
        self.characters += len(text)
        self.bytes += len(text.encode("utf-8"))

    def _write(self, ids: NDArray[Any]) -> None:
        content = ids.astype(self.dtype).tobytes()
        self.file.write(content)
        self.digest.update(content)
        self.tokens += len(ids)

    def close(self) -> dict[str, Any]:
        self.file.close()
        return {
            "tokens": self.tokens,
            "characters": self.characters,
            "bytes": self.bytes,
            "sha256": self.digest.hexdigest(),
            "books": self.books,
        }


@dataclass(frozen=True, kw_only=True)
class TokenData:
    """A folder of tokens, opened: the ids are memory maps, `meta` is its meta.json."""

    meta: dict[str, Any]
    splits: dict[str, NDArray[Any]]

    @property
    def vocab_size(self) -> int:
        return int(self.meta["vocab_size"])

    def counts(self, split: str) -> tuple[int, int]:
        """Characters and UTF-8 bytes of the text in `split`."""
        about = self.meta["splits"][split]
        return int(about["characters"]), int(about["bytes"])


def open_tokens(folder: Path) -> TokenData:
    """Map the token files of `folder`; DataError when one is missing, has another length or holds an id outside the
    vocabulary.
    """
    meta = read_json(folder / META)
    dtype = np.dtype(meta["dtype"]).newbyteorder("<")
    splits = {}
    for name in SPLITS:
        path, about = folder / f"{name}.bin", meta["splits"][name]
        if not path.is_file():
            raise DataError(f"{path} does not exist. Run `dvc repro` to build it.")
        expected, size = about["tokens"] * dtype.itemsize, path.stat().st_size
        if size != expected:
            raise DataError(
                f"{path} has {size} bytes, expected {expected} ({about['tokens']} ids of {dtype.name}). Remove "
                f"{folder} and run `dvc repro`."
            )
        if sha256(path) != about["sha256"]:
            raise DataError(
                f"{path} is damaged: its sha256 is not the one in {folder / META}. Remove {folder} and run `dvc repro`."
            )
        splits[name] = np.memmap(path, dtype=dtype, mode="r") if size else np.zeros(0, dtype=dtype)
        if size and int(splits[name].max()) >= meta["vocab_size"]:
            raise DataError(
                f"{path} holds the id {int(splits[name].max())}, but the vocabulary has only {meta['vocab_size']}. "
                f"Remove {folder} and run `dvc repro`."
            )
    return TokenData(meta=meta, splits=splits)
