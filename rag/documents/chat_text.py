"""Chats that WhatsApp exports as text -> a line for each message, as those of JSON (chats.py).

In: the lines of a text. Out: blocks such as "Ann Miller, 05/03/2024 09:30: It turns.", or nothing if it is no chat.
Dates are shown as they are written: the file does not say if the day or the month comes first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.documents.blocks import Block, clean

DATE = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
TIME = r"\d{1,2}[:.]\d\d(?:[:.]\d\d)?(?:\s?[AaPp]\.?\s?[Mm]\.?)?"
WHEN = rf"(?:\[(?={DATE},?\s)|(?={DATE}[,،]))({DATE})[,،]?\s+({TIME})(?:\]|\s+-)\s+"
MESSAGE = re.compile(rf"\s*{WHEN}(?:([^:]{{1,80}}):(?:\s|$))?(.*)")
LEAST_MESSAGES = 0.3  # share of the lines that are not empty: messages have few lines
ENOUGH = 3  # messages with a sender


def chat_blocks(lines: Sequence[str]) -> list[Block]:
    """A block for each message; none if the lines are no chat."""
    filled = [line for line in lines if line.strip()]
    found = [MESSAGE.match(line) for line in filled]
    begun = sum(message is not None for message in found)
    named = sum(message is not None and message[3] is not None for message in found)
    if not found or found[0] is None or named < ENOUGH or begun < LEAST_MESSAGES * len(filled):
        return []
    texts: list[str] = []
    for line, message in zip(filled, found, strict=True):
        if message is None:
            texts[-1] += f"\n{line}"
        else:
            who = f"{message[3].strip()}, " if message[3] else ""
            texts.append(f"{who}{message[1]} {message[2]}: {message[4]}")
    return [Block(clean(text)) for text in texts]
