"""A tokenizer as a Hugging Face `tokenizers` file: loading it, encoding, decoding, and the bytes of its tokens.

Every kind but `word` gives back any Unicode text exactly. The token with id 0 separates books; no text can produce it.
`poet.tokenizers.kinds` trains the tokenizers.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders

from poet.errors import DataError, rebuild

SEPARATOR = "<|book|>"
SEPARATOR_ID = 0
UNKNOWN = "<unk>"  # only `word` has it

# The tokens that spell a character outside the vocabulary byte by byte, by the value of the byte.
BYTE_TOKENS = [f"<0x{byte:02X}>" for byte in range(256)]


def _byte_letters() -> list[str]:
    visible = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in visible else next(others)) for byte in range(256)]


# The letter by which a byte-level tokenizer writes each byte (GPT-2's table, Radford et al. 2019): the byte's own
# Latin-1 letter where that is visible, else the next free letter from U+0100 on. So a vocabulary file holds no control
# character.
BYTE_LETTERS = _byte_letters()

# Pieces that go to the library in one call: enough to keep every core busy, few enough to bound the memory.
PIECES_AT_ONCE = 512


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer in `path`; DataError when it is missing, damaged or not one of ours."""
    try:
        content = path.read_text(encoding="utf-8")
        tokenizer = Tokenizer.from_str(content)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. Run `dvc repro` to build it.") from None
    except Exception as error:  # the library raises bare Exception for a damaged file
        raise DataError(f"{path} is not a tokenizers file: {error}. {rebuild(path.parent)}") from None
    if tokenizer.id_to_token(SEPARATOR_ID) != SEPARATOR:
        raise DataError(
            f"{path} has {tokenizer.id_to_token(SEPARATOR_ID)!r} as token {SEPARATOR_ID}, expected {SEPARATOR!r}: "
            f"another program made it. Put our tokenizer.json back. {rebuild(path.parent)}"
        )
    return tokenizer


def encode(tokenizer: Tokenizer, text: str) -> NDArray[np.uint32]:
    """The token ids (n,) uint32 of a short text such as a prompt.

    The text goes to the library whole. `poet.tokenizers.kinds.encode_long` gives the same ids for a book, faster.
    """
    return np.asarray(tokenizer.encode(text, add_special_tokens=False).ids, dtype=np.uint32)


def encode_pieces(tokenizer: Tokenizer, pieces: Iterable[str]) -> Iterator[NDArray[np.uint32]]:
    """The token ids (n,) uint32 of each of `pieces`, computed on all cores."""
    waiting = iter(pieces)
    while batch := list(islice(waiting, PIECES_AT_ONCE)):
        for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
            yield np.asarray(encoding.ids, dtype=np.uint32)


def encode_with_unknown(tokenizer: Tokenizer, pieces: Iterable[str]) -> Iterator[tuple[NDArray[np.uint32], list[str]]]:
    """The token ids (n,) uint32 of each of `pieces`, and the words in it that became the unknown token, in order."""
    unknown = tokenizer.token_to_id(UNKNOWN)
    waiting = iter(pieces)
    while batch := list(islice(waiting, PIECES_AT_ONCE)):
        for piece, encoding in zip(batch, tokenizer.encode_batch(batch, add_special_tokens=False), strict=True):
            ids = np.asarray(encoding.ids, dtype=np.uint32)
            offsets = encoding.offsets
            yield ids, [piece[slice(*offsets[i])] for i in np.flatnonzero(ids == unknown)]


def decode(tokenizer: Tokenizer, ids: Iterable[int]) -> str:
    """The text of `ids` without separators; bytes that do not form a character become U+FFFD."""
    text: str = tokenizer.decode([int(i) for i in ids if i != SEPARATOR_ID], skip_special_tokens=False)
    return text


def token_lengths(tokenizer: Tokenizer) -> NDArray[np.int64]:
    """The characters of each token of a `word` tokenizer, (vocab_size,) int64; 0 for the separator and the unknown
    token, which give no text back.
    """
    lengths = np.zeros(tokenizer.get_vocab_size(), dtype=np.int64)
    for token, i in tokenizer.get_vocab().items():
        lengths[i] = 0 if token in {SEPARATOR, UNKNOWN} else len(token)
    return lengths


def token_bytes(tokenizer: Tokenizer) -> list[bytes]:
    """The UTF-8 bytes that each token adds to a text, by id. A token may be a part of a character; the separator adds
    nothing.
    """
    tokens: list[str] = [tokenizer.id_to_token(i) or "" for i in range(tokenizer.get_vocab_size())]
    # The decoder says how a vocabulary spells bytes: by one letter each, or by tokens such as <0x41>.
    if isinstance(tokenizer.decoder, decoders.ByteLevel):
        of_letter = {letter: bytes([byte]) for byte, letter in enumerate(BYTE_LETTERS)}
        spelled = [b"".join(of_letter[letter] for letter in token) for token in tokens[1:]]
    else:
        of_token = {token: bytes([byte]) for byte, token in enumerate(BYTE_TOKENS)}
        spelled = [of_token.get(token, token.encode("utf-8")) for token in tokens[1:]]
    return [b"", *spelled]
