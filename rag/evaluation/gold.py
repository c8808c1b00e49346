"""Gold as a file of questions names it -> documents and characters of an index.

A document is named by its id in the index or by its stem: "row-7" is "corpus/row-7.txt". Evidence is a string that
stands in one of the gold documents, letter by letter, or else by its letters and digits alone, since readers of files
join lines and white space. Gold that cannot be located is an error: dropping it would make every figure too good.
A right answer that no gold document words, such as a free summary or a "yes", is kept aside: no citation can show it.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import NamedTuple

from rag.errors import InputError
from rag.evaluation.record import GoldEvidence, GoldPlace, GoldQuestion
from rag.evaluation.squad import normalise
from rag.seams import Snapshot

_NAMED = 3  # problems that the error names
_SHOWN = 60  # characters of evidence in it
_VERDICTS = frozenset(["", "yes", "no", "maybe"])  # every document has the word, none states the answer by it
_KEPT_TEXTS = 64  # documents whose letters are remembered: questions on one document stand together


class Gold(NamedTuple):
    """The gold of one question, in the index."""

    documents: tuple[str, ...]
    evidence: tuple[GoldEvidence, ...]
    worded: tuple[str, ...]  # the right answers that stand in one of the documents; all if the file names none


def locate(questions: Iterable[GoldQuestion], snapshot: Snapshot, index: str) -> dict[str, Gold]:
    """The gold of each question that has an answer, by id of the question.

    Raises `InputError` that names the documents and the evidence that are not in the index.
    """
    find = _finder([info.id for info in snapshot.documents()])
    text_of = lru_cache(maxsize=_KEPT_TEXTS)(lambda name: snapshot.document(name).text)
    located: dict[str, Gold] = {}
    problems: list[str] = []
    for question in questions:
        if question.answerable is False:
            continue
        found = [(name, find(name)) for name in question.documents]
        problems += [f"question {question.id!r}: {_no_document(name, ids)}" for name, ids in found if len(ids) != 1]
        documents = tuple(dict.fromkeys(ids[0] for _, ids in found if len(ids) == 1))
        evidence = tuple(GoldEvidence(text, _places(text, documents, text_of)) for text in question.evidence)
        if len(documents) == len(set(question.documents)):  # else they are missed for want of their document
            problems += [_no_place(question.id, item.text, documents) for item in evidence if not item.places]
        located[question.id] = Gold(documents, evidence, _worded(question, documents, text_of))
    if problems:
        more = f"; and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
        raise InputError(f"gold is not in index {index!r}: {'; '.join(problems[:_NAMED])}{more}", "questions")
    return located


def find_all(text: str, wanted: str) -> list[tuple[int, int]]:
    """The places, half-open, of `wanted` in `text`: exact ones, else those of the same letters and digits.

    >>> find_all("It cost\\n1,400 pounds.", "cost 1,400 Pounds")
    [(3, 20)]
    """
    if exact := _occurrences(text, wanted):
        return [(at, at + len(wanted)) for at in exact]
    letters, offsets = _letters(text)
    sought, _ = _letters(wanted)
    return [(offsets[at], offsets[at + len(sought) - 1] + 1) for at in _occurrences(letters, sought)]


def _finder(ids: Sequence[str]) -> Callable[[str], list[str]]:
    whole = set(ids)
    by_stem: dict[str, list[str]] = defaultdict(list)
    for name in ids:
        by_stem[PurePosixPath(name).stem].append(name)
    return lambda name: [name] if name in whole else by_stem.get(name, [])


def _places(text: str, documents: Sequence[str], text_of: Callable[[str], str]) -> tuple[GoldPlace, ...]:
    return tuple(GoldPlace(name, start, end) for name in documents for start, end in find_all(text_of(name), text))


def _worded(question: GoldQuestion, documents: Sequence[str], text_of: Callable[[str], str]) -> tuple[str, ...]:
    every = dict.fromkeys([*question.answers, *(answer for group in question.answer_groups for answer in group)])
    stated = [answer for answer in every if normalise(answer) not in _VERDICTS]
    if not question.documents:
        return tuple(stated)
    texts = [f" {_normalised(text_of(name))} " for name in documents]
    return tuple(answer for answer in stated if any(f" {normalise(answer)} " in text for text in texts))


def _occurrences(text: str, wanted: str) -> list[int]:
    found = []
    at = text.find(wanted) if wanted else -1
    while at >= 0:
        found.append(at)
        at = text.find(wanted, at + 1)
    return found


@lru_cache(maxsize=_KEPT_TEXTS)
def _normalised(text: str) -> str:
    return normalise(text)


@lru_cache(maxsize=_KEPT_TEXTS)
def _letters(text: str) -> tuple[str, list[int]]:
    """The letters and digits of the text in one case, and the offset in it that each comes from."""
    kept: list[str] = []
    offsets: list[int] = []
    for at, character in enumerate(text):
        for letter in unicodedata.normalize("NFKC", character).casefold():
            if letter.isalnum():
                kept.append(letter)
                offsets.append(at)
    return "".join(kept), offsets


def _no_document(name: str, ids: Sequence[str]) -> str:
    if not ids:
        return f"there is no document {name!r}, by id or by name without its ending"
    return f"{name!r} may be {' or '.join(map(repr, ids[:_NAMED]))}: give the whole id"


def _no_place(question: str, evidence: str, documents: Sequence[str]) -> str:
    shown = evidence if len(evidence) <= _SHOWN else f"{evidence[:_SHOWN]}…"
    where = " or ".join(map(repr, documents[:_NAMED])) if documents else "any gold document, for it names none"
    return f"question {question!r}: its evidence {shown!r} does not stand in {where}"
