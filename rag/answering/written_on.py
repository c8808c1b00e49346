"""An answer that says when only from the day on which it was written ("yesterday") -> that day, said behind it (pure).

English only. What a document states as its own date counts; the day of a file may be that of a copy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from rag.answering.parts import Composed
from rag.types import Citation

_ASKS_WHEN = re.compile(
    r"\b(?:when|what (?:day|date|time)|which (?:day|date)|how (?:long|soon|recently))\b", re.IGNORECASE
)
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_DATE = r",?\s+(?:the\s+)?(?:\d|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_COUNT = r"(?:\d+|an?|two|three|few)"
_FROM_THEN = re.compile(
    r"\b(?:yesterday|today|tomorrow|tonight"
    rf"|(?:last|next|this) (?:night|morning|evening|week|weekend|month|year|{_WEEKDAY})|on {_WEEKDAY}(?!{_DATE})"
    rf"|{_COUNT} (?:days?|weeks?|months?) ago|in {_COUNT} (?:days?|weeks?))\b",
    re.IGNORECASE,
)


def written_on(question: str, composed: Composed) -> str:
    """The remark that tells on which day the quoted words were written; empty if they say when by themselves, if the
    question does not ask when, or if their documents state no day or several."""
    if not _ASKS_WHEN.search(question):
        return ""
    quoted = [one for one in composed.citations if _FROM_THEN.search(one.quote)]
    days = _days(quoted)
    if not quoted or len(days) != 1 or any(one.as_of_origin != "document" for one in quoted):
        return ""
    day = date.fromisoformat(days.pop())
    return f"\nIt was written on {day:%A}, {day.day} {day:%B %Y}."


def _days(citations: Sequence[Citation]) -> set[str]:
    """The whole days, in ISO, of the documents that state one."""
    return {one.as_of for one in citations if one.as_of and len(one.as_of) == len("2025-10-14")}
