"""A model as a folder that the library transformers loads: AutoModelForCausalLM and AutoTokenizer, no code of ours.

config.json, generation_config.json     what the model is (`poet.export.huggingface_config`)
model.safetensors                       its weights in float32 (`poet.export.huggingface_weights`)
tokenizer.json, tokenizer_config.json   its tokenizer
README.md                               its card

Writing the folder needs nothing of transformers.
"""

from pathlib import Path

from safetensors.torch import save_file

from poet.export.card import CARD
from poet.export.huggingface_config import OWN_KEY, architecture_of, huggingface_config
from poet.export.huggingface_tokenizer import TOKENIZER_CONFIG, tokenizer_config
from poet.export.huggingface_weights import to_huggingface
from poet.export.markdown import python_string
from poet.files import replacing_folder, write_json, write_text
from poet.model.description import ModelDescription
from poet.model.saving import TrainedModel
from poet.results.model_folder import CONFIG, TOKENIZER, WEIGHTS
from poet.tokenizers.tokenizer import SEPARATOR_ID

GENERATION_CONFIG = "generation_config.json"

# What the card says about loading: `loading` fills it in.
_LOADING = """\
```sh
pip install "transformers>=5.24" torch
```

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = {folder}
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder)
inputs = tokenizer("The ", return_tensors="pt")
ids = model.generate(**inputs, max_new_tokens={new}, do_sample=True, temperature=0.8)
print(tokenizer.decode(ids[0]))
```

The prompt and what is written have {length:,} tokens of room together. Token 0, `<|book|>`, stands between books and
ends a text. No text becomes it, not even one that spells it: so it is no special token of the tokenizer, and `decode`
writes it out. `poet import --format hf` brings the folder back."""


def loading(folder: str, sequence_len: int) -> str:
    """The section of the card on loading the folder called `folder`, of a model that reads `sequence_len` tokens."""
    # Prompt and text have to fit: the library goes on behind the last position that the model knows.
    return _LOADING.format(folder=python_string(folder), length=sequence_len, new=min(200, sequence_len // 2))


def write_huggingface(folder: Path, trained: TrainedModel, description: ModelDescription, card: str) -> None:
    """Write `trained` as a folder for transformers, all of it or nothing.

    `description` is that of the model's own folder: its hashes go along. ModelError when transformers has no class that
    computes the model; DataError when the disk is full.
    """
    model = trained.model
    content = huggingface_config(model.config, model.vocab_size)
    # With these, `poet import` knows whether the weights are still those of the training.
    content[OWN_KEY] |= {"data_sha256": description.data_sha256, "weights_sha256": trained.sha256}
    weights = to_huggingface(model.state_dict(), model.config, architecture_of(model.config))
    with replacing_folder(folder) as out:
        write_json(out / CONFIG, content)
        write_json(
            out / GENERATION_CONFIG, dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), SEPARATOR_ID)
        )
        # transformers refuses a file that does not say which framework's tensors it has.
        save_file(weights, out / WEIGHTS, metadata={"format": "pt"})
        trained.tokenizer.save(str(out / TOKENIZER))
        write_json(out / TOKENIZER_CONFIG, tokenizer_config(model.config.sequence_len))
        write_text(out / CARD, card)
