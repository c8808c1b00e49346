"""A question that asks for two things -> a question for each (pure).

Three forms are known: a second question behind "and" ("Who owns the ferry, and when does it leave?"), two phrases that
begin with the same preposition, or with one of place each ("What is the fee for adults and for children?", "on the
ferry and at the pier"), and such phrases behind two names ("What does Corran charge for bread and Ardgour for milk?").
Everything else is one question. English only.
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
_NAME = r"(?:the\s)?[A-Z][\w&.'’-]*(?:\s[A-Z][\w&.'’-]*){0,5}"
_OTHER = re.compile(rf"(?P<name>{_NAME})\s(?P<phrase>(?P<word>{_PREPOSITION})\s[^,;?]+\??)$")
_ONE = re.compile(
    rf"\s(?:do|does|did|is|are|was|were|will|would|has|have|had|can|must|should)\s(?P<name>{_NAME})\s(?=\S)"
)
_YES_NO = r"is|are|was|were|do|does|did|has|have|had|can|could|may|will|would|should|must"
_ALSO = re.compile(
    rf"^(?P<first>.+?),?\s+and\s+(?P<second>(?:{_YES_NO})\s(?:it|they|he|she|I|we|there|the)\b.+)$", re.IGNORECASE
)
_PLACES = re.compile(
    r"^(?P<head>.+?)\s(?P<one>(?:at|in|on)\s[^,;?]+?),?\s+and\s+(?P<two>(?:at|in|on)\s[^,;?]+\??)$", re.IGNORECASE
)
_OPEN = re.compile(rf"\b(?:{_ASKS})$", re.IGNORECASE)  # "when and where": one question
_BEGINS = re.compile(rf"^(?:(?:{_PREPOSITION})\s+)?(?:{_ASKS})\b", re.IGNORECASE)
_BEGINS_YES_NO = re.compile(rf"^(?:{_YES_NO})\b", re.IGNORECASE)
_FEWEST = 3  # words of a question
_LEAD = re.compile(r"^[^:?.!]{1,60}:\s+")  # "For the diary: when ..."


def questions_in(text: str) -> tuple[str, ...]:
    """The two questions, or the text itself.

    >>> questions_in("What is the fee for adults and for children?")
    ('What is the fee for adults?', 'What is the fee for children?')
    >>> questions_in("Who owns the ferry, and when does it leave?")
    ('Who owns the ferry?', 'when does it leave?')
    >>> questions_in("What does Corran charge for bread and Ardgour for milk?")
    ('What does Corran charge for bread?', 'What does Ardgour charge for milk?')
    """
    lead = found[0] if (found := _LEAD.match(text)) else ""
    return tuple(f"{lead}{part}" for part in _parts(text.removeprefix(lead)))


def _parts(text: str) -> tuple[str, ...]:
    asks = _BEGINS.match(text)
    if not asks and not _BEGINS_YES_NO.match(text):
        return (text,)
    if found := _SECOND.match(text) or _ALSO.match(text):
        first, second = found["first"], found["second"]
        if not _OPEN.search(first) and min(len(first.split()), len(second.split())) >= _FEWEST:
            return f"{first.rstrip('?')}?", second
    if not asks:
        return (text,)
    if two := _with_names(text):
        return two
    if (found := _PHRASES.match(text) or _PLACES.match(text)) and len(found["head"].split()) >= _FEWEST:
        return f"{found['head']} {found['one']}?", f"{found['head']} {found['two']}"
    return (text,)


def _with_names(text: str) -> tuple[str, ...]:
    """The questions about each of two names, if each has a phrase with the same preposition; else none."""
    first, _, rest = text.rpartition(" and ")
    other, one = _OTHER.match(rest), _ONE.search(first)
    if other is None or one is None:
        return ()
    verb, preposition, _ = first[one.end() :].rpartition(f" {other['word']} ")
    if not verb or not preposition:
        return ()
    return f"{first.rstrip(',')}?", f"{first[: one.start('name')]}{other['name']} {verb} {other['phrase']}"
