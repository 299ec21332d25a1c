"""One token of many sequences at once, each at a position of its own: the forward pass of continuous batching.

`Transformer.forward` computes B sequences that are all at the same position. Here each sequence has its own place in a
shared key/value cache and its own position. Norms, matrices and activations work on all rows together, because they
work on each position by itself. Attention looks back over as many positions as a row has, so it runs row by row.

What a row computes does not depend on the other rows, not even in the last bit, on a CPU where torch multiplies
matrices with MKL in one thread (x86). MKL gives the same bits for every row as soon as a product has `LEAST_ROWS` rows;
for fewer it adds in another order. So there are never fewer: missing rows are filled up. An elementwise function may
round differently at the end of a tensor, where no whole vector of the processor is left. So where the widths of the
model are odd, rows are filled up until every tensor ends with a whole vector. `is_independent` compares the bits on the
machine that it runs on.

Shapes are named as in `poet.model.layers`: B rows, C = n_embd, H heads of queries, K heads of keys and values,
D = C / H, W = MLP width, S positions so far; P places, L = sequence_len, V = vocab_size. A row has one new position.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from poet.model.layers import Attention, attend, rms_norm
from poet.model.loss import softcap_
from poet.model.rotary import rotary_table, rotate
from poet.model.size import mlp_width
from poet.model.transformer import Cache, Transformer

# The fewest rows of a matrix product. See the docstring of this module.
LEAST_ROWS = 4

# Elements that torch's loops compute at once where a tensor has as many left: two vectors of 16 numbers (AVX-512).
VECTOR = 32

Rotary = tuple[Tensor, Tensor]


class Places:
    """Room for the keys and values of `places` sequences, and the passes of `model` that fill it."""

    def __init__(self, model: Transformer, places: int, dtype: torch.dtype = torch.float32) -> None:
        config = model.config
        self.model, self.dtype, self.device = model, dtype, model.embedding.weight.device
        shape = (places, config.kv_heads, config.sequence_len, config.head_width)
        # One pair for each layer, (P, K, L, D).
        self.keys, self.values = (
            [torch.empty(shape, device=self.device, dtype=dtype) for _ in model.blocks] for _ in range(2)
        )
        self.multiple = _row_multiple(model)

    def cache(self, place: int, state: Tensor | None = None) -> Cache:
        """An empty cache of one sequence, in the room of `place`. The model's own methods fill it, forget in it and
        read it. `state` as in `Cache`, (1, L, W).
        """
        cache = self.model.new_cache(1, self.dtype, state=state)
        for layer, keys, values in zip(cache.layers, self.keys, self.values, strict=True):
            layer.keys, layer.values = keys[place : place + 1], values[place : place + 1]  # (1, K, L, D)
        return cache

    def read(self, cache: Cache, ids: Sequence[int]) -> Tensor:
        """Logits (1, V) for the token after `ids`, at least two, which go into the empty `cache` of one sequence."""
        tokens = torch.tensor([ids], device=self.device)  # (1, T)
        if len(ids) >= LEAST_ROWS:
            # The head, too, gets that many rows.
            found: Tensor = self.model(tokens, cache, self.dtype, first=-LEAST_ROWS)  # (1, 4, V)
            return found[:, -1].cpu()
        # Too few rows: the same sequence several times over.
        state = None if cache.state is None else cache.state.expand(LEAST_ROWS, -1, -1)
        copies = self.model.new_cache(LEAST_ROWS, self.dtype, state=state)
        logits: Tensor = self.model(tokens.expand(LEAST_ROWS, -1), copies, self.dtype, first=-1)  # (4, 1, V)
        for layer, copied in zip(cache.layers, copies.layers, strict=True):
            layer.extend(copied.keys[:1, :, : len(ids)], copied.values[:1, :, : len(ids)], 0)
        cache.length, cache.hidden = copies.length, None if copies.hidden is None else copies.hidden[:1]
        return logits[:1, -1].cpu()

    def step(self, places: Sequence[int], caches: Sequence[Cache], tokens: Sequence[int]) -> Tensor:
        """Logits (B, V) float32 for the token after each of `tokens`; every cache grows by one position.

        Row i is the sequence at `places[i]`, whose cache is `caches[i]`; it has room for one more position.
        """
        model, lengths = self.model, [cache.length for cache in caches]
        rows = -(-max(len(places), LEAST_ROWS) // self.multiple) * self.multiple
        filling = [0] * (rows - len(places))
        positions = torch.tensor(lengths + filling, device=self.device)  # (B,)
        ids = torch.tensor([*tokens, *filling], device=self.device)[:, None]  # (B, 1)
        # Here and below as in `Transformer.hidden` and `Block.forward`.
        x = F.embedding(ids, model.embedding.weight).to(self.dtype)  # (B, 1) -> (B, 1, C)
        rotary = None
        if model.positions is not None:
            x = x + model.positions.weight[positions][:, None].to(self.dtype)  # (B, 1, C)
        else:
            rotary = self._rotary(positions)
        if model.config.norm == "rms":
            x = rms_norm(x)
        at = torch.tensor(places, device=self.device), positions[: len(places)]
        for i, block in enumerate(model.blocks):
            y = self._attention(i, block.attention, block.attention_norm(x), rotary, at, caches)  # (B, 1, C)
            x = x + y
            state = self._states(caches, rows) if block.mlp.gate is not None else None
            y, hidden = block.mlp(block.mlp_norm(x), state)  # (B, 1, C), (B, 1, W)
            if block.mlp.gate is not None:
                _keep_hidden(caches, hidden)
            x = y if block.yoke is not None and not block.yoke.residual else x + y
        for cache in caches:
            cache.length += 1
        return self._logits(model.final_norm(x)[:, 0])[: len(places)].cpu()  # (B, 1, C) -> (B, V)

    def _rotary(self, positions: Tensor) -> Rotary:
        config = self.model.config
        cos, sin = rotary_table(config.sequence_len, config.head_width, self.device, self.dtype)
        return cos[positions][:, None], sin[positions][:, None]  # (L, 1, D/2) -> (B, 1, 1, D/2)

    def _attention(
        self,
        layer: int,
        attention: Attention,
        x: Tensor,
        rotary: Rotary | None,
        at: tuple[Tensor, Tensor],
        caches: Sequence[Cache],
    ) -> Tensor:
        """As `Attention.forward`, for one position of each row: (B, 1, C) -> (B, 1, C). `at` are places and positions
        of those rows that are no filling.
        """
        H, K, D = attention.n_head, attention.n_kv_head, attention.head_width
        heads = attention.qkv(x).view(len(x), 1, H + 2 * K, D)
        qk, v = heads.split([H + K, K], dim=2)  # (B, 1, H + K, D), (B, 1, K, D)
        if attention.qk_norm:
            qk = rms_norm(qk)
        if rotary is not None:
            qk = rotate(qk, *rotary)
        q, k = qk.split([H, K], dim=2)  # (B, 1, H, D), (B, 1, K, D)
        place, position = at
        # All rows are stored at once: (P, K, L, D) at (B,) places and (B,) positions takes (B, K, D).
        self.keys[layer][place, :, position] = k[: len(place), 0]
        self.values[layer][place, :, position] = v[: len(place), 0]
        mixed = []
        for one, cache in zip(q.transpose(1, 2).split(1), caches, strict=False):
            room, length = cache.layers[layer], cache.length + 1
            mixed.append(attend(one, room.keys.narrow(2, 0, length), room.values.narrow(2, 0, length)))  # (1, H, 1, D)
        # Filled-up rows attend to nothing.
        if len(mixed) < len(x):
            mixed.append(x.new_zeros(len(x) - len(mixed), H, 1, D))
        out: Tensor = attention.out(torch.cat(mixed).reshape(x.shape))  # (B, H, 1, D) -> (B, 1, C)
        return out

    def _states(self, caches: Sequence[Cache], rows: int) -> Tensor:
        """What each row reads of its window before: (B, 1, W). Zeros, which the gate passes on as nothing, without."""
        width = next(block.yoke.width for block in self.model.blocks if block.yoke)
        none = torch.zeros(1, 1, width, device=self.device, dtype=self.dtype)
        states = [none if c.state is None else c.state[:, c.length : c.length + 1] for c in caches]
        return torch.cat([*states, none.expand(rows - len(states), 1, width)])

    def _logits(self, x: Tensor) -> Tensor:
        """As the end of `Transformer.forward`: (B, C) -> (B, V)."""
        logits = F.linear(x, self.model.head_weight.to(self.dtype)).float()  # (B, C) (C, V) -> (B, V)
        cap = self.model.config.softcap
        if not cap:
            return logits
        # Row by row where a row does not end with a whole vector. V may be any number.
        for part in [logits] if logits.size(1) % VECTOR == 0 else logits:
            softcap_(part, cap)
        return logits


def _keep_hidden(caches: Sequence[Cache], hidden: Tensor) -> None:
    """Add the yoke's activations `hidden` (B, 1, W) to those of each window."""
    for cache, one in zip(caches, torch.split(hidden, 1), strict=False):
        cache.hidden = one if cache.hidden is None else torch.cat((cache.hidden, one), dim=1)  # (1, S, W)


