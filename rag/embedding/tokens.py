"""A tokenizer and a text -> the places of the tokens, without the memory that the tokenizer takes for a long text.

The tokenizers library keeps some 600 bytes for a token of the text that it is given, so a text is given to it in
slices that end at white space, where no token of a word ends. Needs the tokenizers library and nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rag.text.encodable import encodable

SLICE = 100_000  # characters


def read_tokenizer(file: Path) -> Any:
    """The tokenizer in a file of the tokenizers library, without limits of length. Raises what that library raises."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def token_spans(tokenizer: Any, text: str) -> list[tuple[int, int]]:
    """The place of each token in `text`, in characters; special tokens are left out."""
    text = encodable(text)
    found: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        end = _end(text, start)
        offsets = tokenizer.encode(text[start:end], add_special_tokens=False).offsets
        found += [(start + left, start + right) for left, right in offsets if right > left]
        start = end
    return found


def _end(text: str, start: int) -> int:
    """The end of the slice from `start` on: the first white space behind so many characters, or the end of the text."""
    ends = [end for space in (" ", "\n") if (end := text.find(space, start + SLICE)) >= 0]
    return min(ends, default=len(text))
