"""The description of a picture, as its file gives it to those who do not see it -> the line that stands for it.

In: the description. Out: "Image: A wheel in the river", empty if nobody described the picture: names of files, what
programs make up, and single words. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.documents.blocks import Block, one_line

MARK = "Image: "
LEAST_WORDS = 2
GENERATED = re.compile(
    r"(?:description automatically generated(?: with \w+ confidence)?|automatically generated description"
    r"|ai-generated content may be incorrect|automatisch generierte beschreibung)\.?",
    re.IGNORECASE,
)
FILE = re.compile(r"(?<!\S)\S+\.(?:png|jpe?g|gif|svg|webp|bmp|tiff?|emf|wmf)\b|https?://\S+|data:\S+", re.IGNORECASE)
WORD = re.compile(r"(?<!\S)[^\w\s]*[^\W\d_]{2,}(?!\S*_)\S*")
LOGO = re.compile(r"\blogo(?:type)?\b", re.IGNORECASE)
LONGEST_LOGO = 40  # characters of what only says whose logo it is


def described(text: str | None) -> str:
    """The line for a picture with this description."""
    words = one_line(FILE.sub("", GENERATED.sub("", text or ""))).strip()
    if len(WORD.findall(words)) < LEAST_WORDS or (LOGO.search(words) and len(words) <= LONGEST_LOGO):
        return ""
    return f"{MARK}{words}"


def without_repetitions(blocks: Sequence[Block]) -> list[Block]:
    """The blocks without descriptions that the block before or behind them says too, as a caption does."""
    said = [_letters(block.text.removeprefix(MARK)) for block in blocks]
    return [
        block
        for place, block in enumerate(blocks)
        if not block.text.startswith(MARK)
        or not any(said[place] in other for other in (*said[max(0, place - 1) : place], *said[place + 1 : place + 2]))
    ]


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))
