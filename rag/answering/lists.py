"""Lists of lines in a passage: the items beside one of them, or behind the line that announces them (pure)."""

from __future__ import annotations

import re
from itertools import takewhile

from rag.types import Evidence, Sentence

_MARKER = re.compile(r"(?:[-*•–]|\d{1,3}[.)]|[a-z][.)])\s+")


def list_items(evidence: Evidence) -> list[Sentence]:
    """The items of the list that the evidence is an item of, or introduces; empty if there is none."""
    passage = evidence.passage
    if announces_list(evidence.text):
        following = [sentence for sentence in passage.sentences if sentence.start >= evidence.end]
        return list(takewhile(lambda item: _MARKER.match(passage.text[item.start - passage.start :]), following))
    if not _MARKER.match(evidence.text):
        return []
    items: list[Sentence] = []
    found = False
    for sentence in passage.sentences:
        text = passage.text[sentence.start - passage.start : sentence.end - passage.start]
        joined = not items or "\n\n" not in passage.text[items[-1].end - passage.start : sentence.start - passage.start]
        if _MARKER.match(text) and joined:
            items.append(sentence)
        elif _MARKER.match(text) or not joined:
            if found:
                break
            items = [sentence] if _MARKER.match(text) else []
        found = found or sentence.start == evidence.start
    return items if found else []


def announces_list(text: str) -> bool:
    """True if this line introduces a list ("Passengers bring:")."""
    return text.rstrip().endswith(":")


def without_marker(text: str) -> int:
    """The number of characters that the bullet or number of a list item takes.

    >>> without_marker("- flour"), without_marker("flour")
    (2, 0)
    """
    match = _MARKER.match(text)
    return match.end() if match else 0
