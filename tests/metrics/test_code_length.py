"""Bits per character are the length of a code: an arithmetic coder writes the text with them, and reads it back.

The coder is the textbook one (Witten, Neal and Cleary 1987) with integers of any size, so that it has no limit of
precision: an interval that shrinks with each symbol, and a number in the last one.
"""

import math
from collections import Counter

import numpy as np
import pytest
import torch

from poet.metrics.bits import _window_batches, split_metrics
from poet.model.transformer import Transformer
from poet.params.model import ModelConfig
from poet.params.sections import SplitSettings
from poet.tokenizers.kinds import KINDS
from poet.tokenizers.tokenizer import UNKNOWN, decode, encode_with_unknown, load_tokenizer
from poet.tokens.spelling import BORDER, CONTINUATIONS, Pairs, SpellingCode, count_pairs
from poet.tokens.token_files import TRAIN, VALIDATION, open_tokens
from tests.cleaning.shelf import clean_shelf
from tests.recipes import sizes
from tests.tiny import generator
from tests.tokens.written import write_tokens

SCALE = 1 << 40
CONFIG = ModelConfig(n_layer=1, n_head=1, n_embd=8, sequence_len=24)

# Words of all frequencies, so that every vocabulary loses some; letters of two bytes, and one that training never saw.
TEXT = "".join(f"the cat{number % 7} sat on mat{number % 13}, naïve{number}!\n" for number in range(300))
VALIDATION_TEXT = TEXT[-400:-3] + "ω.\n"


class Interval:
    """An interval [low, low + width) / whole within [0, 1)."""

    def __init__(self) -> None:
        self.low, self.width, self.whole = 0, 1, 1

    def narrow(self, start: int, size: int, total: int) -> None:
        """Keep the part from start / total on that is size / total of the interval."""
        self.low, self.width = self.low * total + self.width * start, self.width * size
        self.whole *= total


