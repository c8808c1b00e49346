"""Lists in a text: the whole enumeration around a span, and the items beside a list item (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from rag.text.terms import STOP_WORDS
from rag.types import Evidence, Sentence

_BREAK = re.compile(r"\s*[,;]\s*(?:and\s+|or\s+|as well as\s+)?|\s+(?:and|or|as well as)\s+")
_ITEM_WORDS = 6  # longest item of an enumeration, in words; longer text between two commas is a clause
_WITHIN_ITEMS = frozenset({"a", "an", "the", "of", "his", "her", "its", "their"})
_MARKER = re.compile(r"(?:[-*•–]|\d{1,3}[.)]|[a-z][.)])\s+")
_CLAUSE_END = re.compile(r"[.:;()]")


def whole_enumeration(text: str, start: int, end: int) -> tuple[int, int]:
    """Grow `start..end` over the items that are joined to it by commas, "and" or "or"; offsets of `text`.

    >>> text = "It sells apples, plums and ripe pears, which travel badly."
    >>> begin, end = whole_enumeration(text, 17, 22)
    >>> text[begin:end]
    'apples, plums and ripe pears'
    """
    if not _closes_list(text):
        return start, end
    left_limit = max((match.end() for match in _CLAUSE_END.finditer(text, 0, start)), default=0)
    right_limit = next((match.start() for match in _CLAUSE_END.finditer(text, end)), len(text))
    return _grow_left(text, start, end, left_limit), _grow_right(text, end, right_limit)


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


def _closes_list(text: str) -> bool:
    """True if the sentence joins things by "and", "or" or "as well as"."""
    return bool(re.search(r"\b(?:and|or|as well as)\b", text))


def _grow_right(text: str, end: int, limit: int) -> int:
    while (match := _BREAK.match(text, end, limit)) and match.end() > end:
        following = _BREAK.search(text, match.end(), limit)
        stop = following.start() if following else limit
        item = text[match.end() : stop]
        closing = bool(re.search(r"\b(?:and|or|as well as)\b", match.group()))
        more = bool(following) or closing
        words = item.split()
        if not words or not more or _is_clause(words) or (len(words) > _ITEM_WORDS and not closing):
            break
        end = match.end() + _item_length(item) if closing else match.end() + len(item.rstrip())
        if closing:
            break
    return end


def _grow_left(text: str, start: int, end: int, limit: int) -> int:
    breaks = [match for match in _BREAK.finditer(text, limit, start) if match.end() <= start]
    while breaks and breaks[-1].end() == start:
        closing = breaks.pop()
        begin = breaks[-1].end() if breaks else _head(text, limit, closing.start(), text[start : start + 1].isupper())
        words = text[begin : closing.start()].split()
        if not words or len(words) > _ITEM_WORDS or _is_clause(words):
            break
        start = begin
    return start


def _head(text: str, limit: int, stop: int, capital: bool) -> int:
    """The start of the first item, which no separator marks: at its capitalised words, or at its last word."""
    words: Sequence[re.Match[str]] = list(re.finditer(r"\S+", text[limit:stop]))
    if not words:
        return stop
    begin = len(words) - 1
    while capital and begin and words[begin - 1].group()[0].isupper():
        begin -= 1
    return limit + words[begin].start()


def _item_length(text: str) -> int:
    """The length in characters of the last item, which no separator ends: up to a preposition or verb that continues
    the sentence."""
    length = 0
    for number, word in enumerate(re.finditer(r"\S+", text)):
        if number == _ITEM_WORDS or (number and word.group().lower() in STOP_WORDS - _WITHIN_ITEMS):
            break
        length = word.end()
    return length


def _is_clause(words: Sequence[str]) -> bool:
    """True for a relative clause or a new main clause, which is no item of a list."""
    return words[0].lower() in {
        "which",
        "who",
        "whom",
        "where",
        "when",
        "while",
        "but",
        "he",
        "she",
        "it",
        "they",
        "this",
    }
