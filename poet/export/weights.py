"""The weights of a model as bytes that a page holds: float32, or whole numbers of 8 bits with a scale for each row."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poet.errors import ModelError
from poet.model.transformer import Transformer
from poet.params.page import Precision

# The largest whole number of int8 that has a negative counterpart.
LARGEST_INT8 = 127

# A page of more weights takes minutes to open, and a phone gives up. 90 million parameters in int8 are far above what
# plain JavaScript computes at the speed of reading.
MOST_BYTES = 96_000_000

# Keys and values of a full window, float32, which the page allocates for every text in progress.
MOST_CACHE_BYTES = 256_000_000


@dataclass(frozen=True, kw_only=True)
class PackedWeights:
    """`content` has the numbers, and `description` says what the model is and where each of its tensors lies."""

    description: dict[str, Any]
    content: bytes


def pack_weights(model: Transformer, precision: Precision) -> PackedWeights:
    """The weights of `model` in `precision`; ModelError when they are too large for a page.

    Tensors with one axis, those of norms and biases, stay float32: they are small, and every number of them counts.
    """
    _check_size(model, precision)
    matrices = {name: tensor for name, tensor in model.state_dict().items() if tensor.dim() == 2}
    quantized = {name: quantize(tensor.numpy()) for name, tensor in matrices.items()} if precision == "int8" else {}
    # float32 first: a page reads it in place, and so it must begin at a multiple of four.
    content, starts = bytearray(), {}
    for name, tensor in model.state_dict().items():
        starts[name] = len(content)
        content += _little_endian(quantized[name][1] if name in quantized else tensor.float().numpy())
    tensors = []
    for name, tensor in model.state_dict().items():
        rows, columns = tensor.shape if name in matrices else (1, len(tensor))
        entry = {"name": name, "rows": rows, "columns": columns, "values": starts[name], "scales": None}
        if name in quantized:
            entry |= {"values": len(content), "scales": starts[name]}
            content += _little_endian(quantized[name][0])
        tensors.append(entry)
    config = dataclasses.asdict(model.config)
    return PackedWeights(description={"config": config, "tensors": tensors}, content=bytes(content))


def _little_endian(array: NDArray[Any]) -> bytes:
    """The numbers of `array`, row by row, in the byte order of all browsers."""
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()


def quantize(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """`matrix` (rows, columns) as whole numbers of the same shape, and the scale (rows,) that gives its numbers back.

    >>> whole, scales = quantize(np.array([[0.5, -1.27], [0.0, 0.0]], dtype=np.float32))
    >>> whole.tolist(), scales.round(4).tolist()
    ([[50, -127], [0, 0]], [0.009999999776482582, 0.0])
    """
    scales = (np.abs(matrix).max(axis=1) / LARGEST_INT8).astype(np.float32)  # (rows, columns) -> (rows,)
    # A row of zeros has the scale 0, and any divisor gives zeros.
    whole = np.rint(matrix / np.where(scales > 0, scales, 1)[:, None])  # (rows, columns)
    return whole.clip(-LARGEST_INT8, LARGEST_INT8).astype(np.int8), scales


def _check_size(model: Transformer, precision: Precision) -> None:
    parameters = sum(tensor.numel() for tensor in model.state_dict().values())
    size = parameters * (1 if precision == "int8" else 4)
    if size > MOST_BYTES:
        smaller = " int8 takes a quarter of that (page.precision)." if precision == "float32" else ""
        raise ModelError(
            f"The model has {parameters:,} parameters, {size / 1e6:,.0f} MB in {precision}; a page holds at most "
            f"{MOST_BYTES / 1e6:.0f} MB.{smaller} A larger model needs a program of its own: `poet generate`."
        )
    config = model.config
    cache = 2 * 4 * config.n_layer * config.sequence_len * config.kv_heads * config.head_width
    if cache > MOST_CACHE_BYTES:
        raise ModelError(
            f"The model remembers {config.sequence_len:,} positions, which takes {cache / 1e6:,.0f} MB for every text; "
            f"a page takes at most {MOST_CACHE_BYTES / 1e6:.0f} MB. Train one with a smaller model.sequence_len."
        )
