"""A model as a folder for ONNX runtimes, which exist for most languages and devices.

model.onnx      the model with its key/value cache (`poet.export.onnx_graph`)
tokenizer.json  its tokenizer
README.md       its card

The package `onnx` writes the first; it is the extra `[export]` of this project.
"""

from pathlib import Path

from poet.errors import ModelError
from poet.export.card import CARD
from poet.export.markdown import python_string
from poet.files import replacing_folder, write_text
from poet.model.saving import TrainedModel
from poet.results.model_folder import TOKENIZER

MODEL = "model.onnx"

# The version of the file format that came with the operators of `onnx_graph.OPSET`.
IR_VERSION = 11

# A file of Protocol Buffers has less than 2 GiB.
MOST_BYTES = 2_000_000_000

# What the card says about loading: `loading` fills it in.
_LOADING = """\
```sh
pip install "onnxruntime>=1.29" tokenizers
```

```python
import numpy as np
from onnxruntime import InferenceSession
from tokenizers import Tokenizer

folder, prompt, temperature, rng = {folder}, "The ", 0.8, np.random.default_rng(1)
session, tokenizer = InferenceSession(f"{{folder}}/model.onnx"), Tokenizer.from_file(f"{{folder}}/tokenizer.json")
facts = session.get_modelmeta().custom_metadata_map
context = int(facts["context"])  # how many tokens the model can look back at
empty = {{x.name: np.zeros((1, x.shape[1], 0, x.shape[3]), "float32") for x in session.get_inputs()[2:]}}

ids, past = tokenizer.encode(prompt).ids[-context:], empty
new, position = ids, 0  # tokens that are not in the cache yet, and the position of the first
for _ in range(300):
    logits, *present = session.run(None, {{"tokens": np.array([new]), "position": np.array(position), **past}})
    past, position = dict(zip(past, present)), position + len(new)
    weights = np.exp((logits[0, -1] - logits[0, -1].max()) / temperature, dtype="float64")
    ids.append(int(rng.choice(len(weights), p=weights / weights.sum())))
    new = ids[-1:]
    if past["past_key.0"].shape[2] < context:
        continue
    if facts["positions"] == "rotary":  # the cache is full: forget the oldest eighth
        past = {{name: part[:, :, max(1, context // 8) :] for name, part in past.items()}}
    else:  # learned positions cannot move: read the last half again
        new, position, past = ids[-max(1, context // 2) :], 0, empty
print(tokenizer.decode(ids, skip_special_tokens=False))
```

Inputs are `tokens` (B, T), `position`, and keys and values of each layer (B, heads, P, width) for the P positions
before. Outputs are `logits` (B, T, {vocabulary}) for the token after each, and the cache that has grown by T.
Token 0, `<|book|>`, stands between books."""


def loading(folder: str, vocab_size: int) -> str:
    """The section of the card on loading the folder called `folder`, of a model with `vocab_size` tokens."""
    return _LOADING.format(folder=python_string(folder), vocabulary=vocab_size)


def write_onnx(folder: Path, trained: TrainedModel, card: str) -> None:
    """Write `trained` as a folder for ONNX runtimes, all of it or nothing; the same model gives the same bytes.

    The weights are float32. ModelError where the package `onnx` is missing or ONNX cannot carry the model; DataError
    when the disk is full.
    """
    _check(trained)
    try:
        from onnx import checker, helper, save

        from poet.export.onnx_graph import OPSET, transformer_graph
    except ImportError:
        raise ModelError(
            "the ONNX format is written with the package 'onnx', which is not installed; run "
            "`pip install onnx` (it is in the extra `[export]` of this project)"
        ) from None

    model = trained.model
    graph = transformer_graph(model.config, {name: part.float().numpy() for name, part in model.state_dict().items()})
    operators = [helper.make_opsetid("", OPSET)]
    proto = helper.make_model(graph, opset_imports=operators, ir_version=IR_VERSION, producer_name="poet")
    facts = {
        "model_sha256": trained.sha256,
        "context": str(model.config.sequence_len),
        "positions": model.config.positions,
    }
    helper.set_model_props(proto, facts)
    checker.check_model(proto, full_check=True)
    with replacing_folder(folder) as out:
        save(proto, out / MODEL)
        trained.tokenizer.save(str(out / TOKENIZER))
        write_text(out / CARD, card)


def _check(trained: TrainedModel) -> None:
    """ModelError where ONNX cannot carry the model, by the name of what stands in the way."""
    if trained.model.carries_state:
        raise ModelError(
            "ONNX cannot carry this model: model.yoke.state: got true, expected false. Such a model reads what it "
            "computed for the window before, and the graph has a cache of keys and values alone. Export it as html."
        )
    size = sum(tensor.numel() for tensor in trained.model.state_dict().values()) * 4
    if size > MOST_BYTES:
        raise ModelError(
            f"ONNX cannot carry this model: its weights have {size / 1e9:.1f} GB in float32, and a file of ONNX holds "
            f"{MOST_BYTES / 1e9:.0f} GB. Export it as hf."
        )
