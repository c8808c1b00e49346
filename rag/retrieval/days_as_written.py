"""A question that names a day -> the same question with the day as the passages write it (pure).

"What happened on March 19, 2024?" is to find "2024-03-19". The search by words also looks for the other notations of
the day; when passages were found, the day is said as the best of them that holds it writes it, so that all that
compares question and passage afterwards sees the same words. Nothing changes for a question without a day.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.text.days import days_in, notations
from rag.types import Hit


def other_notations(text: str) -> str:
    """The usual notations of the days that the text names, to be searched for beside it."""
    return " ".join(form for dates in days_in(text).values() for iso in sorted(dates) for form in notations(iso))


def as_written(text: str, hits: Sequence[Hit]) -> str:
    """The text with each day in the notation of the first hit that names it; as it is, if a hit has it so."""
    for day, dates in days_in(text).items():
        found = [other for hit in hits for other, meant in days_in(_shown(hit)).items() if meant & dates]
        if found and day not in found:
            text = found[0].join(re.split(rf"(?<![\w.-]){re.escape(day)}(?!\w)", text))
    return text


def _shown(hit: Hit) -> str:
    return f"{hit.passage.title}\n{hit.passage.section or ''}\n{hit.passage.text}"
