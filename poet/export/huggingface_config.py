"""Which class of the library transformers computes what a model of ours computes, and its config.json, both ways.

`modern` is a NanoChatForCausalLM, `classic` a GPT2LMHeadModel. What is neither has no equal there: the weights would
load, and the text would be nonsense. So each key of ModelConfig is carried over, or compared, or changes no logit.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import pydantic

from poet.errors import ModelError
from poet.export.differences import GPT2, LAYER_NORM_EPSILON, differences
from poet.model.layers import RMS_EPSILON
from poet.model.rotary import ROTARY_BASE
from poet.params.model import ModelConfig
from poet.tokenizers.tokenizer import SEPARATOR_ID

Architecture = Literal["nanochat", "gpt2"]

# The class of each architecture in transformers.
CLASSES: dict[Architecture, str] = {"nanochat": "NanoChatForCausalLM", "gpt2": "GPT2LMHeadModel"}

# What a model has to be to have an equal there. The bias of a NanoChat is one of attention alone.
REQUIRED: dict[Architecture, dict[str, Any]] = {
    "nanochat": {"norm": "rms", "positions": "rotary", "qk_norm": True, "bias": False, "yoke": None},
    "gpt2": GPT2,
}

# Activations that transformers has by the same name; swiglu has a third matrix, which neither class has.
ACTIVATIONS = ("relu2", "gelu", "relu", "tanh", "leaky_relu")

# The key of our own in config.json, for what transformers has no key for. The library keeps it when it saves a model.
OWN_KEY = "poet"

# Keys of config.json on which no logit depends: a folder that comes back may have other values there.
INERT = frozenset({
    *("architectures", "dtype", "bos_token_id", "eos_token_id", "pad_token_id", OWN_KEY),
    *("attention_dropout", "attn_pdrop", "embd_pdrop", "resid_pdrop"),
})  # fmt: skip

# The keys of config.json that our sizes and choices are read from. GPT-2 has no soft-cap.
CARRIED: dict[Architecture, dict[str, str]] = {
    "nanochat": {
        "n_layer": "num_hidden_layers",
        "n_head": "num_attention_heads",
        "n_kv_head": "num_key_value_heads",
        "n_embd": "hidden_size",
        "sequence_len": "max_position_embeddings",
        "activation": "hidden_act",
        "tied_head": "tie_word_embeddings",
        "softcap": "final_logit_softcapping",
        "dropout": "attention_dropout",
    },
    "gpt2": {
        "n_layer": "n_layer",
        "n_head": "n_head",
        "n_embd": "n_embd",
        "sequence_len": "n_positions",
        "activation": "activation_function",
        "tied_head": "tie_word_embeddings",
        "dropout": "resid_pdrop",
    },
}

# How weights start, which no finished model depends on, where config.json does not say it.
INIT: dict[Architecture, str] = {"nanochat": "zero", "gpt2": "normal"}

_config = pydantic.TypeAdapter(ModelConfig)


def architecture_of(config: ModelConfig) -> Architecture:
    """The architecture that computes the logits of a model of `config`; ModelError names what no class there has.

    >>> architecture_of(ModelConfig(n_layer=1, n_head=1, n_embd=8, sequence_len=4))
    'nanochat'
    """
    differing = {
        name: list(differences(config, REQUIRED[name], ACTIVATIONS, grouped_queries=name == "nanochat"))
        for name in CLASSES
    }
    nearest = min(differing, key=lambda name: len(differing[name]))
    if differing[nearest]:
        raise ModelError(
            f"transformers has no class that computes this model. The nearest, {CLASSES[nearest]}, differs in:\n"
            + "\n".join(f"  model.{problem}" for problem in differing[nearest])
            + "\nExport it in another format, or train a model with the values that are expected."
        )
    return nearest


def huggingface_config(config: ModelConfig, vocab_size: int) -> dict[str, Any]:
    """The content of config.json for transformers; ModelError when the model has no equal there."""
    name = architecture_of(config)
    content: dict[str, Any] = {
        "architectures": [CLASSES[name]],
        "model_type": name,
        "dtype": "float32",
        "vocab_size": vocab_size,
        **{theirs: getattr(config, ours) for ours, theirs in CARRIED[name].items()},
        **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), SEPARATOR_ID),
        OWN_KEY: {"init": config.init, "bias": config.bias},
    }
    if name == "gpt2":
        return content | {
            **dict.fromkeys(("embd_pdrop", "attn_pdrop"), config.dropout),
            "n_inner": 4 * config.n_embd,
            "layer_norm_epsilon": LAYER_NORM_EPSILON,
            "scale_attn_weights": True,
            "scale_attn_by_inverse_layer_idx": False,
            "add_cross_attention": False,
        }
    return content | {
        "num_key_value_heads": config.kv_heads,
        # Null is no cap there; ours is 0.
        "final_logit_softcapping": config.softcap or None,
        "intermediate_size": 4 * config.n_embd,
        "head_dim": config.head_width,
        "rms_norm_eps": RMS_EPSILON,
        "rope_parameters": {"rope_type": "default", "rope_theta": ROTARY_BASE},
        "attention_bias": False,
    }


def read_huggingface_config(content: Mapping[str, Any], path: Path, *, bias: bool) -> ModelConfig:
    """The model that `content` describes, which is that of the config.json `path`; `bias`: its weights have biases.

    ModelError when it is of another class, or computes something else than our model of the same sizes.
    """
    name = content.get("model_type")
    if not isinstance(name, str) or name not in CLASSES:
        raise ModelError(
            f"{path} has the model_type {json.dumps(name)[:60]}, expected {' or '.join(CLASSES)}: only models that "
            "`poet export --format hf` wrote can be imported."
        )
    own = found if isinstance(found := content.get(OWN_KEY), dict) else {}
    keys = {ours: content.get(theirs) for ours, theirs in CARRIED[name].items()}
    keys |= {key: value for key, value in REQUIRED[name].items() if key != "bias"}
    keys |= {
        # A NanoChat of ours has none: if there are any, they are tensors that nobody expects.
        # All zero, they may still be ours: so a training begins, and so transformers fills them in for a model without.
        "bias": (bias or own.get("bias") is True) and name == "gpt2",
        "init": own.get("init", INIT[name]),
        # Null is no cap there; ours is 0.
        "softcap": keys.get("softcap") or 0.0,
        # As many as there are queries is the usual attention, which we write as null.
        "n_kv_head": None if keys.get("n_kv_head") == keys["n_head"] else keys.get("n_kv_head"),
    }
    try:
        # By way of JSON text, as everywhere: in strict mode only JSON may spell a dataclass as a mapping.
        config = _config.validate_json(json.dumps(keys))
    except pydantic.ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"])) or "its sizes"
        raise ModelError(f"{path} describes no model of ours: {key}: {problem['msg']}") from None
    problems = list(_foreign(content, huggingface_config(config, content["vocab_size"])))
    if problems:
        raise ModelError(f"{path} describes a model that none of ours computes:\n" + "\n".join(problems))
    return config


def _foreign(content: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    """Every key of a config.json that makes the model compute something else than ours."""
    absent = object()
    for key, value in expected.items():
        found = content.get(key, absent)
        if key not in INERT and found != value:
            shown = "nothing" if found is absent else json.dumps(found)[:60]
            yield f"  {key}: got {shown}, expected {json.dumps(value)}"
    if "quantization_config" in content:
        yield "  quantization_config: the weights are quantized, expected floating-point numbers"
