"""The language model: token ids in, logits or a loss out. It knows nothing of text, files or training.

The block is the one the speed records of 2024-26 converged on (modded-nanogpt, nanochat): RMSNorm before each sublayer,
rotary positions, normalised queries and keys, squared ReLU, no biases, output projections that start at zero, soft-
capped logits.
"""

import math

import torch
from torch import Tensor, nn

from poet.config import ModelConfig
from poet.model.layers import Block, LayerCache, Linear, rms_norm, rotary_table
from poet.model.loss import capped_cross_entropy, softcap_

Cache = list[LayerCache]


class Transformer(nn.Module):
    """A decoder-only transformer of the sizes in `config`, for `vocab_size` tokens; initialised from `generator` on the
    CPU.
    """

    def __init__(self, config: ModelConfig, vocab_size: int, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config
        self.vocab_size = vocab_size
        self.embedding = nn.Embedding(vocab_size, config.n_embd)
        self.blocks: list[Block] = nn.ModuleList(Block(config.n_embd, config.n_head) for _ in range(config.n_layer))  # type: ignore[assignment]
        self.head = Linear(config.n_embd, vocab_size)
        self._initialise(generator)

    @torch.no_grad()
    def _initialise(self, generator: torch.Generator) -> None:
        """Embedding: normal(1). Input matrices: uniform of deviation 1/sqrt(C). Output projections and head: zero, so
        each block starts as the identity.
        """
        self.embedding.weight.normal_(generator=generator)
        bound = math.sqrt(3 / self.config.n_embd)
        for block in self.blocks:
            block.attention.qkv.weight.uniform_(-bound, bound, generator=generator)
            block.mlp.up.weight.uniform_(-bound, bound, generator=generator)
            block.attention.out.weight.zero_()
            block.mlp.down.weight.zero_()
        self.head.weight.zero_()

    def hidden(
        self, tokens: Tensor, cache: Cache | None = None, dtype: torch.dtype = torch.float32
    ) -> tuple[Tensor, Cache]:
        """Final hidden states (B, T, C) of `tokens` (B, T), which follow the positions in `cache`, and the cache that
        includes them.
        """
        config, start = self.config, cache[0][0].size(2) if cache else 0
        cos, sin = rotary_table(config.sequence_len, config.n_embd // config.n_head, tokens.device, dtype)
        rotary = cos[start : start + tokens.size(1)], sin[start : start + tokens.size(1)]
        x = rms_norm(self.embedding(tokens).to(dtype))  # (B, T, C)
        grown: Cache = []
        for i, block in enumerate(self.blocks):
            x, layer_cache = block(x, rotary, cache[i] if cache else None)
            grown.append(layer_cache)
        return rms_norm(x), grown

    def forward(
        self, tokens: Tensor, cache: Cache | None = None, dtype: torch.dtype = torch.float32
    ) -> tuple[Tensor, Cache]:
        """Logits (B, T, V) float32 for the token after each of `tokens` (B, T) int64, and the grown cache."""
        x, cache = self.hidden(tokens, cache, dtype)
        return softcap_(self.head(x).float(), self.config.softcap), cache

    def loss(self, tokens: Tensor, targets: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Mean cross-entropy in nats per token of `targets` (B, T) after `tokens` (B, T)."""
        x, _ = self.hidden(tokens, None, dtype)
        return capped_cross_entropy(x.flatten(0, 1), self.head.weight, targets.flatten(), self.config.softcap)
