"""A question that asks for two things -> a question for each (pure).

Two forms are known: a second question behind "and" ("Who owns the ferry, and when does it leave?"), and two phrases
that begin with the same preposition ("What is the fee for adults and for children?"). Everything else is one question.
English only.
"""

from __future__ import annotations

import re

_PREPOSITION = r"for|at|in|on|of|from|to|by|with|within|under|during|before|after|until|since"
_ASKS = r"what|which|who|whom|whose|when|where|why|how"
_SECOND = re.compile(
    rf"^(?P<first>.+?),?\s+and\s+(?P<second>(?:(?:{_PREPOSITION})\s+)?(?:{_ASKS})\b.+)$", re.IGNORECASE
)
_PHRASES = re.compile(
    rf"^(?P<head>.+?)\s(?P<one>(?P<word>{_PREPOSITION})\s[^,;?]+?),?\s+and\s+(?P<two>(?P=word)\s[^,;?]+\??)$",
    re.IGNORECASE,
)
_OPEN = re.compile(rf"\b(?:{_ASKS})$", re.IGNORECASE)  # "when and where": one question
_BEGINS = re.compile(rf"^(?:(?:{_PREPOSITION})\s+)?(?:{_ASKS})\b", re.IGNORECASE)
_FEWEST = 3  # words of a question
_LEAD = re.compile(r"^[^:?.!]{1,60}:\s+")  # "For the diary: when ..."


def questions_in(text: str) -> tuple[str, ...]:
    """The two questions, or the text itself.

    >>> questions_in("What is the fee for adults and for children?")
    ('What is the fee for adults?', 'What is the fee for children?')
    >>> questions_in("Who owns the ferry, and when does it leave?")
    ('Who owns the ferry?', 'when does it leave?')
    """
    lead = found[0] if (found := _LEAD.match(text)) else ""
    return tuple(f"{lead}{part}" for part in _parts(text.removeprefix(lead)))


def _parts(text: str) -> tuple[str, ...]:
    if not _BEGINS.match(text):
        return (text,)
    if found := _SECOND.match(text):
        first, second = found["first"], found["second"]
        if not _OPEN.search(first) and min(len(first.split()), len(second.split())) >= _FEWEST:
            return f"{first.rstrip('?')}?", second
    if (found := _PHRASES.match(text)) and len(found["head"].split()) >= _FEWEST:
        return f"{found['head']} {found['one']}?", f"{found['head']} {found['two']}"
    return (text,)
