"""An answer judged as a person who reads it would judge it, by its gold (pure).

The text itself must hold a right answer (one of each group), word for word but for case, marks and articles, and what
it cites must bear that out: a citation overlaps gold evidence or holds a right answer itself, or, if the gold has
neither, stands in a gold document. To a question whose right answer is yes or no, a text that begins with the one or
the other must begin with the right one; another must hold one of the further answers. Unlike in `squad.py`, 4.5 is not
45, 5 % not 5, and -3 not 3; 1,400 is 1400.

Right answers of more than `_LONGEST` words are what somebody wrote, not what an answer repeats: they are not compared.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from rag.evaluation.citations import can_be_judged, is_right
from rag.evaluation.record import Record

_LONGEST = 12
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_PERCENT = re.compile(r"\b(?:percent|per cent)\b")
_WORDS = re.compile(r"(?<![\w)])-?\d+(?:\.\d+)*|[%€$£¥]|\w+")
_ARTICLES = ("a", "an", "the")
_VERDICTS = ("yes", "no")


def as_read(record: Record, text: str) -> bool | None:
    """Tells if `text`, the answer without its marks, is right to a reader; None if no right answer is known that
    could be found in it. A refusal, which has no text, is wrong."""
    groups = [[one for one in group if len(_words(one)) <= _LONGEST] for group in record.answer_groups]
    if not groups or not all(groups):
        return None
    return _says(text, groups) and _is_borne_out(record)


def _says(text: str, groups: Sequence[Sequence[str]]) -> bool:
    said = _words(text)
    every = [words for group in groups for one in group if (words := _words(one))]
    verdicts = [words[0] for words in every if words in ([one] for one in _VERDICTS)]
    if not verdicts:
        return all(any(_holds(said, _words(one)) for one in group) for group in groups)
    if said[:1] and said[0] in _VERDICTS:
        return said[0] in verdicts
    return any(_holds(said, words) for words in every if words[0] not in _VERDICTS)


def _is_borne_out(record: Record) -> bool:
    cited = record.answer["citations"]
    if can_be_judged(record):
        return any(is_right(citation, record) for citation in cited)
    return not record.documents or any(citation["document_id"] in record.documents for citation in cited)


def _holds(said: Sequence[str], wanted: Sequence[str]) -> bool:
    """Tells if the words stand in `said` one after another."""
    return bool(wanted) and any(
        said[at : at + len(wanted)] == wanted for at in range(len(said) - len(wanted) + 1) if said[at] == wanted[0]
    )


def _words(text: str) -> list[str]:
    """The text as it is compared.

    >>> _words("The loss: −4.5 per cent of 1,400 euros.")
    ['loss', '-4.5', '%', 'of', '1400', 'euros']
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace("−", "-")
    plain = _PERCENT.sub("%", _THOUSANDS.sub("", plain))
    return [word for word in _WORDS.findall(plain) if word not in _ARTICLES]
