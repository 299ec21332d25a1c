"""Token files: raw little-endian ids that NumPy maps into memory, and a meta.json that says all about them.

Written by the tokenize stage, read by training and evaluation. Ids are uint16, or uint32 above 65,536 of them. Memory
holds one book at a time, however many there are.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from poet.books.manifest import MANIFEST, CleanBook, read_manifest
from poet.books.split import split_books, training_characters
from poet.errors import ConfigError, DataError
from poet.files import read_json, replacing_folder, sha256, write_json
from poet.params.sections import SplitSettings, TokenizeSettings
from poet.progress import progress_bar
from poet.tokenizers.kinds import train_tokenizer
from poet.tokenizers.tokenizer import (
    SEPARATOR_ID,
    UNKNOWN,
    encode_pieces,
    kind_of,
    load_tokenizer,
    pieces,
    token_lengths,
)

# The splits, which are also the names of their files: `train.bin` and so on.
TRAIN, VALIDATION, HELD_OUT = "train", "val", "held_out"
SPLITS = (TRAIN, VALIDATION, HELD_OUT)
DTYPES = ("uint16", "uint32")
META = "meta.json"
TOKENIZER = "tokenizer.json"


def tokenize(
    clean: Path, split: SplitSettings, settings: TokenizeSettings, weights: Mapping[str, float], out: Path
) -> dict[str, Any]:
    """Fit a tokenizer to the training text in `clean` and write the three splits to the folder `out`; returns
    meta.json.

    `weights` by book are written beside the books, for training. Raises ConfigError for a weight of no book.
    """
    books = read_manifest(clean / MANIFEST, CleanBook)
    _check_weights(weights, [book.id for book in books])
    tokenizer = train_tokenizer(training_sample(clean, split, settings.train_characters), settings)
    vocab_size = tokenizer.get_vocab_size()
    dtype = np.dtype("<u2" if vocab_size <= 1 << 16 else "<u4")
    with replacing_folder(out) as folder, progress_bar("encode", sum(book.characters for book in books)) as advance:
        tokenizer.save(str(folder / TOKENIZER))
        writers = {name: _SplitWriter(folder / f"{name}.bin", tokenizer, dtype) for name in SPLITS}
        for book in split_books(clean, split):
            for name, text in ((TRAIN, book.training), (VALIDATION, book.validation), (HELD_OUT, book.held_out)):
                writers[name].add(book.id, weights.get(book.id, 1.0), text)
            advance(book.row.characters)
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


def training_sample(clean: Path, split: SplitSettings, limit: int) -> Iterator[str]:
    """The training text of `clean` in pieces; above `limit` characters a seeded choice of the pieces, evenly from all
    books.
    """
    total = training_characters(read_manifest(clean / MANIFEST, CleanBook), split)
    generator = np.random.Generator(np.random.Philox(key=0))
    taken = 0
    for book in split_books(clean, split):
        for piece in pieces(book.training):
            if total <= limit:
                yield piece
            elif generator.random() < limit / total and taken + len(piece) <= limit:
                taken += len(piece)
                yield piece


def _check_weights(weights: Mapping[str, float], books: list[str]) -> None:
    if unknown := sorted(set(weights) - set(books)):
        raise ConfigError(
            f"weights: the collection has no book {', '.join(map(repr, unknown))}; it has {', '.join(books)}"
        )


class _SplitWriter:
    """Appends books to one .bin file, a separator between two, and counts what it wrote."""

    def __init__(self, path: Path, tokenizer: Tokenizer, dtype: np.dtype[Any]) -> None:
        self.file: BinaryIO = path.open("wb")
        self.tokenizer, self.dtype = tokenizer, dtype
        self.unknown: int | None = tokenizer.token_to_id(UNKNOWN)
        self.lengths = token_lengths(tokenizer) if self.unknown is not None else np.zeros(0, dtype=np.int64)
        self.digest = hashlib.sha256()
        self.tokens = self.characters = self.bytes = self.unknown_tokens = self.unknown_characters = 0
        self.books: list[dict[str, Any]] = []

    def add(self, book: str, weight: float, text: str) -> None:
        if not text:
            return
        if self.books:
            self._write(np.array([SEPARATOR_ID], dtype=np.uint32))
        self.books.append({
            "book": book,
            "token": self.tokens,
            "character": self.characters,
            "characters": len(text),
            "weight": weight,
        })
        known = 0
        for ids in encode_pieces(self.tokenizer, text):
            self._write(ids)
            if self.unknown is not None:
                known += int(self.lengths[ids].sum())
                self.unknown_tokens += int(np.count_nonzero(ids == self.unknown))
        if self.unknown is not None:
            self.unknown_characters += len(text) - known
        self.characters += len(text)
        self.bytes += len(text.encode("utf-8"))

    def _write(self, ids: NDArray[np.uint32]) -> None:
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
            "unknown_tokens": self.unknown_tokens,
            "unknown_characters": self.unknown_characters,
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
    """Map the token files of `folder`; DataError when one is missing, has another length or dtype, holds an id outside
    the vocabulary, or belongs to another tokenizer.
    """
    meta = _read_meta(folder)
    return TokenData(meta=meta, splits={name: _open_split(folder, name, meta) for name in SPLITS})


def _read_meta(folder: Path) -> dict[str, Any]:
    meta: dict[str, Any] = read_json(folder / META)
    again = f"Remove {folder} and run `dvc repro`."
    missing = {"dtype", "kind", "vocab_size", "separator", "tokenizer_sha256", "splits"} - meta.keys()
    if missing or set(meta["splits"]) != set(SPLITS):
        raise DataError(f"{folder / META} lacks {', '.join(sorted(missing)) or 'a split'}. {again}")
    if meta["dtype"] not in DTYPES:
        raise DataError(f"{folder / META} has dtype {meta['dtype']!r}, expected {' or '.join(DTYPES)}. {again}")
    kind = kind_of(load_tokenizer(folder / TOKENIZER))
    if kind != meta["kind"]:
        raise DataError(f"{folder / TOKENIZER} is of kind {kind}, but {META} says {meta['kind']}. {again}")
    if sha256(folder / TOKENIZER) != meta["tokenizer_sha256"]:
        raise DataError(f"{folder / TOKENIZER} is not the tokenizer that wrote these tokens. {again}")
    return meta


def _open_split(folder: Path, name: str, meta: dict[str, Any]) -> NDArray[Any]:
    path, about, dtype = folder / f"{name}.bin", meta["splits"][name], np.dtype(meta["dtype"]).newbyteorder("<")
    again = f"Remove {folder} and run `dvc repro`."
    if not path.is_file():
        raise DataError(f"{path} does not exist. Run `dvc repro` to build it.")
    expected, size = about["tokens"] * dtype.itemsize, path.stat().st_size
    if size != expected:
        raise DataError(
            f"{path} has {size} bytes, expected {expected} ({about['tokens']} ids of {dtype.name}). {again}"
        )
    if sha256(path) != about["sha256"]:
        raise DataError(f"{path} is damaged: its sha256 is not the one in {folder / META}. {again}")
    if size == 0:
        return np.zeros(0, dtype=dtype)
    ids = np.memmap(path, dtype=dtype, mode="r")
    if int(ids.max()) >= meta["vocab_size"]:
        raise DataError(
            f"{path} holds the id {int(ids.max())}, but the vocabulary has only {meta['vocab_size']}. {again}"
        )
    return ids