def _row_multiple(model: Transformer) -> int:
    """The least number of rows, a power of two, with which every tensor between the layers ends with a whole vector.

    >>> from poet.params.model import ModelConfig
    >>> sizes = dict(n_layer=1, n_head=1, sequence_len=8)
    >>> [_row_multiple(Transformer(ModelConfig(**sizes, n_embd=C), 9, torch.Generator())) for C in (64, 24, 6)]
    [1, 4, 16]
    """
    config = model.config
    widths = {config.n_embd, *(mlp_width(config, layer) for layer in range(config.n_layer))}
    return max(VECTOR // math.gcd(VECTOR, width) for width in widths)


@torch.inference_mode()
def is_independent(model: Transformer) -> bool:
    """Whether a row has the same bits whatever rows are beside it, on this machine and in this process.

    Tried on random tokens, in the smallest batch and in two larger ones.
    """
    tokens = torch.randint(model.vocab_size, (17,), generator=torch.Generator().manual_seed(1)).tolist()
    places = Places(model, len(tokens))
    found = []
    for count in (1, 7, len(tokens)):
        caches = [places.cache(i) for i in range(count)]
        # The second token reads the keys that the first one wrote.
        found.append([places.step(range(count), caches, tokens[:count])[0] for _ in range(2)])
    return all(torch.equal(one, other) for each in found[1:] for one, other in zip(found[0], each, strict=True))
