"""The language model: token ids in, logits or a loss out. It knows nothing of text, files or training.

The preset `modern` is the block that the speed records of 2024-26 converged on (modded-nanogpt, nanochat): RMSNorm
before each sublayer, rotary positions, normalised queries and keys, squared ReLU, no biases, output projections that
start at zero, soft-capped logits. `classic` is the block of nanoGPT.

Shapes are named as in `poet.model.layers`: B sequences, T new positions, S positions so far, C = n_embd, W = MLP width;
V = vocab_size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from poet.model.dropout import dropout
from poet.model.layers import Block, KeyValues, Linear, make_norm, rms_norm
from poet.model.loss import capped_cross_entropy, loss_of_chunk, softcap_
from poet.model.rotary import rotary_table
from poet.params.model import ModelConfig

# GPT-2's standard deviation of initial weights (Radford et al. 2019).
NORMAL_INIT = 0.02


@dataclass
class Cache:
    """What the model remembers of the window that it is in: `length` positions so far.

    `layers` are the keys and values of each layer. A yoke with state also needs its own hidden activations `hidden`
    (B, S, W), which the next window will read, and `state` (B, sequence_len, W), those of the tokens one window before.
    """

    layers: list[KeyValues]
    length: int = 0
    hidden: Tensor | None = None
    state: Tensor | None = None


def _empty_embedding(rows: int, width: int) -> nn.Embedding:
    """A vector for each of `rows` ids, not drawn yet. torch's own constructor draws all of them, to no use.

    To draw on the device meta, torch imports its compiler. The import takes longer than to load a model.
    """
    empty: nn.Embedding = nn.Embedding.from_pretrained(torch.empty(rows, width), freeze=False)  # type: ignore[no-untyped-call]
    return empty


class Transformer(nn.Module):
    """A decoder-only transformer after `config` for `vocab_size` tokens; `generator` (on the CPU) draws its weights.

    Without a generator the weights mean nothing until they are loaded.
    """

    def __init__(self, config: ModelConfig, vocab_size: int, generator: torch.Generator | None) -> None:
        super().__init__()
        self.config = config
        self.vocab_size = vocab_size
        # The names of these parts are the keys of the weights file: to rename one makes older models unreadable.
        # A vector for each token, and for each position unless the positions are rotary.
        self.embedding = _empty_embedding(vocab_size, config.n_embd)
        learned = config.positions == "learned"
        self.positions = _empty_embedding(config.sequence_len, config.n_embd) if learned else None
        self.blocks: list[Block] = nn.ModuleList(Block(config, i) for i in range(config.n_layer))  # type: ignore[assignment]
        self.final_norm = make_norm(config)
        # A tied head is the embedding matrix itself (Press & Wolf 2017, arXiv 1608.05859).
        self.head = None if config.tied_head else Linear(config.n_embd, vocab_size)
        # What computes the loss of a few rows. A training may put a compiled one in its place.
        self.loss_of_chunk = loss_of_chunk
        # Finished models of the same vocabulary whose mean prediction this one learns from, beside the text itself. A
        # training puts them here; they are no part of the model.
        self.teachers: Sequence[Transformer] = ()
        if generator is not None:
            self._initialise(generator)

    @property
    def head_weight(self) -> Tensor:
        """The matrix (V, C) that turns hidden states into logits."""
        return self.embedding.weight if self.head is None else self.head.weight

    @property
    def carries_state(self) -> bool:
        """Whether hidden activations of one window enter the next (a yoke with state)."""
        return bool(self.config.yoke and self.config.yoke.state)

    @property
    def can_forget(self) -> bool:
        """Whether a full cache can go on without its oldest positions.

        Learned positions cannot move. Activations of a yoke with state belong to the window that they were made in.
        """
        return self.positions is None and not self.carries_state

    def flops_per_token(self) -> int:
        """Floating-point operations of training on one token (as in Chowdhery et al. 2022, arXiv 2204.02311, app. B).

        Each weight of a matrix takes a multiplication and an addition forward and twice that backward: 6. Attention
        takes 6 per feature for the query-key product and 6 for the weighted sum of values, at each of the T/2 positions
        that a token sees on average: 6 C T per layer.
        """
        # Matrices have two axes; norms and biases have one, and their cost does not count.
        matrices = sum(parameter.numel() for parameter in self.blocks.parameters() if parameter.dim() == 2)  # type: ignore[attr-defined]
        attention = self.config.n_layer * self.config.n_embd * self.config.sequence_len
        # Looking up an embedding is no multiplication; the head is one, also where it is the same matrix.
        return 6 * (matrices + self.head_weight.numel() + attention)

    @torch.no_grad()
    def _initialise(self, generator: torch.Generator) -> None:
        """Draw the weights after `config.init`.

        `zero`: the embedding is normal with deviation 1, the matrices that read the residual stream are uniform with
        deviation 1/sqrt(C), the matrices that write to it and the head are zero. Each block then starts as the
        identity, and all tokens start with the same probability. (A tied head cannot be zero: deviation 0.02.)

        `normal`: everything is normal with deviation 0.02, the matrices that write with 0.02 / sqrt(2 n_layer), so that
        the sum of all writes has about the deviation of one (GPT-2).

        Biases and the gate of a yoke start at zero.
        """
        zero = self.config.init == "zero"
        # A tied embedding is also the head: with deviation 1 its logits would start far too large.
        wide = zero and not self.config.tied_head
        self.embedding.weight.normal_(0, 1.0 if wide else NORMAL_INIT, generator=generator)
        if self.positions is not None:
            self.positions.weight.normal_(0, NORMAL_INIT, generator=generator)
        for block in self.blocks:
            self._initialise_block(block, generator)
        if self.head is not None:
            self.head.weight.normal_(0, NORMAL_INIT, generator=generator)
            if zero:
                self.head.weight.zero_()
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()

    def _initialise_block(self, block: Block, generator: torch.Generator) -> None:
        zero = self.config.init == "zero"
        # The matrices that read the residual stream. A uniform distribution on [-b, b] has deviation b / sqrt(3).
        bound = math.sqrt(3 / self.config.n_embd)
        for matrix in (block.attention.qkv, block.mlp.up):
            if zero:
                matrix.weight.uniform_(-bound, bound, generator=generator)
            else:
                matrix.weight.normal_(0, NORMAL_INIT, generator=generator)
        # The matrices that write to it, two in each layer. They are drawn even where they become zero, so that the
        # generator goes on from the same place and a seed keeps its weights.
        for matrix in (block.attention.out, block.mlp.down):
            matrix.weight.normal_(0, NORMAL_INIT / math.sqrt(2 * self.config.n_layer), generator=generator)
        if zero:
            block.attention.out.weight.zero_()
            # A yoke without residual path keeps its matrix: with zeros it would pass nothing on, and never learn to.
            if block.yoke is None or block.yoke.residual:
                block.mlp.down.weight.zero_()
        if block.mlp.gate is not None:
            block.mlp.gate.weight.zero_()

    def new_cache(self, batch: int, dtype: torch.dtype, state: Tensor | None = None) -> Cache:
        """An empty cache for `batch` sequences; `state` as in `Cache`."""
        device = self.embedding.weight.device
        layers = [KeyValues(batch, self.config, device, dtype) for _ in self.blocks]
        return Cache(layers=layers, state=state)

    def forget(self, cache: Cache, count: int) -> None:
        """Drop the first `count` positions of `cache`; all others move to the front. Needs `can_forget`.

        What is kept was computed while the dropped positions were there, so it still carries something of them
        (a rolling cache as in Mistral 7B, Jiang et al. 2023, arXiv 2310.06825).
        """
        config = self.config
        device, dtype = cache.layers[0].keys.device, cache.layers[0].keys.dtype
        cos, sin = rotary_table(config.sequence_len, config.head_width, device, dtype)
        for layer in cache.layers:
            # Keys are stored turned by the angle of their position. The angle of `count` backward, sine negative, turns
            # each by as many positions to the front.
            layer.drop(count, cache.length, (cos[count], -sin[count]))
        cache.length -= count

    def hidden(
        self, tokens: Tensor, cache: Cache | None, dtype: torch.dtype, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Final hidden states (B, T, C) of `tokens` (B, T) int64, computed in `dtype`, and the yoke's activations.

        `tokens` follow the positions in `cache`, which grows by them. `state` (B, T, W) is the activations of a yoke
        with state in the window before; those of this window, (B, T, W), are the second result, None without such a
        yoke.
        """
        config, start = self.config, cache.length if cache else 0
        end = start + tokens.size(1)
        # The residual stream: a vector for each position, to which every block adds.
        x = F.embedding(tokens, self.embedding.weight).to(dtype)  # (B, T) -> (B, T, C)
        # Positions enter once, as a learned vector, or in every attention, as a rotation.
        rotary = None
        if self.positions is not None:
            x = x + self.positions.weight[start:end].to(dtype)  # (B, T, C) + (T, C)
        else:
            cos, sin = rotary_table(config.sequence_len, config.head_width, tokens.device, dtype)
            rotary = cos[start:end], sin[start:end]  # (T, 1, D/2) each
        # Each block normalises its input, but adds to the stream as it is. So the stream starts at size 1 (nanochat).
        if config.norm == "rms":
            x = rms_norm(x)
        if self.training and config.dropout:
            x = dropout(x, config.dropout)
        yoke_hidden = None
        for i, block in enumerate(self.blocks):
            # Only a yoke with state has a gate, and only its activations are needed later.
            has_gate = block.mlp.gate is not None
            layer_cache = cache.layers[i] if cache else None
            x, activations = block(x, rotary, layer_cache, start, state if has_gate else None)  # (B, T, C), (B, T, W)
            yoke_hidden = activations if has_gate else yoke_hidden
        if cache:
            cache.length = end
        return self.final_norm(x), yoke_hidden  # (B, T, C)

    def forward(
        self, tokens: Tensor, cache: Cache | None = None, dtype: torch.dtype = torch.float32, *, first: int = 0
    ) -> Tensor:
        """Logits (B, T - first, V) float32 for the token after each of `tokens` (B, T) int64 from the position `first`
        on: -1 for the token after the last one only, which is all that generation needs.

        `cache` grows by the T positions.
        """
        # Position t reads the activations that position t had in the window before.
        state = None
        if cache is not None and cache.state is not None:
            state = cache.state[:, cache.length : cache.length + tokens.size(1)]  # (B, sequence_len, W) -> (B, T, W)
        x, yoke_hidden = self.hidden(tokens, cache, dtype, state)  # (B, T, C), (B, T, W)
        # The activations of all S positions of a window are kept for the next window.
        if cache is not None and yoke_hidden is not None:
            earlier = [] if cache.hidden is None else [cache.hidden]
            cache.hidden = torch.cat((*earlier, yoke_hidden), dim=1)  # (B, S - T, W) and (B, T, W) -> (B, S, W)
        # The head is often the largest matrix: one position instead of T saves nearly all of its work on a prompt.
        logits = F.linear(x[:, first:], self.head_weight.to(dtype)).float()  # x (C, V) -> (B, T - first, V)
        return softcap_(logits, self.config.softcap) if self.config.softcap else logits

    def loss(
        self,
        tokens: Tensor,
        targets: Tensor,
        dtype: torch.dtype = torch.float32,
        state: Tensor | None = None,
        gradient_scale: float = 1.0,
    ) -> tuple[Tensor, Tensor | None]:
        """Mean cross-entropy of predicting `targets` (B, T) from `tokens` (B, T) int64, in nats per token: a scalar.

        The second result is the yoke's activations (B, T, W), without gradient, as `state` of the window that follows;
        None without a yoke with state. Gradients are multiplied by `gradient_scale`, and lead
        towards the prediction of `teachers` as well, if there are any (see `capped_cross_entropy`).
        """
        x, yoke_hidden = self.hidden(tokens, None, dtype, state)  # (B, T, C), (B, T, W)
        # All positions of all sequences become one list of N = B T predictions: (B, T, C) -> (N, C), (B, T) -> (N,).
        # Hidden states and head go in, not logits: those are computed chunk by chunk.
        loss = capped_cross_entropy(
            x.flatten(0, 1),
            self.head_weight,
            targets.flatten(),
            self.config.softcap,
            gradient_scale,
            self.loss_of_chunk,
            self._taught(tokens, dtype),
        )
        return loss, None if yoke_hidden is None else yoke_hidden.detach()

    @torch.no_grad()
    def _taught(self, tokens: Tensor, dtype: torch.dtype) -> list[tuple[Tensor, Tensor]]:
        """The final hidden states (N, C) of each teacher for `tokens` (B, T) int64, and its head (V, C)."""
        return [
            (teacher.hidden(tokens, None, dtype)[0].flatten(0, 1), teacher.head_weight.to(dtype))
            for teacher in self.teachers
        ]
