"""Six ways to make a tokenizer from the training text: char, byte, word, ngram, bytegram, bpe.

The same text and settings give the same file, byte for byte.
"""

import json
import string
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from poet.errors import ConfigError, DataError
from poet.params.sections import TokenizeSettings
from poet.tokenizers.ngrams import frequent_ngrams
from poet.tokenizers.tokenizer import BYTE_LETTERS, BYTE_TOKENS, CHUNK, SEPARATOR, SEPARATOR_ID, UNKNOWN, pieces

# A word with the blank before it, so that a space costs no token; a mark of punctuation likewise; any other space.
WORD = r" ?[\p{L}\p{N}\p{M}_]+(?:['’][\p{L}\p{M}]+)*| ?[^\s\p{L}\p{N}\p{M}_]|\s"

# The score of a token in the n-gram kinds. Each costs 1, so the best segmentation is the shortest: a fifteenth fewer
# tokens than with log-probabilities (docs/log.md). Frequency decides between equally short ones.
TOKEN_SCORE = -1.0
FREQUENCY_SCORE = 1e-6
# Tokens that no text may choose while it has another way; their letters are in every alphabet, so it always has.
LAST_RESORT_SCORE = -100.0


def train_tokenizer(texts: Iterable[str], settings: TokenizeSettings) -> Tokenizer:
    """Fit a tokenizer of `settings.kind` to `texts` (training text only).

    Raises DataError when they hold no character, ConfigError when `vocab_size` has no room for the alphabet.
    """
    parts = _not_empty(piece for text in texts for piece in pieces(text))
    return TRAINERS[settings.kind](parts, settings)


def _not_empty(texts: Iterable[str]) -> Iterable[str]:
    empty = True
    for text in texts:
        empty = False
        yield text
    if empty:
        raise DataError("the training text is empty: there is nothing to make a tokenizer from. Add books.")


def _train_char(texts: Iterable[str], settings: TokenizeSettings) -> Tokenizer:
    """One token per character that occurs, in code point order, and one per byte for the characters that do not."""
    alphabet: set[str] = set()
    for text in texts:
        alphabet.update(text)
    tokens = [SEPARATOR, *sorted(alphabet), *BYTE_TOKENS]
    return _of_characters(Tokenizer(models.BPE(_numbered(tokens), [], byte_fallback=True)))


def _train_byte(texts: Iterable[str], settings: TokenizeSettings) -> Tokenizer:
    """One token per byte of UTF-8, whatever the text."""
    for _ in texts:  # an empty text is an error here as for every kind
        pass
    tokens = [SEPARATOR, *sorted(BYTE_LETTERS)]
    return _of_bytes(Tokenizer(models.BPE(_numbered(tokens), [])))


