"""A `classic` model as a folder for llama.cpp and the programs around it, which know its like as GPT-2.

model.gguf  the model and its tokenizer
README.md   its card

The package `gguf` writes the first; it is the extra `[export]` of this project. llama.cpp computes GELU by its
approximation with tanh, from a table of float16: its logits differ from ours in the fourth decimal.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from poet.errors import ModelError
from poet.export.card import CARD
from poet.export.differences import GPT2, LAYER_NORM_EPSILON, differences
from poet.export.markdown import python_string
from poet.files import replacing_folder, write_text
from poet.model.saving import TrainedModel
from poet.tokenizers.kinds import kind_of
from poet.tokenizers.tokenizer import SEPARATOR, SEPARATOR_ID

if TYPE_CHECKING:
    from gguf import GGUFWriter

MODEL = "model.gguf"

# What the card says about loading: `loading` fills it in.
_LOADING = """\
```sh
pip install llama-cpp-python
```

```python
from llama_cpp import Llama

folder = {folder}
model = Llama(f"{{folder}}/model.gguf", n_ctx={length}, verbose=False)
print(model("The ", max_tokens={new}, temperature=0.8)["choices"][0]["text"])
```

Any program that is built on llama.cpp loads the file. The prompt and what is written have {length} tokens of room
together. Token 0, `<|book|>`, stands between books and ends a text."""

# Of the activations of a GPT-2, llama.cpp has one.
ACTIVATIONS = ("gelu",)

# The kinds of tokenizer that llama.cpp has too: byte-pair encoding over GPT-2's letters of bytes.
TOKENIZERS = ("bpe", "byte")

# Names of our parts in GGUF: of the model, and of block i below `blk.i.`.
PARTS = {"embedding": "token_embd", "positions": "position_embd", "final_norm": "output_norm", "head": "output"}
BLOCK_PARTS = {
    "attention_norm": "attn_norm",
    "attention.qkv": "attn_qkv",
    "attention.out": "attn_output",
    "mlp_norm": "ffn_norm",
    "mlp.up": "ffn_up",
    "mlp.down": "ffn_down",
}

# GGUF's number for a file whose tensors are all float32, and for a token that is none of the special ones.
ALL_FLOAT32, NORMAL_TOKEN = 0, 1


def loading(folder: str, sequence_len: int) -> str:
    """The section of the card on loading the folder called `folder`, of a model that reads `sequence_len` tokens."""
    # Prompt and text have to fit: llama.cpp knows no position behind the last one.
    return _LOADING.format(folder=python_string(folder), length=sequence_len, new=min(60, sequence_len // 2))


def write_gguf(folder: Path, trained: TrainedModel, card: str) -> None:
    """Write `trained` as a folder for llama.cpp, all of it or nothing; the same model gives the same bytes.

    The weights are float32. ModelError where the package `gguf` is missing or llama.cpp cannot compute the model;
    DataError when the disk is full.
    """
    _check(trained)
    try:
        from gguf import GGUFWriter
    except ImportError:
        raise ModelError(
            "the GGUF format is written with the package 'gguf', which is not installed; run "
            "`pip install gguf` (it is in the extra `[export]` of this project)"
        ) from None

    with replacing_folder(folder) as out:
        writer = GGUFWriter(out / MODEL, "gpt2")
        _write_description(writer, trained)
        _write_tokenizer(writer, json.loads(trained.tokenizer.to_str())["model"])
        for name, values in gguf_tensors(trained).items():
            writer.add_tensor(name, values)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        write_text(out / CARD, card)


def gguf_tensors(trained: TrainedModel) -> dict[str, NDArray[np.float32]]:
    """The weights by their names in GGUF. llama.cpp wants all biases, so a model without gets zeros."""
    found = {}
    for name, tensor in trained.model.state_dict().items():
        part, kind = name.rsplit(".", 1)
        if part.startswith("blocks."):
            _, layer, inner = part.split(".", 2)
            theirs = f"blk.{layer}.{BLOCK_PARTS[inner]}"
        else:
            theirs = PARTS[part]
        found[f"{theirs}.{kind}"] = tensor.float().numpy()
        if part not in {"embedding", "positions", "head"}:
            found.setdefault(f"{theirs}.bias", np.zeros(len(tensor), dtype=np.float32))
    return found


def _write_description(writer: "GGUFWriter", trained: TrainedModel) -> None:
    config = trained.model.config
    writer.add_string("poet.model_sha256", trained.sha256)
    writer.add_context_length(config.sequence_len)
    writer.add_embedding_length(config.n_embd)
    writer.add_block_count(config.n_layer)
    writer.add_feed_forward_length(4 * config.n_embd)
    writer.add_head_count(config.n_head)
    writer.add_layer_norm_eps(LAYER_NORM_EPSILON)
    writer.add_file_type(ALL_FLOAT32)


def _write_tokenizer(writer: "GGUFWriter", model: dict[str, Any]) -> None:
    """The tokenizer with this `model` of its file."""
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    # llama.cpp wants a list of merges that is not empty. No text ever holds the separator, so it never merges.
    merges = [" ".join(pair) for pair in model["merges"]] or [f"{SEPARATOR} {SEPARATOR}"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    # Not even the separator is special: else a text that spells it would become it.
    writer.add_token_types([NORMAL_TOKEN] * len(tokens))
    writer.add_token_merges(merges)
    writer.add_bos_token_id(SEPARATOR_ID)
    writer.add_eos_token_id(SEPARATOR_ID)
    writer.add_add_bos_token(False)


def _check(trained: TrainedModel) -> None:
    """ModelError where llama.cpp cannot compute the model, by the names of everything that stands in the way."""
    found = differences(trained.model.config, GPT2, ACTIVATIONS, grouped_queries=False)
    problems = [f"model.{problem}" for problem in found]
    kind = kind_of(trained.tokenizer)
    if kind not in TOKENIZERS:
        problems.append(f"tokenize.kind: got {kind}, expected {' or '.join(TOKENIZERS)}")
    if problems:
        raise ModelError(
            "llama.cpp cannot compute this model, so there is no GGUF of it. It differs from a GPT-2 in:\n"
            + "\n".join(f"  {problem}" for problem in problems)
            + "\nExport it in another format, or train one with these values (model.preset: classic)."
        )
