"""Tokenizers, all of them Hugging Face `tokenizers` files: trained from text, loaded, and applied in parallel pieces.

Every kind gives back any Unicode text exactly. The token with id 0 stands between books; no text can produce it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from poet.config import TokenizeSettings
from poet.errors import DataError

SEPARATOR = "<|book|>"
SEPARATOR_ID = 0
KINDS = ("bpe", "char")

# Encoding runs on pieces of about this many characters: long enough to keep every core busy, short enough that the
# tokenizer's per-call tables stay small. One call over a whole book is several times slower.
PIECE = 1 << 16
PIECES_AT_ONCE = 32

# Where a text may be cut without changing its byte-pair tokens: before a single blank between two other characters.
# The pre-tokenizer always begins a word there, so that the pieces' tokens are the tokens of the whole.
CUT = re.compile(r"(?<=\S)(?= \S)")


def train_tokenizer(texts: Iterable[str], settings: TokenizeSettings) -> Tokenizer:
    """Fit a tokenizer of `settings.kind` to `texts` (training text only); the same texts give the same tokenizer."""
    if settings.kind == "char":
        return _train_char(texts)
    return _train_bpe(texts, settings.vocab_size)


def _train_char(texts: Iterable[str]) -> Tokenizer:
    """One token per character that occurs, in code point order, and one per byte for the characters that do not."""
    alphabet: set[str] = set()
    for text in texts:
        alphabet.update(text)
    tokens = [SEPARATOR, *sorted(alphabet), *(f"<0x{byte:02X}>" for byte in range(256))]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, [], byte_fallback=True))
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    return tokenizer


def _train_bpe(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Byte-level byte-pair encoding with GPT-2's word pattern (Radford et al. 2019)."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[SEPARATOR],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    # As an added token the separator would be cut out of texts that happen to spell it; as a mere entry it is out of
    # reach.
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(content))


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer in `path`; DataError when it is missing, damaged or not one of ours."""
    try:
        content = path.read_text(encoding="utf-8")
        tokenizer = Tokenizer.from_str(content)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. Run `dvc repro` to build it.") from None
    except Exception as error:  # the library raises bare Exception for a damaged file
        raise DataError(f"{path} is not a tokenizers file: {error}. Remove it and run `dvc repro`.") from None
    if tokenizer.id_to_token(SEPARATOR_ID) != SEPARATOR:
        raise DataError(
            f"{path} has {tokenizer.id_to_token(SEPARATOR_ID)!r} as token {SEPARATOR_ID}, expected {SEPARATOR!r}: it "
            "was made by another program"
        )
    return tokenizer


def encode(tokenizer: Tokenizer, text: str) -> NDArray[np.uint32]:
    """The token ids of `text`, exactly as one call would give them, computed piece by piece on all cores: (n,)
    uint32.
    """
    pieces = _pieces(text)
    parts = [np.zeros(0, dtype=np.uint32)]
    while batch := list(islice(pieces, PIECES_AT_ONCE)):
        parts.extend(
            np.asarray(encoding.ids, dtype=np.uint32)
            for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False)
        )
    return np.concatenate(parts)


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        cut = CUT.search(text, start + PIECE)
        end = cut.start() if cut else len(text)
        yield text[start:end]
        start = end


def decode(tokenizer: Tokenizer, ids: Iterable[int]) -> str:
    """The text of `ids`, without separators; bytes that do not form a character become U+FFFD."""
    text: str = tokenizer.decode([int(i) for i in ids if i != SEPARATOR_ID], skip_special_tokens=False)
    return text