def _train_word(texts: Iterable[str], settings: TokenizeSettings) -> Tokenizer:
    """The most frequent words, marks and spaces; all others are one unknown token."""
    tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(WORD), "isolated")
    tokenizer.decoder = decoders.Fuse()
    trainer = trainers.WordLevelTrainer(
        vocab_size=settings.vocab_size,
        min_frequency=settings.min_frequency,
        special_tokens=[SEPARATOR, UNKNOWN],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return _without_added_tokens(tokenizer)


def _train_bpe(texts: Iterable[str], settings: TokenizeSettings) -> Tokenizer:
    """Byte-level byte-pair encoding with GPT-2's word pattern (Radford et al. 2019)."""
    _check_room(settings, 1, 256, "bytes")
    tokenizer = _of_bytes(Tokenizer(models.BPE()), pre_tokenizers.ByteLevel(add_prefix_space=False))
    trainer = trainers.BpeTrainer(
        vocab_size=settings.vocab_size,
        min_frequency=settings.min_frequency,
        special_tokens=[SEPARATOR],
        initial_alphabet=sorted(BYTE_LETTERS),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return _without_added_tokens(tokenizer)


def _train_ngram(texts: Iterable[str], settings: TokenizeSettings) -> Tokenizer:
    """Frequent runs of characters, across word borders; a character that the text lacks is spelled in bytes."""
    text = "".join(texts)
    symbols, characters = _character_codes(text)
    # Printable ASCII is always in: prompts have it, and so can no text be forced to spell a special token's name.
    alphabet = sorted({*characters, *string.printable})
    _check_room(settings, 1 + len(BYTE_TOKENS), len(alphabet), "characters")
    count = settings.vocab_size - 1 - len(BYTE_TOKENS) - len(alphabet)
    grams, scores = _scored(symbols, settings, count, lambda start, end: text[start:end])
    vocabulary = [
        (SEPARATOR, LAST_RESORT_SCORE),
        *((token, LAST_RESORT_SCORE) for token in BYTE_TOKENS),
        *((character, TOKEN_SCORE) for character in alphabet),
        *zip(grams, scores, strict=True),
    ]
    # The byte tokens stand in for everything unknown, so the separator's id is never given out as such.
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=SEPARATOR_ID, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(CHUNK), "isolated")
    return _of_characters(tokenizer)


def _train_bytegram(texts: Iterable[str], settings: TokenizeSettings) -> Tokenizer:
    """The same over the bytes of UTF-8; a token may begin or end within a character."""
    content = bytearray("".join(texts).encode("utf-8"))  # writable, as the suffix sorter wants it
    _check_room(settings, 1, 256, "bytes")
    letters = np.array(BYTE_LETTERS)
    symbols = np.frombuffer(content, dtype=np.uint8)
    grams, scores = _scored(
        symbols, settings, settings.vocab_size - 257, lambda start, end: "".join(letters[symbols[start:end]])
    )
    vocabulary = [
        (SEPARATOR, LAST_RESORT_SCORE),
        *((letter, TOKEN_SCORE) for letter in sorted(BYTE_LETTERS)),
        *zip(grams, scores, strict=True),
    ]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=SEPARATOR_ID, byte_fallback=False))
    by_chunks = pre_tokenizers.Split(Regex(CHUNK), "isolated")
    as_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return _of_bytes(tokenizer, pre_tokenizers.Sequence([by_chunks, as_bytes]))


TRAINERS: dict[str, Callable[[Iterable[str], TokenizeSettings], Tokenizer]] = {
    "char": _train_char,
    "byte": _train_byte,
    "word": _train_word,
    "ngram": _train_ngram,
    "bytegram": _train_bytegram,
    "bpe": _train_bpe,
}


def _scored(
    symbols: NDArray[Any], settings: TokenizeSettings, count: int, spell: Callable[[int, int], str]
) -> tuple[list[str], list[float]]:
    """The best `count` n-grams as tokens, and what each adds to the score of a segmentation."""
    found = frequent_ngrams(symbols, longest=settings.max_ngram, min_frequency=settings.min_frequency, count=count)
    tokens = [
        spell(start, start + length) for start, length in zip(found.start.tolist(), found.length.tolist(), strict=True)
    ]
    scores = TOKEN_SCORE + FREQUENCY_SCORE * np.log(found.frequency / len(symbols))
    return tokens, scores.tolist()


def _character_codes(text: str) -> tuple[NDArray[Any], list[str]]:
    """`text` as indexes into the sorted list of its characters, in the narrowest integers: (n,), and the list."""
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    seen = np.flatnonzero(np.bincount(points))
    codes = np.zeros(int(seen[-1]) + 1, dtype=np.min_scalar_type(len(seen) - 1))
    codes[seen] = np.arange(len(seen))
    return codes[points], [chr(point) for point in seen]


def _check_room(settings: TokenizeSettings, fixed: int, alphabet: int, what: str) -> None:
    if settings.vocab_size < fixed + alphabet:
        raise ConfigError(
            f"tokenize.vocab_size: {settings.vocab_size} is too small for a {settings.kind} tokenizer of this text: "
            f"its alphabet has {alphabet} {what}, and {fixed} tokens are fixed. Set at least {fixed + alphabet}."
        )


def _numbered(tokens: list[str]) -> dict[str, int]:
    return {token: i for i, token in enumerate(tokens)}


def _of_characters(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    return tokenizer


def _of_bytes(tokenizer: Tokenizer, pre_tokenizer: Any = None) -> Tokenizer:
    tokenizer.pre_tokenizer = pre_tokenizer or pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _without_added_tokens(tokenizer: Tokenizer) -> Tokenizer:
    """As an added token the separator would be cut out of texts that happen to spell it; as a mere entry it is out of
    reach.
    """
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(content))
