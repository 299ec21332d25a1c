"""The `model:` section of params.yaml: sizes, a preset, and whatever is to differ from it.

`ModelSettings` is what a person writes; `ModelConfig` is the same with every blank filled in, as the model is built
from it and as config.json keeps it.
"""

import dataclasses
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

STRICT = pydantic.ConfigDict(extra="forbid", strict=True)

Share = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]

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
    width: Count
    residual: bool
    state: bool


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ModelConfig:
    """Everything that determines the transformer but its vocabulary. The defaults are the preset `modern`."""

    n_layer: Count
    n_head: Count
    n_embd: Count
    sequence_len: Annotated[int, Field(ge=2)]
    n_kv_head: Count | None = None  # heads of keys and values, each shared by several queries; null: n_head
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


# What a preset sets; all other keys are sizes. `classic` is the block of nanoGPT (Karpathy 2022), after GPT-2.
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
class ModelSettings:
    """Sizes and a preset; a key of the preset that is given here takes the place of the preset's."""

    preset: Literal["modern", "classic"]
    n_layer: Count
    n_head: Count
    n_embd: Count
    sequence_len: Annotated[int, Field(ge=2)]
    n_kv_head: Count | None = None
    norm: Norm | None = None
    positions: Positions | None = None
    activation: Activation | None = None
    qk_norm: bool | None = None
    bias: bool | None = None
    tied_head: bool | None = None
    init: Init | None = None
    softcap: Annotated[float, Field(ge=0, le=40)] | None = None
    dropout: Share = 0.0
    compression: Annotated[float, Field(gt=0, le=1)] = 1.0
    yoke: Yoke | None = None

    @model_validator(mode="after")
    def _is_a_model(self) -> Self:
        try:
            self.resolved()
        except pydantic.ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
        return self

    def resolved(self) -> ModelConfig:
        """The config with the preset's values where nothing else is said."""
        given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        given = {name: value for name, value in given.items() if value is not None and name != "preset"}
        return ModelConfig(**(PRESETS[self.preset] | given))
