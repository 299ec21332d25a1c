"""The `model:` section of params.yaml: sizes, a preset, and whatever is to differ from the preset.

A person names a preset and leaves the other keys null. `fill_in_preset` puts the preset's values into the raw section
before it is checked, so that `ModelConfig` lists every key once. The model is built from it, and config.json keeps it.
"""

import dataclasses
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

# No number is infinite or NaN: every comparison with NaN is false, so it would pass all bounds.
STRICT = pydantic.ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

Share = Annotated[float, Field(ge=0, lt=1)]
# The upper bounds here and in the other sections are far above what anyone trains with this program. A slip of some
# zeros is then found by `poet check`, and not by a machine without memory hours later.
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Layers = Annotated[int, Field(ge=1, le=1000)]
Heads = Annotated[int, Field(ge=1, le=1024)]
Width = Annotated[int, Field(ge=1, le=65_536)]
# The bound is that of the longest contexts that large models have; half a gigabyte of rotary angles at 1,000 features.
Context = Annotated[int, Field(ge=2, le=131_072)]

Norm = Literal["rms", "layer"]
Positions = Literal["rotary", "learned"]
Activation = Literal["relu2", "gelu", "relu", "swiglu", "tanh", "leaky_relu"]
Init = Literal["zero", "normal"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Yoke:
    """A narrow MLP in one layer (from 0), through which everything has to pass when `residual` is off.

    With `state`, its hidden activations of one window enter the next one through a learned gate.
    """

    layer: Annotated[int, Field(ge=0)]
    width: Width
    residual: bool
    state: bool


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ModelConfig:
    """Everything that determines the transformer but its vocabulary. The defaults are the preset `modern`."""

    n_layer: Layers
    n_head: Heads
    n_embd: Width
    sequence_len: Context
    n_kv_head: Heads | None = None  # heads of keys and values, each shared by several queries; null: n_head
    norm: Norm = "rms"  # rms has no weights
    positions: Positions = "rotary"
    activation: Activation = "relu2"
    qk_norm: bool = True
    bias: bool = False
    tied_head: bool = False  # the head shares the embedding's matrix
    init: Init = "zero"  # output projections start at zero, or all as in GPT-2
    softcap: Annotated[float, Field(ge=0, le=40)] = 15.0  # logits stay within; 0: no bound
    dropout: Share = 0.0
    compression: Annotated[float, Field(gt=0, le=1)] = 1.0  # MLP width of the middle layers over that of the ends
    yoke: Yoke | None = None

    @property
    def kv_heads(self) -> int:
        return self.n_kv_head or self.n_head

    @property
    def head_width(self) -> int:
        return self.n_embd // self.n_head

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if self.n_embd % self.n_head:
            raise ValueError(f"n_embd {self.n_embd} must be a multiple of n_head {self.n_head}")
        if self.positions == "rotary" and self.head_width % 2:
            raise ValueError(
                f"n_embd {self.n_embd} over n_head {self.n_head} gives heads of {self.head_width}; rotary positions "
                "turn pairs and need an even number"
            )
        if self.n_head % self.kv_heads:
            raise ValueError(f"n_kv_head {self.n_kv_head} must divide n_head {self.n_head}")
        if self.yoke and self.yoke.layer >= self.n_layer:
            raise ValueError(f"yoke.layer {self.yoke.layer} is out of range; allowed are 0 to {self.n_layer - 1}")
        return self


# What a preset sets besides the sizes. `modern` is the defaults of ModelConfig. `classic` is the block of nanoGPT
# (Karpathy 2022), after GPT-2.
PRESETS: dict[str, dict[str, Any]] = {
    "modern": {},
    "classic": {
        "norm": "layer",
        "positions": "learned",
        "activation": "gelu",
        "qk_norm": False,
        "bias": False,
        "tied_head": True,
        "init": "normal",
        "softcap": 0.0,
    },
}


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ModelSettings(ModelConfig):
    """The `model:` section of params.yaml once its blanks are filled: the preset's name, and the config it led to."""

    preset: Literal["modern", "classic"]

    @property
    def config(self) -> ModelConfig:
        """The same without the preset's name, as config.json keeps it."""
        return ModelConfig(**{field.name: getattr(self, field.name) for field in dataclasses.fields(ModelConfig)})


# The keys that a preset may set. Null in one of them means the preset's value.
PRESET_KEYS = frozenset(PRESETS["classic"])


def fill_in_preset(section: dict[str, Any]) -> dict[str, Any]:
    """The raw `model:` section with the values of its preset in place of every such key that is absent or null.

    Other keys stay as they are, also null ones and unknown ones: the check of the section reports them.

    >>> fill_in_preset({"preset": "classic", "n_layer": None, "norm": None, "bias": True})["norm"]
    'layer'
    """
    given = {key: value for key, value in section.items() if value is not None or key not in PRESET_KEYS}
    return PRESETS.get(str(given.get("preset")), {}) | given


def as_written(settings: ModelSettings) -> dict[str, Any]:
    """The `model:` section as a person writes it: the preset first, and None for every value that the preset gives.

    Records show this form. Two recipes that differ in the preset then differ in one key, not in eight.

    >>> written = as_written(model_settings("classic", n_layer=2, n_head=1, n_embd=8, sequence_len=4, bias=True))
    >>> written["preset"], written["norm"], written["bias"]
    ('classic', None, True)
    """
    values = dataclasses.asdict(settings)
    defaults = {field.name: field.default for field in dataclasses.fields(ModelConfig)} | PRESETS[settings.preset]
    implied = {key for key in PRESET_KEYS if values[key] == defaults[key]}
    del values["preset"]
    return {"preset": settings.preset} | {key: None if key in implied else value for key, value in values.items()}


def model_settings(preset: Literal["modern", "classic"], **keys: Any) -> ModelSettings:
    """The settings of `preset` with `keys` in place of its values; pydantic.ValidationError when they do not fit."""
    return ModelSettings(**fill_in_preset({"preset": preset, **keys}))


def resized(model: ModelSettings, *, n_layer: int, n_head: int, n_embd: int) -> ModelSettings:
    """`model` in another size. Raises pydantic's ValidationError when the size does not fit what else `model` says.

    >>> model = model_settings("modern", n_layer=6, n_head=2, n_embd=64, sequence_len=8)
    >>> resized(model, n_layer=2, n_head=1, n_embd=16).config.n_embd
    16
    """
    return dataclasses.replace(model, n_layer=n_layer, n_head=n_head, n_embd=n_embd)
