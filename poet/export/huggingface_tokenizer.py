"""A tokenizer as AutoTokenizer of transformers loads it, and back.

tokenizer.json is the same file in both worlds, for all kinds. What is written beside it only says that nothing is to be
added to it.
"""

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from poet.errors import DataError, ModelError
from poet.tokenizers.tokenizer import load_tokenizer

TOKENIZER_CONFIG = "tokenizer_config.json"

# Parts of a tokenizer.json that change the ids of a text and that no tokenizer of ours has.
FOREIGN = ("added_tokens", "normalizer", "post_processor")


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

    ModelError when the file is damaged, is none of ours, or something was added that gives a text other tokens.
    """
    try:
        content = json.loads(load_tokenizer(path).to_str())
    except DataError as error:
        # That message tells how the pipeline makes the file again, which it cannot here.
        reason = error.message.partition(". ")[0]
        raise ModelError(f"{reason}. Put the tokenizer.json of the export in its place.") from None
    # What cuts or fills the texts of a batch, and a template that adds no token: transformers saves them, and they are
    # no part of a tokenizer of ours.
    content |= {"truncation": None, "padding": None}
    if not (content["post_processor"] or {}).get("special_tokens", True):
        content["post_processor"] = None
    if added := [key for key in FOREIGN if content[key]]:
        raise ModelError(
            f"{path} was changed by another program: it has {', '.join(added)}, with which a text gets other tokens. "
            "Put the tokenizer.json of the export back; a model with more tokens cannot be imported."
        )
    tokenizer = Tokenizer.from_str(json.dumps(content))
    if tokenizer.get_vocab_size() != vocab_size:
        raise ModelError(
            f"{path} has {tokenizer.get_vocab_size():,} tokens, and the model {vocab_size:,}. Put the tokenizer.json "
            "of the same export back."
        )
    return tokenizer