class Encoder(Interval):
    """Narrows its interval to the symbols that it is given."""

    def code(self, sizes: np.ndarray, symbol: int) -> int:
        self.narrow(int(sizes[:symbol].sum()), int(sizes[symbol]), int(sizes.sum()))
        return symbol

    def uniform(self, total: int, symbol: int) -> int:
        self.narrow(symbol, 1, total)
        return symbol

    def finish(self) -> tuple[int, int]:
        """A number of as few bits as an interval of this width needs, and how many these are."""
        bits = self.whole.bit_length() - self.width.bit_length() + 2
        return -((-self.low << bits) // self.whole), bits


class Decoder(Interval):
    """Narrows its interval to the symbols that the number in it means, whatever symbol it is given."""

    def __init__(self, number: int, bits: int) -> None:
        super().__init__()
        self.number, self.bits = number, bits

    def code(self, sizes: np.ndarray, symbol: int) -> int:
        total = int(sizes.sum())
        found = int(np.searchsorted(np.cumsum(sizes), self._place(total), side="right"))
        self.narrow(int(sizes[:found].sum()), int(sizes[found]), total)
        return found

    def uniform(self, total: int, symbol: int) -> int:
        found = self._place(total)
        self.narrow(found, 1, total)
        return found

    def _place(self, total: int) -> int:
        """Which of `total` equal parts of the interval holds the number."""
        return ((self.number * self.whole - (self.low << self.bits)) * total) // (self.width << self.bits)


def code_text(coder, model, length, ids, spelling, words):
    """Code `length` tokens with the windows by which the figure is made, and every lost word by its characters.

    The encoder takes `ids` and `words` and returns them; the decoder takes none, and returns what it reads.
    """
    unknown, code = spelling
    known, read = np.zeros(length, dtype=np.int64), []

    def add(position, symbol):
        known[position] = symbol
        if symbol == unknown:
            read.append(code_word(coder, code, words[len(read)] if words else None))

    add(0, coder.uniform(model.vocab_size, int(ids[0]) if words is not None else 0))
    for positions, scored_from in _window_batches(length, model.config.sequence_len, 0.5):
        for window in positions:
            for at in range(scored_from, len(window) - 1):
                # What comes later is still 0: the same window for both, and the model looks at what was before only.
                seen = torch.from_numpy(np.where(window[:-1] <= window[at], known[window[:-1]], 0))
                with torch.no_grad():
                    probabilities = torch.softmax(model(seen[None])[0, at].double(), dim=-1)
                shares = np.maximum(1, (probabilities.numpy() * SCALE).astype(np.int64))
                target = window[at + 1]
                add(target, coder.code(shares, int(ids[target]) if words is not None else 0))
    return known, read


def code_word(coder, code: SpellingCode, word):
    """Code the characters of a word and its end; returns the word."""
    frequent = sorted(code.characters)
    letters = [] if word is None else [*word, BORDER]
    before, spelled = BORDER, []
    while True:
        shares = [int(code.probability(before, character) * SCALE) for character in frequent]
        # All the other continuations are equally likely; their numbers are code points, and one more for the end.
        other = int(code.probability(before, "\0") * SCALE) or 1
        letter = letters[len(spelled)] if letters else None
        symbol = frequent.index(letter) if letter in frequent else len(frequent)
        symbol = coder.code(np.array([*shares, other * CONTINUATIONS]), symbol)
        if symbol < len(frequent):
            character = frequent[symbol]
        else:
            number = coder.uniform(CONTINUATIONS, CONTINUATIONS - 1 if letter in (None, BORDER) else ord(letter))
            character = BORDER if number == CONTINUATIONS - 1 else chr(number)
        if character == BORDER:
            return "".join(spelled)
        spelled.append(character)
        before = character


# The vocabulary sizes to try; a size that does not matter is left out.
VOCABULARIES = {"word": [2, 9, 60], "bpe": [300], "char": [None], "byte": [None], "ngram": [500], "bytegram": [300]}


@pytest.mark.parametrize(("kind", "vocab_size"), [(kind, size) for kind in KINDS for size in VOCABULARIES[kind]])
def test_the_figure_is_the_length_of_a_code_that_gives_the_text_back(kind, vocab_size, write_books, tmp_path):
    split = SplitSettings(validation=len(VALIDATION_TEXT) / len(TEXT + VALIDATION_TEXT), held_out_books=[])
    clean = clean_shelf(write_books(a=TEXT + VALIDATION_TEXT), tmp_path)
    meta = write_tokens(clean, split, sizes(kind, vocab_size=vocab_size or 300), tmp_path / "tokens")
    data, tokenizer = open_tokens(tmp_path / "tokens"), load_tokenizer(tmp_path / "tokens" / "tokenizer.json")
    model = Transformer(CONFIG, tokenizer.get_vocab_size(), generator()).eval()
    with torch.no_grad():  # an untrained model predicts nothing
        model.head.weight.normal_(generator=generator(1))
    metrics = split_metrics(model, data, VALIDATION, stride=0.5, dtype=torch.float32)

    text = (clean / "a.txt").read_text(encoding="utf-8")
    validation = text[-metrics.characters :]
    ids, words = next(encode_with_unknown(tokenizer, [validation]))
    assert (ids == data.splits[VALIDATION]).all() and len(words) == meta["splits"][VALIDATION]["unknown_tokens"]
    unknown = tokenizer.token_to_id(UNKNOWN) if kind == "word" else -1
    code = SpellingCode(_lost_pairs(tokenizer, text[: -metrics.characters]))

    encoder = Encoder()
    code_text(encoder, model, len(ids), ids, (unknown, code), words)
    number, bits = encoder.finish()
    content = (number << -bits % 8).to_bytes((bits + 7) // 8, "big")
    assert 8 * len(content) / len(validation) == pytest.approx(metrics.bits_per_character, rel=0.01)
    assert 8 * len(content) / len(validation) > metrics.bits_per_character - 1e-3

    decoder = Decoder(int.from_bytes(content, "big"), 8 * len(content))
    known, read = code_text(decoder, model, len(ids), None, (unknown, code), None)
    assert _text_of(tokenizer, known, unknown, read) == validation


def _lost_pairs(tokenizer, text):
    """The pairs of characters in the words of `text` that the tokenizer loses."""
    pairs: Pairs = Counter()
    if tokenizer.token_to_id(UNKNOWN) is not None:
        count_pairs(pairs, next(encode_with_unknown(tokenizer, [text]))[1])
    return pairs


def _text_of(tokenizer, ids, unknown, words):
    """The text of `ids`, with the lost `words` in their places."""
    if unknown < 0:
        return decode(tokenizer, ids)
    spelled = iter(words)
    return "".join(next(spelled) if i == unknown else decode(tokenizer, [i]) for i in ids)


def test_a_small_vocabulary_does_not_look_good(write_books, tmp_path):
    """An untrained model of two tokens needs one bit a word, and lost nearly all of the text with it."""
    clean = clean_shelf(write_books(a=TEXT), tmp_path)
    split = SplitSettings(validation=0.1, held_out_books=[])
    write_tokens(clean, split, sizes("word", vocab_size=2), tmp_path / "tokens")
    data = open_tokens(tmp_path / "tokens")
    model = Transformer(CONFIG, data.vocab_size, generator()).eval()
    metrics = split_metrics(model, data, VALIDATION, stride=0.5, dtype=torch.float32)
    assert metrics.loss == pytest.approx(math.log(2))
    assert metrics.bits_per_character > 2 and metrics.spelling_bits_per_character > 1.5
    assert data.counts(TRAIN).spelling_bits > 0
