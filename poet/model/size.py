"""How large a transformer is and how much it computes, by formula: no weight is made and torch is not needed.

Names of sizes as in `poet.model.layers`: C = n_embd, K = n_kv_head, D = C / n_head, W = MLP width, T = sequence_len,
V = vocab_size. tests/model/test_size.py compares every figure with the model itself.
"""

from poet.params.model import ModelConfig


def mlp_width(config: ModelConfig, layer: int) -> int:
    """The hidden width W of the MLP in `layer`: the yoke's width in the yoke's layer, else 4 C or a share of it.

    The first and last layer have the full width, 4 C; the middle has `compression` times that, and the layers between
    are interpolated. SwiGLU has three matrices instead of two; its full width of 8/3 C makes as many weights.

    >>> sizes = dict(n_layer=5, n_head=1, n_embd=64, sequence_len=8)
    >>> [mlp_width(ModelConfig(**sizes, compression=0.5), layer) for layer in range(5)]
    [256, 192, 128, 192, 256]
    >>> mlp_width(ModelConfig(**sizes, activation="swiglu"), 0)
    170
    """
    if config.yoke and config.yoke.layer == layer:
        return config.yoke.width
    full = config.n_embd * 8 // 3 if config.activation == "swiglu" else 4 * config.n_embd
    # Distance from the middle layer: 1 at both ends, 0 in the middle.
    distance = 1.0 if config.n_layer == 1 else abs(2 * layer / (config.n_layer - 1) - 1)
    return max(1, round(full * (config.compression + (1 - config.compression) * distance)))


def block_matrices(config: ModelConfig) -> list[tuple[int, int]]:
    """Rows and columns of every matrix of all blocks; queries, keys and values are three matrices, as for Muon.

    >>> block_matrices(ModelConfig(n_layer=1, n_head=2, n_embd=8, sequence_len=4, n_kv_head=1))
    [(8, 8), (4, 8), (4, 8), (8, 8), (32, 8), (8, 32)]
    """
    C, shared = config.n_embd, config.kv_heads * config.head_width
    matrices = []
    for layer in range(config.n_layer):
        W = mlp_width(config, layer)
        up = 2 * W if config.activation == "swiglu" else W
        matrices += [(C, C), (shared, C), (shared, C), (C, C), (up, C), (C, W)]
        # The gate of a yoke with state.
        if config.yoke and config.yoke.state and config.yoke.layer == layer:
            matrices.append((W, W))
    return matrices


def parameter_count(config: ModelConfig, vocab_size: int) -> int:
    """The parameters of the model.

    >>> parameter_count(ModelConfig(n_layer=3, n_head=2, n_embd=192, sequence_len=256), vocab_size=2048)
    2113536
    """
    C = config.n_embd
    # The embedding, and the head unless it is the same matrix.
    count = vocab_size * C * (1 if config.tied_head else 2)
    if config.positions == "learned":
        count += config.sequence_len * C
    count += sum(rows * columns for rows, columns in block_matrices(config))
    # A LayerNorm has a scale, and with `bias` a shift: two norms in each block, one before the head.
    if config.norm == "layer":
        count += (2 * config.n_layer + 1) * C * (2 if config.bias else 1)
    return count + (_biases(config) if config.bias else 0)


def _biases(config: ModelConfig) -> int:
    """The biases of all matrices: one number for each row. The gate of a yoke has none."""
    gate = config.yoke.width if config.yoke and config.yoke.state else 0
    return sum(rows for rows, _ in block_matrices(config)) - gate


def flops_per_token(config: ModelConfig, vocab_size: int) -> int:
    """Floating-point operations of training on one token (as in Chowdhery et al. 2022, arXiv 2204.02311, app. B).

    Each weight of a matrix takes a multiplication and an addition forward and twice that backward: 6. Attention
    takes 6 per feature for the query-key product and 6 for the weighted sum of values, at each of the T/2 positions
    that a token sees on average: 6 C T per layer. Looking up an embedding is no multiplication; the head is one.
    """
    matrices = sum(rows * columns for rows, columns in block_matrices(config))
    attention = config.n_layer * config.n_embd * config.sequence_len
    return 6 * (matrices + vocab_size * config.n_embd + attention)
