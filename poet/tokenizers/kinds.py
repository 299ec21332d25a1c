"""The kinds of tokenizer, and how each is trained. To add a kind, add its training function and one entry to KINDS.

The same text and settings give the same tokenizer.json, byte for byte.
"""

import json
import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from poet.errors import ConfigError, DataError
from poet.params.sections import TokenizeSettings
from poet.tokenizers.cutting import CHUNK, cut_between_words, cut_into_chunks, cut_long_words
from poet.tokenizers.ngrams import frequent_ngrams
from poet.tokenizers.tokenizer import BYTE_LETTERS, BYTE_TOKENS, SEPARATOR, SEPARATOR_ID, UNKNOWN, encode_pieces

# What the `word` kind takes for a word: letters with the blank before them, so that a space costs no token; a mark of
# punctuation likewise; any other white space alone.
WORD = r" ?[\p{L}\p{N}\p{M}_]+(?:['’][\p{L}\p{M}]+)*| ?[^\s\p{L}\p{N}\p{M}_]|\s"

# The n-gram kinds cut a text so that the sum of its tokens' scores is highest. Every token costs 1, so the best
# segmentation is the shortest: a fifteenth fewer tokens than with log-probabilities (docs/log.md). Frequency decides
# between segmentations of equal length.
TOKEN_SCORE = -1.0
FREQUENCY_SCORE = 1e-6
# The score of the separator and of the tokens <0x00> to <0xFF>. A text uses them only where it has no other way. All
# their letters are in the alphabet, so a text that spells `<0x41>` is cut into single characters instead.
LAST_RESORT_SCORE = -100.0


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of tokenizer.

    `train` makes a tokenizer from the pieces of a text. `cut` cuts a text into pieces whose tokens, one after another,
    are the tokens of the text.
    """

    summary: str
    train: Callable[[Iterable[str], TokenizeSettings], Tokenizer]
    cut: Callable[[str], Iterator[str]] = cut_between_words


def train_tokenizer(texts: Iterable[str], settings: TokenizeSettings) -> Tokenizer:
    """Train a tokenizer of `settings.kind` on `texts` (training text only).

    Raises DataError when the texts have no character, ConfigError when `vocab_size` has no room for the alphabet.
    """
    parts = _not_empty(piece for text in texts for piece in cut_between_words(text))
    return KINDS[settings.kind].train(parts, settings)


def kind_of(tokenizer: Tokenizer) -> str:
    """The kind of a tokenizer that `train_tokenizer` has made, by what its file says."""
    content = json.loads(tokenizer.to_str())
    model, splits = content["model"], content["pre_tokenizer"]
    if model["type"] == "WordLevel":
        return "word"
    if model["type"] == "Unigram":
        return "ngram" if model["byte_fallback"] else "bytegram"
    # Byte-pair encoding: `char` and `byte` have no merges, and only `bpe` splits words.
    if model["byte_fallback"]:
        return "char"
    return "bpe" if splits["use_regex"] else "byte"


def encode_long(tokenizer: Tokenizer, kind: str, text: str) -> NDArray[np.uint32]:
    """The token ids (n,) uint32 of a long text, as one call would give them, computed piece by piece on all cores."""
    pieces = encode_pieces(tokenizer, KINDS[kind].cut(text))
    return np.concatenate([np.zeros(0, dtype=np.uint32), *pieces])


def _not_empty(texts: Iterable[str]) -> Iterable[str]:
    """`texts` unchanged; DataError at their end when there was none."""
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
    # Byte-pair encoding without a single merge leaves every character a token of its own.
    return _decoding_byte_tokens(Tokenizer(models.BPE(_numbered(tokens), [], byte_fallback=True)))


def _train_byte(texts: Iterable[str], settings: TokenizeSettings) -> Tokenizer:
    """One token per byte of UTF-8, whatever the text."""
    for _ in texts:  # nothing to learn, but an empty text is an error here as for every kind
        pass
    tokens = [SEPARATOR, *sorted(BYTE_LETTERS)]
    return _byte_level(Tokenizer(models.BPE(_numbered(tokens), [])))


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
    # The pre-tokenizer splits words as GPT-2 does; merges never cross from one word to the next.
    tokenizer = _byte_level(Tokenizer(models.BPE()), pre_tokenizers.ByteLevel(add_prefix_space=False))
    trainer = trainers.BpeTrainer(
        vocab_size=settings.vocab_size,
        min_frequency=settings.min_frequency,
        special_tokens=[SEPARATOR],
        initial_alphabet=sorted(BYTE_LETTERS),
        show_progress=False,
    )
    tokenizer.train_from_iterator((piece for text in texts for piece in cut_long_words(text)), trainer)
    return _without_added_tokens(tokenizer)


def _train_ngram(texts: Iterable[str], settings: TokenizeSettings) -> Tokenizer:
    """Frequent runs of characters, across word borders; a character outside the alphabet is spelled in bytes."""
    text = "".join(texts)
    symbols, characters = _character_codes(text)
    # Always include printable ASCII: prompts use it, and a text that spells `<0x41>` must be able to do so without the
    # byte token of that name.
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
    # The library wants the id of an unknown token. With byte_fallback it spells unknown characters in bytes instead, so
    # the separator's id never comes out as an unknown token.
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=SEPARATOR_ID, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(CHUNK), "isolated")
    return _decoding_byte_tokens(tokenizer)


def _train_bytegram(texts: Iterable[str], settings: TokenizeSettings) -> Tokenizer:
    """Frequent runs of bytes of UTF-8, across word borders; a token may begin or end within a character."""
    content = bytearray("".join(texts).encode("utf-8"))  # writable memory, which the suffix sorter needs
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
    return _byte_level(tokenizer, pre_tokenizers.Sequence([by_chunks, as_bytes]))


def _scored(
    symbols: NDArray[Any], settings: TokenizeSettings, count: int, spell: Callable[[int, int], str]
) -> tuple[list[str], list[float]]:
    """The best `count` n-grams of `symbols` (n,) as tokens, and the score of each; `spell(start, end)` writes the
    symbols of a stretch as a token.
    """
    # A text that repeats `<0x41>` or `<|book|>` makes an n-gram of it. As a token, it would mean a byte or the
    # separator. So such names are passed over, and as many n-grams more are looked for.
    names = {SEPARATOR, *BYTE_TOKENS}
    found = frequent_ngrams(
        symbols, longest=settings.max_ngram, min_frequency=settings.min_frequency, count=count + len(names)
    )
    scores = TOKEN_SCORE + FREQUENCY_SCORE * np.log(found.frequency / len(symbols))
    places = zip(found.start.tolist(), found.length.tolist(), scores.tolist(), strict=True)
    scored = [(spell(start, start + length), score) for start, length, score in places]
    scored = [(token, score) for token, score in scored if token not in names][:count]
    return [token for token, _ in scored], [score for _, score in scored]


def _character_codes(text: str) -> tuple[NDArray[Any], list[str]]:
    """`text` (n characters) as indexes into the sorted list of its characters, in the narrowest integers: (n,), and the
    list.

    >>> codes, characters = _character_codes("abba")
    >>> codes.tolist(), characters
    ([0, 1, 1, 0], ['a', 'b'])
    """
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)  # (n,) code points
    seen = np.flatnonzero(np.bincount(points))  # (alphabet,) the code points that occur, ascending
    codes = np.zeros(int(seen[-1]) + 1, dtype=np.min_scalar_type(len(seen) - 1))  # by code point
    codes[seen] = np.arange(len(seen))
    return codes[points], [chr(point) for point in seen]


def _check_room(settings: TokenizeSettings, fixed: int, alphabet: int, what: str) -> None:
    """ConfigError when `vocab_size` is too small for the `fixed` tokens and an `alphabet` of `what`."""
    if settings.vocab_size < fixed + alphabet:
        raise ConfigError(
            f"tokenize.vocab_size: {settings.vocab_size} is too small for a {settings.kind} tokenizer of this text: "
            f"its alphabet has {alphabet} {what}, and {fixed} tokens are fixed. Set at least {fixed + alphabet}."
        )


def _numbered(tokens: list[str]) -> dict[str, int]:
    return {token: i for i, token in enumerate(tokens)}


def _decoding_byte_tokens(tokenizer: Tokenizer) -> Tokenizer:
    """`tokenizer` with a decoder that turns tokens such as <0x41> back into bytes and joins the rest."""
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    return tokenizer


def _byte_level(tokenizer: Tokenizer, pre_tokenizer: Any = None) -> Tokenizer:
    """`tokenizer` over the letters of bytes (BYTE_LETTERS), words unsplit unless `pre_tokenizer` splits them."""
    tokenizer.pre_tokenizer = pre_tokenizer or pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _without_added_tokens(tokenizer: Tokenizer) -> Tokenizer:
    """`tokenizer` with its special tokens as ordinary entries of the vocabulary.

    Hugging Face encodes an *added* token wherever a text spells it. As an ordinary entry, the separator can never come
    from a text.
    """
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(content))


# Every kind by its name, the value of `tokenize.kind`, in the order of every table that lists the kinds.
KINDS: dict[str, Kind] = {
    "char": Kind(summary="one token per character", train=_train_char),
    "byte": Kind(summary="one token per byte of UTF-8", train=_train_byte),
    "word": Kind(summary="whole words; rarer ones are lost as unknown", train=_train_word),
    "ngram": Kind(summary="frequent runs of characters, across words", train=_train_ngram, cut=cut_into_chunks),
    "bytegram": Kind(summary="frequent runs of bytes, across words", train=_train_bytegram, cut=cut_into_chunks),
    "bpe": Kind(summary="byte-pair encoding inside words", train=_train_bpe),
}
