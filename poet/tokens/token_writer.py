"""Writes token files, book by book: memory holds one book at a time, however many there are.

`poet.tokens.token_files` describes the format, and reads it.
"""

import hashlib
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from poet.books.split import SplitBook
from poet.errors import ConfigError
from poet.files import sha256, write_json
from poet.results.model_folder import TOKENIZER
from poet.tokenizers.kinds import KINDS
from poet.tokenizers.tokenizer import SEPARATOR_ID, UNKNOWN, encode_pieces, encode_with_unknown
from poet.tokens.spelling import Pairs, SpellingCode, count_pairs
from poet.tokens.token_files import HELD_OUT, META, SPLITS, TRAIN, VALIDATION


def check_weights(weights: Mapping[str, float], books: Sequence[str]) -> None:
    """ConfigError when `weights` names a book that is not among the ids `books`."""
    if unknown := sorted(set(weights) - set(books)):
        raise ConfigError(
            f"weights: the collection has no book {', '.join(map(repr, unknown))}; it has {', '.join(books)}. "
            "Correct the name in params.yaml, or take it out."
        )


class TokenFilesWriter:
    """Writes tokenizer.json, the token file of each split and meta.json to `folder`, book by book."""

    def __init__(self, folder: Path, tokenizer: Tokenizer, kind: str, file: Path | None = None) -> None:
        """`file` holds the tokenizer and is copied as it is; None: the tokenizer is new and is saved."""
        self.folder, self.kind, self.vocab_size = folder, kind, tokenizer.get_vocab_size()
        # Two bytes hold 65,536 ids; a larger vocabulary takes four.
        self.dtype = np.dtype("<u2" if self.vocab_size <= 1 << 16 else "<u4")
        if file is None:
            tokenizer.save(str(folder / TOKENIZER))
        else:
            shutil.copyfile(file, folder / TOKENIZER)
        self.splits = {name: _SplitWriter(folder / f"{name}.bin", tokenizer, kind, self.dtype) for name in SPLITS}

    def add(self, book: SplitBook, weight: float) -> None:
        """Append the parts of `book`; `weight` says how often training reads it, compared with the others."""
        for name, text in ((TRAIN, book.training), (VALIDATION, book.validation), (HELD_OUT, book.held_out)):
            self.splits[name].add(book.id, weight, text)

    def finish(self, leaks: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """Close the files and write meta.json; returns its content.

        Words that the tokenizer loses are charged by a code that is fitted to the training text: `spelling_bits`.
        `leaks` says what validation text is also trained on: a book, another book, and the share. Who reads a figure of
        the validation text must know.
        """
        code = SpellingCode(self.splits[TRAIN].lost)
        meta = {
            "dtype": self.dtype.name,
            "kind": self.kind,
            "vocab_size": self.vocab_size,
            "separator": SEPARATOR_ID,
            "tokenizer_sha256": sha256(self.folder / TOKENIZER),
            "splits": {name: split.close(code) for name, split in self.splits.items()},
            "leaks": list(leaks),
        }
        write_json(self.folder / META, meta)
        return meta


class _SplitWriter:
    """Appends books to one .bin file, a separator between two, and counts what it wrote."""

    def __init__(self, path: Path, tokenizer: Tokenizer, kind: str, dtype: np.dtype[Any]) -> None:
        self.file: BinaryIO = path.open("wb")
        self.tokenizer, self.cut, self.dtype = tokenizer, KINDS[kind].cut, dtype
        # Only the `word` kind has an unknown token, and so words whose spelling is lost: their pairs of characters.
        self.loses_words = tokenizer.token_to_id(UNKNOWN) is not None
        self.lost: Pairs = Counter()
        self.digest = hashlib.sha256()
        self.tokens = self.characters = self.bytes = self.unknown_tokens = self.unknown_characters = 0
        self.books: list[dict[str, Any]] = []

    def add(self, book: str, weight: float, text: str) -> None:
        """Append `text`, the part of `book` in this split, if it has any."""
        if not text:
            return
        if self.books:  # a separator between two books, none before the first
            self._write(np.array([SEPARATOR_ID], dtype=np.uint32))
        self.books.append({
            "book": book,
            "token": self.tokens,
            "character": self.characters,
            "characters": len(text),
            "weight": weight,
        })
        if self.loses_words:
            for ids, words in encode_with_unknown(self.tokenizer, self.cut(text)):
                self._write(ids)
                self.unknown_tokens += len(words)
                self.unknown_characters += sum(map(len, words))
                count_pairs(self.lost, words)
        else:
            for ids in encode_pieces(self.tokenizer, self.cut(text)):
                self._write(ids)
        self.characters += len(text)
        self.bytes += len(text.encode("utf-8"))

    def _write(self, ids: NDArray[np.uint32]) -> None:
        """Append `ids` (n,)."""
        content = ids.astype(self.dtype).tobytes()
        self.file.write(content)
        self.digest.update(content)
        self.tokens += len(ids)

    def close(self, code: SpellingCode) -> dict[str, Any]:
        """Close the file; returns the split's entry in meta.json. `code` charges for the lost words."""
        self.file.close()
        return {
            "tokens": self.tokens,
            "characters": self.characters,
            "bytes": self.bytes,
            "unknown_tokens": self.unknown_tokens,
            "unknown_characters": self.unknown_characters,
            "spelling_bits": code.bits(self.lost),
            "sha256": self.digest.hexdigest(),
            "books": self.books,
        }
