"""Tokenizers, all of them Hugging Face `tokenizers` files: loaded, told apart, and applied in parallel pieces.

Every kind but `word` gives back any Unicode text exactly. The token with id 0 stands between books; no text can produce
it. `poet.tokenizers.kinds` makes them.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models

from poet.errors import DataError

SEPARATOR = "<|book|>"
SEPARATOR_ID = 0
UNKNOWN = "<unk>"  # only `word` has it

# What spells a character that the vocabulary lacks.
BYTE_TOKENS = [f"<0x{byte:02X}>" for byte in range(256)]


def _byte_letters() -> list[str]:
    visible = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in visible else next(others)) for byte in range(256)]


# The letter by which the byte level writes each byte (GPT-2's table): itself where it is visible in Latin-1, else the
# next free one from U+0100 on.
BYTE_LETTERS = _byte_letters()

# Encoding runs on pieces of about this many characters: the library's own tables then stay in the processor's caches,
# and every core has work. Pieces of 64 KiB take 1.4 times as long, a book in one call four times (docs/log.md).
PIECE = 1 << 12
PIECES_AT_ONCE = 512
# Where a text offers no good place to cut for so long, it is cut anyway, so that memory stays bounded.
LONGEST_PIECE = 1 << 20

# Where a text may be cut without changing its words: before a single blank between two other characters, or between
# the punctuation and the letters of a script that writes no blanks. Pre-tokenizers always begin a word there, so that
# the pieces' tokens are the tokens of the whole.
CUT = re.compile(r"(?<=\S)(?= \S)|(?<=[。，、！？；：])(?=[぀-ヿ一-鿿])")

# n-grams ignore words, so their texts are cut into fixed chunks instead, which end with a line where they can. The
# pattern is also the pre-tokenizer in the file: both cut alike, and a best segmentation is the best of its chunk.
CHUNK = r"[\s\S]{0,4095}\n|[\s\S]{1,4096}"


def kind_of(tokenizer: Tokenizer) -> str:
    """The kind of one of our tokenizers, from its parts."""
    of_bytes = isinstance(tokenizer.decoder, decoders.ByteLevel)
    match tokenizer.model:
        case models.WordLevel():
            return "word"
        case models.Unigram():
            return "bytegram" if of_bytes else "ngram"
        case _ if of_bytes:
            return "byte" if tokenizer.get_vocab_size() == 257 else "bpe"
        case _:
            return "char"


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
    return np.concatenate([np.zeros(0, dtype=np.uint32), *encode_pieces(tokenizer, text)])


def encode_pieces(tokenizer: Tokenizer, text: str) -> Iterator[NDArray[np.uint32]]:
    """The same ids, a piece of the text at a time."""
    parts = chunks(text) if isinstance(tokenizer.model, models.Unigram) else pieces(text)
    while batch := list(islice(parts, PIECES_AT_ONCE)):
        for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
            yield np.asarray(encoding.ids, dtype=np.uint32)


def pieces(text: str) -> Iterator[str]:
    """`text` in pieces of about PIECE characters, between words."""
    start = 0
    while start < len(text):
        cut = CUT.search(text, start + PIECE, start + LONGEST_PIECE)
        end = cut.start() if cut else min(len(text), start + LONGEST_PIECE)
        yield text[start:end]
        start = end


def chunks(text: str) -> Iterator[str]:
    """`text` in the chunks of CHUNK."""
    return (match.group() for match in re.finditer(CHUNK, text))


def token_lengths(tokenizer: Tokenizer) -> NDArray[np.int64]:
    """Characters that each token of a `word` tokenizer stands for: (vocab_size,); 0 for the separator and the
    unknown.
    """
    lengths = np.zeros(tokenizer.get_vocab_size(), dtype=np.int64)
    for token, i in tokenizer.get_vocab().items():
        lengths[i] = 0 if token in {SEPARATOR, UNKNOWN} else len(token)
    return lengths


def token_bytes(tokenizer: Tokenizer) -> list[bytes]:
    """What each token adds to a text, as UTF-8 bytes, by id; a token may be part of a character. The separator adds
    nothing.
    """
    tokens: list[str] = [tokenizer.id_to_token(i) or "" for i in range(tokenizer.get_vocab_size())]
    if isinstance(tokenizer.decoder, decoders.ByteLevel):
        of_letter = {letter: bytes([byte]) for byte, letter in enumerate(BYTE_LETTERS)}
        spelled = [b"".join(of_letter[letter] for letter in token) for token in tokens[1:]]
    else:
        bytes_of = {token: bytes([byte]) for byte, token in enumerate(BYTE_TOKENS)}
        spelled = [bytes_of.get(token, token.encode("utf-8")) for token in tokens[1:]]
    return [b"", *spelled]


def decode(tokenizer: Tokenizer, ids: Iterable[int]) -> str:
    """The text of `ids`, without separators; bytes that do not form a character become U+FFFD."""
    text: str = tokenizer.decode([int(i) for i in ids if i != SEPARATOR_ID], skip_special_tokens=False)
    return text
