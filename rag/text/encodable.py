"""A text -> the same text in characters that can be written as UTF-8 (pure).

JSON can name half a character (`"\\ud800"`), which no tokenizer takes and no file can hold.
"""

from __future__ import annotations


def encodable(text: str) -> str:
    """The text with a question mark in the place of each half of a character, so that all places stay.

    >>> encodable("a \\ud800 b")
    'a ? b'
    """
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
