"""A tokenizer as AutoTokenizer of transformers loads it, and back.

tokenizer.json is the same file in both worlds, for all kinds. What is written beside it only says that nothing is to be
added to it.
"""

import json
import string
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from poet.errors import DataError, ModelError
from poet.params.sections import TokenizeSettings
from poet.tokenizers.kinds import kind_of, train_tokenizer
from poet.tokenizers.tokenizer import BYTE_LETTERS, BYTE_TOKENS, UNKNOWN, load_tokenizer

TOKENIZER_CONFIG = "tokenizer_config.json"

# What a tokenizer has learned; all else in its file is the same for all tokenizers of a kind.
LEARNED = ("vocab", "merges")

# The tokens by which each kind spells a text that its other tokens cannot.
LAST_RESORT = {
    **dict.fromkeys(("char", "ngram"), BYTE_TOKENS),
    **dict.fromkeys(("byte", "bytegram", "bpe"), BYTE_LETTERS),
    "word": [UNKNOWN],
}


def tokenizer_config(sequence_len: int) -> dict[str, Any]:
    """The content of tokenizer_config.json: how AutoTokenizer takes tokenizer.json, which is the whole tokenizer.

    No special token is named: transformers would encode the name of one wherever a text spells it.
    """
    return {
        # By its class for GPT-2, transformers would make another tokenizer from the vocabulary.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": sequence_len,
        # A model of ours reads one sequence, and has no use for the number of a segment.
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
    }


def read_tokenizer(path: Path, vocab_size: int) -> Tokenizer:
    """The tokenizer in `path`, which has to have `vocab_size` tokens, as a model's folder of ours keeps it.

    ModelError when the file is damaged, is none of ours, or gives a text other tokens than one of ours would.
    """
    try:
        content = json.loads(load_tokenizer(path).to_str())
    except DataError:
        # That message tells how the pipeline makes the file again, which it cannot here.
        raise ModelError(
            f"{path} is damaged, or another program made it. Put the tokenizer.json of the export in its place."
        ) from None
    # What cuts or fills the texts of a batch, and a template that adds no token: transformers saves them, and they are
    # no part of a tokenizer of ours.
    content |= {"truncation": None, "padding": None}
    if not (content["post_processor"] or {}).get("special_tokens", True):
        content["post_processor"] = None
    tokenizer = Tokenizer.from_str(json.dumps(content))
    if foreign := list(_foreign(tokenizer, content)):
        raise ModelError(
            f"{path} is no tokenizer of ours, or another program changed it. Other than ours are: "
            f"{', '.join(foreign)}. A text would get other tokens, or none. Put the tokenizer.json of the export back; "
            "a model with more tokens cannot be imported."
        )
    if tokenizer.get_vocab_size() != vocab_size:
        raise ModelError(
            f"{path} has {tokenizer.get_vocab_size():,} tokens, and the model {vocab_size:,}. Put the tokenizer.json "
            "of the same export back."
        )
    return tokenizer


def _foreign(tokenizer: Tokenizer, content: Mapping[str, Any]) -> Iterator[str]:
    """The parts of a tokenizer, whose file has `content`, that none of ours has."""
    try:
        kind = kind_of(tokenizer)
    except (KeyError, TypeError):
        yield f"model ({content['model']['type']})"
        return
    # The smallest tokenizer of that kind.
    settings = TokenizeSettings(kind=kind, vocab_size=1000, max_ngram=2, min_frequency=1, train_characters=1000)
    ours = json.loads(train_tokenizer([string.printable], settings).to_str())
    yield from (part for part, value in ours.items() if part != "model" and content[part] != value)
    flags = {part: value for part, value in ours["model"].items() if part not in LEARNED}
    yield from (f"model.{part}" for part, value in flags.items() if content["model"].get(part) != value)
    vocabulary = tokenizer.get_vocab()
    if sorted(vocabulary.values()) != list(range(len(vocabulary))) or not vocabulary.keys() >= {*LAST_RESORT[kind]}:
        yield "model.vocab"
