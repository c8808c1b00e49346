"""Reader model: a BERT encoder in plain torch with heads for spans, relevance, yes/no and claims."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

VOCABULARY = 30522
WIDTH = 384
HEADS = 12
INNER = 1536
POSITIONS = 512


class Outputs(NamedTuple):
    """Logits of all heads for a batch of pairs."""

    start: Tensor  # (batch, tokens)
    end: Tensor  # (batch, tokens)
    yesno: Tensor  # (batch, 3): yes, no, neither
    claim: Tensor  # (batch, 3): supported, contradicted, unsupported
    relevance: Tensor  # (batch,)


class Embeddings(nn.Module):
    """Sum of word, position and the first token type's embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(VOCABULARY, WIDTH)
        self.position_embeddings = nn.Embedding(POSITIONS, WIDTH)
        self.token_type_embeddings = nn.Embedding(2, WIDTH)
        self.LayerNorm = nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, ids: Tensor) -> Tensor:
        places = torch.arange(ids.shape[1], device=ids.device)
        total = self.word_embeddings(ids) + self.position_embeddings(places) + self.token_type_embeddings.weight[0]
        return self.LayerNorm(total)


class SelfAttention(nn.Module):
    """Multi-head attention, without its output layer."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH)
        self.value = nn.Linear(WIDTH, WIDTH)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        batch, tokens, _ = states.shape

        def split(layer: nn.Linear) -> Tensor:
            return layer(states).view(batch, tokens, HEADS, WIDTH // HEADS).transpose(1, 2)

        query, key, value = split(self.query), split(self.key), split(self.value)
        scores = (query * (WIDTH // HEADS) ** -0.5) @ key.transpose(2, 3) + bias.to(query.dtype)
        mixed = scores.softmax(-1) @ value
        return mixed.transpose(1, 2).reshape(batch, tokens, WIDTH)


class Output(nn.Module):
    """Linear layer, residual and norm."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(width, WIDTH)
        self.LayerNorm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, before: Tensor) -> Tensor:
        return self.LayerNorm(self.dropout(self.dense(states)) + before)


class Attention(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.self = SelfAttention()
        self.output = Output(WIDTH, dropout)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        return self.output(self.self(states, bias), states)


class Intermediate(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(WIDTH, INNER)

    def forward(self, states: Tensor) -> Tensor:
        return functional.gelu(self.dense(states))


class Layer(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(dropout)
        self.intermediate = Intermediate()
        self.output = Output(INNER, dropout)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        attended = self.attention(states, bias)
        return self.output(self.intermediate(attended), attended)


class Encoder(nn.Module):
    def __init__(self, layers: int, dropout: float) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer(dropout) for _ in range(layers))


class Bert(nn.Module):
    """Encoder whose parameters are named as in the usual BERT files."""

    def __init__(self, layers: int, dropout: float) -> None:
        super().__init__()
        self.embeddings = Embeddings()
        self.encoder = Encoder(layers, dropout)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        bias = (1.0 - mask[:, None, None, :].float()) * -1e4
        states = self.embeddings(ids)
        if torch.is_autocast_enabled("cpu"):
            states = states.to(torch.get_autocast_dtype("cpu"))  # half the memory to move between layers
        for layer in self.encoder.layer:
            states = layer(states, bias)
        return states


class Reader(nn.Module):
    """Encoder with all heads."""

    def __init__(self, layers: int = 12, dropout: float = 0.05) -> None:
        super().__init__()
        self.b = Bert(layers, dropout)
        self.span = nn.Linear(WIDTH, 2)
        self.nli = nn.Linear(WIDTH, 3)
        self.yesno = nn.Linear(WIDTH, 3)
        self.relevance = nn.Linear(WIDTH, 1)

    def forward(self, ids: Tensor, mask: Tensor) -> Outputs:
        states = self.b(ids, mask)
        first = states[:, 0]
        span = self.span(states).float() + (1.0 - mask.float())[..., None] * -1e4
        return Outputs(
            span[..., 0],
            span[..., 1],
            self.yesno(first).float(),
            self.nli(first).float(),
            self.relevance(first).float()[:, 0],
        )


def layers_of(names: Iterable[str]) -> int:
    """The number of layers of the encoder whose weights have these names."""
    return 1 + max(int(name.split(".")[3]) for name in names if name.startswith("b.encoder.layer."))
