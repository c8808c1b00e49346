"""Blocks of a document or passage, and links of a document <-> the JSON that both stores keep of them (pure)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rag.types import BlockKind, BlockSpan, LinkSpan

_LETTERS: dict[BlockKind, str] = {"heading": "h", "prose": "p", "list": "l", "table": "t", "code": "c"}
_KINDS = {letter: kind for kind, letter in _LETTERS.items()}


def packed(blocks: Sequence[BlockSpan], base: int = 0) -> str:
    """The blocks as JSON; places count from `base`, so that those of a passage do not change where it moves.

    >>> packed([BlockSpan(100, 120, "table", (100, 107)), BlockSpan(122, 130, "prose")], 100)
    '[["t",0,20,0,7],["p",22,30]]'
    """
    from rag.text.structure import moved  # not at the top, since opening an index needs the rest

    placed = (moved(block, -base) for block in blocks)
    rows = [[_LETTERS[kind], start, end, *(header or ())] for start, end, kind, header in placed]
    return json.dumps(rows, separators=(",", ":"))


def unpacked(stored: str | None, base: int = 0) -> tuple[BlockSpan, ...]:
    """The blocks that `packed` made the JSON of; none if an earlier version of this program stored nothing."""
    from rag.text.structure import moved

    return tuple(
        moved(BlockSpan(start, end, _KINDS[letter], tuple(header) if header else None), base)
        for letter, start, end, *header in json.loads(stored or "[]")
    )


def packed_links(links: Sequence[LinkSpan]) -> str:
    """The links as JSON.

    >>> packed_links([LinkSpan(4, 8, "https://mill.example/form")])
    '[[4,8,"https://mill.example/form"]]'
    """
    return json.dumps(links, ensure_ascii=False, separators=(",", ":"))


def unpacked_links(stored: str | None) -> tuple[LinkSpan, ...]:
    """The links that `packed_links` made the JSON of; none if nothing was stored."""
    return tuple(LinkSpan(*each) for each in json.loads(stored or "[]"))
