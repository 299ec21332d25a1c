"""The transformer as an ONNX graph, node by node: what `poet.model` computes, the key/value cache as input and output.

`torch.onnx.export` would make such a graph too. It takes twenty seconds where this takes a fraction of one, cannot
follow the branches of `attend` for lengths that are not known yet, and leaves the paths of this machine in the file.

Shapes are named as in `poet.model.layers`: B sequences, T new positions, P positions in the cache, S = P + T,
C = n_embd, H and K heads of queries and of keys, D the width of a head, W = MLP width, V = vocab_size, L layers.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from poet.export.differences import LAYER_NORM_EPSILON
from poet.model.layers import RMS_EPSILON
from poet.model.rotary import ROTARY_BASE
from poet.params.model import ModelConfig

# The version of the operators. 23 is the first with attention, RMSNorm and rotation as one operator each.
OPSET = 23

# How steep F.leaky_relu is below zero.
LEAKY_SLOPE = 0.01

# Operators of the activations that are one operator.
ACTIVATIONS = {"gelu": "Gelu", "relu": "Relu", "relu2": "Relu", "tanh": "Tanh", "leaky_relu": "LeakyRelu"}


def transformer_graph(config: ModelConfig, weights: Mapping[str, NDArray[np.float32]]) -> GraphProto:
    """The graph of a model with `config` and the state dict `weights`; it cannot carry a yoke's state.

    Inputs: `tokens` (B, T) int64; `position`, a scalar int64, the position of the first of them; for each layer
    `past_key.i` and `past_value.i` (B, K, P, D) float32. Outputs: `logits` (B, T, V) float32 for the token after each
    of `tokens`; for each layer `present_key.i` and `present_value.i` (B, K, S, D) float32.
    """
    graph = _Graph(config, weights)
    x = graph.embedded()  # (B, T, C)
    for layer in range(config.n_layer):
        x = graph.block(x, layer)
    graph.logits(graph.norm(x, "final_norm"))
    return graph.finished()


class _Graph:
    """A graph in the making. Values go by their names; each method adds nodes and returns the name of their result."""

    def __init__(self, config: ModelConfig, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self.config, self.weights = config, weights
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, NDArray[Any]] = {}
        self.rotary: tuple[str, str] | None = None

    def split(self, op: str, *inputs: str, outputs: list[str], **attributes: Any) -> list[str]:
        """A node with several results, which get the names `outputs`."""
        self.nodes.append(helper.make_node(op, inputs, outputs, **attributes))
        return outputs

    def node(self, op: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """A node with one result, which gets the name `output` if there is one."""
        return self.split(op, *inputs, outputs=[output or f"value.{len(self.nodes)}"], **attributes)[0]

    def constant(self, name: str, values: Any) -> str:
        self.constants[name] = np.asarray(values, order="C")
        return name

    def integers(self, *values: int) -> str:
        """A list of integers, as shapes and axes are given."""
        return self.constant(f"integers.{'.'.join(map(str, values))}", np.array(values, dtype=np.int64))

    def weight(self, name: str) -> str:
        return self.constant(name, self.weights[name])

    def embedded(self) -> str:
        """The start of the residual stream for `tokens`, and where they are: (B, T) -> (B, T, C)."""
        x = self.node("Gather", self.weight("embedding.weight"), "tokens")  # (B, T, C)
        length = self.node("Squeeze", self.node("Shape", "tokens", start=1, end=2))
        end = self.node("Add", "position", length)
        positions = self.node("Range", "position", end, self.constant("one", np.int64(1)))  # (T,)
        if self.config.positions == "learned":
            x = self.node("Add", x, self.node("Gather", self.weight("positions.weight"), positions))
        else:
            self.rotary = self._rotary(positions)
        return self.norm(x, "") if self.config.norm == "rms" else x

    def _rotary(self, positions: str) -> tuple[str, str]:
        """Cosine and sine of the angles of `positions` (T,), for every sequence: (B, T, D/2) each.

        In float64 as in `rotary_table`, and not by a table: positions may go on for ever.
        """
        width = self.config.head_width
        frequency = ROTARY_BASE ** (-np.arange(0, width, 2, dtype=np.float64) / width)  # (D/2,)
        column = self.node("Unsqueeze", self.node("Cast", positions, to=TensorProto.DOUBLE), self.integers(0, 2))
        angle = self.node("Mul", column, self.constant("frequency", frequency))  # (1, T, 1) (D/2,) -> (1, T, D/2)
        batch = self.node("Shape", "tokens", start=0, end=1)  # (1,)
        shape = self.node("Concat", batch, self.integers(1, 1), axis=0)
        cos, sin = (self.node("Cast", self.node(op, angle), to=TensorProto.FLOAT) for op in ("Cos", "Sin"))
        return self.node("Expand", cos, shape), self.node("Expand", sin, shape)

    def norm(self, x: str, name: str, width: int = 0) -> str:
        """RMSNorm, or with the weights `name` LayerNorm, over the last axis, which has C or `width` features."""
        if self.config.norm == "layer" and not width:
            bias = [self.weight(f"{name}.bias")] if self.config.bias else []
            weight = self.weight(f"{name}.weight")
            return self.node("LayerNormalization", x, weight, *bias, axis=-1, epsilon=LAYER_NORM_EPSILON)
        width = width or self.config.n_embd
        ones = self.constant(f"ones.{width}", np.ones(width, dtype=np.float32))  # the operator wants a scale
        return self.node("RMSNormalization", x, ones, axis=-1, epsilon=RMS_EPSILON)

    def linear(self, x: str, name: str) -> str:
        """(..., in) -> (..., out) by the matrix `name` (out, in), which is kept turned as the operator wants it."""
        y = self.node("MatMul", x, self.constant(f"{name}.weight", self.weights[f"{name}.weight"].T))
        return self.node("Add", y, self.weight(f"{name}.bias")) if f"{name}.bias" in self.weights else y

    def block(self, x: str, layer: int) -> str:
        """The residual stream after block number `layer`: (B, T, C) -> (B, T, C)."""
        name, yoke = f"blocks.{layer}", self.config.yoke
        y = self.attention(self.norm(x, f"{name}.attention_norm"), layer)
        x = self.node("Add", x, y)
        y = self.mlp(self.norm(x, f"{name}.mlp_norm"), f"{name}.mlp")
        replaces_stream = yoke is not None and yoke.layer == layer and not yoke.residual
        return y if replaces_stream else self.node("Add", x, y)

    def attention(self, x: str, layer: int) -> str:
        """Causal attention with the cache of `layer`: (B, T, C) -> (B, T, C)."""
        name, D = f"blocks.{layer}.attention", self.config.head_width
        H, K = self.config.n_head, self.config.kv_heads
        qkv = self.linear(x, f"{name}.qkv")  # (B, T, (H + 2 K) D)
        rows = self.integers((H + K) * D, K * D)
        qk, v = self.split("Split", qkv, rows, outputs=[f"{name}.qk", f"{name}.v"], axis=2)
        if self.config.qk_norm:
            heads = self.node("Reshape", qk, self.integers(0, 0, H + K, D))  # (B, T, H + K, D)
            qk = self.node("Reshape", self.norm(heads, "", D), self.integers(0, 0, (H + K) * D))
        if self.rotary:
            qk = self.node("RotaryEmbedding", qk, *self.rotary, num_heads=H + K)
        q, k = self.split("Split", qk, self.integers(H * D, K * D), outputs=[f"{name}.q", f"{name}.k"], axis=2)
        past = [f"past_{part}.{layer}" for part in ("key", "value")]  # (B, K, P, D)
        present = [f"present_{part}.{layer}" for part in ("key", "value")]  # (B, K, S, D)
        heads_of = {"q_num_heads": H, "kv_num_heads": K}
        y, *_ = self.split("Attention", q, k, v, "", *past, outputs=[f"{name}.y", *present], is_causal=1, **heads_of)
        return self.linear(y, f"{name}.out")

    def mlp(self, x: str, name: str) -> str:
        """(B, T, C) -> (B, T, W) -> (B, T, C)."""
        hidden = self.linear(x, f"{name}.up")  # (B, T, W), or (B, T, 2 W) with SwiGLU
        if self.config.activation == "swiglu":
            halves = [f"{name}.hidden", f"{name}.factor"]
            hidden, factor = self.split("Split", hidden, outputs=halves, axis=2, num_outputs=2)
            silu = self.node("Mul", hidden, self.node("Sigmoid", hidden))
            return self.linear(self.node("Mul", silu, factor), f"{name}.down")
        slope: dict[str, Any] = {"alpha": LEAKY_SLOPE} if self.config.activation == "leaky_relu" else {}
        hidden = self.node(ACTIVATIONS[self.config.activation], hidden, **slope)
        if self.config.activation == "relu2":
            hidden = self.node("Mul", hidden, hidden)
        return self.linear(hidden, f"{name}.down")

    def logits(self, x: str) -> None:
        """(B, T, C) -> (B, T, V), which is the output `logits`."""
        cap = self.config.softcap
        output = "" if cap else "logits"
        if self.config.tied_head:
            # The embedding is kept once; the program that runs the graph turns it when it loads it.
            head = self.node("Transpose", "embedding.weight", perm=[1, 0])
        else:
            head = self.constant("head.weight", self.weights["head.weight"].T)
        y = self.node("MatMul", x, head, output=output)
        if cap:
            scale = self.constant("softcap", np.float32(cap))
            self.node("Mul", self.node("Tanh", self.node("Div", y, scale)), scale, output="logits")

    def finished(self) -> GraphProto:
        """The graph with its inputs and outputs."""
        value, K, D = helper.make_tensor_value_info, self.config.kv_heads, self.config.head_width
        inputs = [value("tokens", TensorProto.INT64, ["B", "T"]), value("position", TensorProto.INT64, [])]
        vocab_size = len(self.weights["embedding.weight"])
        outputs = [value("logits", TensorProto.FLOAT, ["B", "T", vocab_size])]
        for layer in range(self.config.n_layer):
            for part in ("key", "value"):
                inputs.append(value(f"past_{part}.{layer}", TensorProto.FLOAT, ["B", K, "P", D]))
                outputs.append(value(f"present_{part}.{layer}", TensorProto.FLOAT, ["B", K, "S", D]))
        constants = [numpy_helper.from_array(values, name) for name, values in self.constants.items()]
        return helper.make_graph(self.nodes, "transformer", inputs, outputs, constants)
