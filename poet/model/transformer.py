"""The language model: token ids in, logits or a loss out. It knows nothing of text, files or training.

The preset `modern` is the block the speed records of 2024-26 converged on (modded-nanogpt, nanochat): RMSNorm before
each sublayer, rotary positions, normalised queries and keys, squared ReLU, no biases, output projections that start at
zero, soft-capped logits. `classic` is nanoGPT's.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from poet.model.layers import Block, KeyValues, Linear, make_norm, rms_norm, rotary_table
from poet.model.loss import capped_cross_entropy, softcap_
from poet.params.model import ModelConfig

# GPT-2's initial deviation (Radford et al. 2019).
NORMAL_INIT = 0.02


@dataclass
class Cache:
    """What the model remembers of one window while it grows: keys and values by layer, and for a yoke with state its
    activations (B, S, W), beside `state`, those of the window before.
    """

    layers: list[KeyValues]
    length: int = 0
    hidden: Tensor | None = None
    state: Tensor | None = None


class Transformer(nn.Module):
    """A decoder-only transformer after `config`, for `vocab_size` tokens; initialised from `generator` on the CPU."""

    def __init__(self, config: ModelConfig, vocab_size: int, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config
        self.vocab_size = vocab_size
        self.embedding = nn.Embedding(vocab_size, config.n_embd)
        learned = config.positions == "learned"
        self.positions = nn.Embedding(config.sequence_len, config.n_embd) if learned else None
        self.blocks: list[Block] = nn.ModuleList(Block(config, i) for i in range(config.n_layer))  # type: ignore[assignment]
        self.final_norm = make_norm(config)
        self.head = None if config.tied_head else Linear(config.n_embd, vocab_size)
        self._initialise(generator)

    @property
    def head_weight(self) -> Tensor:
        """The matrix (V, C) that turns hidden states into logits."""
        return self.embedding.weight if self.head is None else self.head.weight

    @property
    def carries_state(self) -> bool:
        return bool(self.config.yoke and self.config.yoke.state)

    def operations_per_token(self) -> int:
        """Multiplications and additions that training takes for a token: two forward and four backward per weight of
        a matrix, and per feature for each of the T/2 positions that attention looks at on average.
        """
        matrices = sum(parameter.numel() for parameter in self.blocks.parameters() if parameter.dim() == 2)  # type: ignore[attr-defined]
        attention = self.config.n_layer * self.config.n_embd * self.config.sequence_len
        return 6 * (matrices + self.head_weight.numel() + attention)

    @torch.no_grad()
    def _initialise(self, generator: torch.Generator) -> None:
        """With `zero`: embedding normal(1), matrices that read uniform of deviation 1/sqrt(C), matrices that write
        and the head zero, so that each block starts as the identity. With `normal`: all normal(0.02), those that write
        over sqrt(2 n_layer) (GPT-2). Biases zero, the gate of a yoke zero.
        """
        zero = self.config.init == "zero"
        wide = zero and not self.config.tied_head
        self.embedding.weight.normal_(0, 1.0 if wide else NORMAL_INIT, generator=generator)
        if self.positions is not None:
            self.positions.weight.normal_(0, NORMAL_INIT, generator=generator)
        bound = math.sqrt(3 / self.config.n_embd)
        for block in self.blocks:
            for matrix in (block.attention.qkv, block.mlp.up):
                if zero:
                    matrix.weight.uniform_(-bound, bound, generator=generator)
                else:
                    matrix.weight.normal_(0, NORMAL_INIT, generator=generator)
            for matrix in (block.attention.out, block.mlp.down):
                matrix.weight.normal_(0, NORMAL_INIT / math.sqrt(2 * self.config.n_layer), generator=generator)
                # A yoke without residual path would pass nothing on, and never learn to.
                if zero and not (block.yoke and not block.yoke.residual and matrix is block.mlp.down):
                    matrix.weight.zero_()
            if block.mlp.gate is not None:
                block.mlp.gate.weight.zero_()
        if self.head is not None:
            self.head.weight.normal_(0, NORMAL_INIT, generator=generator)
            if zero:
                self.head.weight.zero_()
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()

    def new_cache(self, batch: int, dtype: torch.dtype, state: Tensor | None = None) -> Cache:
        """An empty cache for `batch` sequences; `state` comes from the `hidden` of the window before."""
        device = self.embedding.weight.device
        layers = [KeyValues(batch, self.config, device, dtype) for _ in self.blocks]
        return Cache(layers=layers, state=state)

    def hidden(
        self, tokens: Tensor, cache: Cache | None, dtype: torch.dtype, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Final hidden states (B, T, C) of `tokens` (B, T), which follow the positions in `cache`, and the yoke's
        activations (B, T, W), if there is one with state. `cache` grows; `state` (B, T, W) is that of the window
        before.
        """
        config, start = self.config, cache.length if cache else 0
        end = start + tokens.size(1)
        x = F.embedding(tokens, self.embedding.weight).to(dtype)  # (B, T, C)
        rotary = None
        if self.positions is not None:
            x = x + self.positions.weight[start:end].to(dtype)
        else:
            cos, sin = rotary_table(config.sequence_len, config.head_width, tokens.device, dtype)
            rotary = cos[start:end], sin[start:end]
        if config.norm == "rms":
            x = rms_norm(x)
        if self.training and config.dropout:
            x = F.dropout(x, config.dropout)
        yoked = None
        for i, block in enumerate(self.blocks):
            gated = block.mlp.gate is not None
            x, activations = block(x, rotary, cache.layers[i] if cache else None, start, state if gated else None)
            yoked = activations if gated else yoked
        if cache:
            cache.length = end
        return self.final_norm(x), yoked

    def forward(
        self, tokens: Tensor, cache: Cache | None = None, dtype: torch.dtype = torch.float32, *, last: bool = False
    ) -> Tensor:
        """Logits (B, T, V) float32 for the token after each of `tokens` (B, T) int64; with `last` only those after the
        last one, (B, 1, V). `cache` grows by the T positions.
        """
        state = None
        if cache is not None and cache.state is not None:
            state = cache.state[:, cache.length : cache.length + tokens.size(1)]
        x, yoked = self.hidden(tokens, cache, dtype, state)
        if cache is not None and yoked is not None:
            cache.hidden = yoked if cache.hidden is None else torch.cat((cache.hidden, yoked), dim=1)
        x = x[:, -1:] if last else x
        logits = F.linear(x, self.head_weight.to(dtype)).float()
        return softcap_(logits, self.config.softcap) if self.config.softcap else logits

    def loss(
        self, tokens: Tensor, targets: Tensor, dtype: torch.dtype = torch.float32, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Mean cross-entropy in nats per token of `targets` (B, T) after `tokens` (B, T), and the yoke's activations
        (B, T, W), detached, for the window that follows.
        """
        x, yoked = self.hidden(tokens, None, dtype, state)
        loss = capped_cross_entropy(x.flatten(0, 1), self.head_weight, targets.flatten(), self.config.softcap)
        return loss, None if yoked is None else yoked.detach()
