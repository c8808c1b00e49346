"""Blocks of a document or passage <-> the JSON that both stores keep of them (pure)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rag.types import BlockKind, BlockSpan

_LETTERS: dict[BlockKind, str] = {"heading": "h", "prose": "p", "list": "l", "table": "t", "code": "c"}
_KINDS = {letter: kind for kind, letter in _LETTERS.items()}


def packed(blocks: Sequence[BlockSpan], base: int = 0) -> str:
    """The blocks as JSON; places count from `base`, so that those of a passage do not change where it moves.

    >>> packed([BlockSpan(100, 120, "table", 107)], 100)
    '[["t",0,20,7]]'
    """
    rows = [
        [_LETTERS[kind], start - base, end - base, header_end - base if header_end else 0]
        for start, end, kind, header_end in blocks
    ]
    return json.dumps(rows, separators=(",", ":"))


def unpacked(stored: str | None, base: int = 0) -> tuple[BlockSpan, ...]:
    """The blocks that `packed` made the JSON of; none if an earlier version of this program stored nothing."""
    return tuple(
        BlockSpan(base + start, base + end, _KINDS[letter], base + header_end if header_end else 0)
        for letter, start, end, header_end in json.loads(stored or "[]")
    )
