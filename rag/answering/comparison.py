"""A question that compares two things -> what the documents say of each, side by side, and no conclusion.

Two documents that the question names are given by the sentences that differ in a figure (`changed.py`), or each in
outline, unless it asks about a thing in them. Two subjects ("the ferry and the bridge"), or two documents and a thing,
become a question each, which goes the ordinary way within its document.
Nothing is compared here: that is left to the person. English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from rag.answering.changed import REMARK, changed_sentences
from rag.answering.choose import Chosen, evidence, sentences_around
from rag.answering.extract import sentence_parts
from rag.answering.form import Form, listed_documents, which
from rag.answering.outline import SENTENCES, outline
from rag.answering.parts import Part
from rag.retrieval.naming import NamedDocuments, name_terms, named_documents
from rag.retrieval.search import coverage
from rag.text.structure import block_at
from rag.text.terms import terms
from rag.types import DocumentInfo, Passage, StoredDocument

NO_CONCLUSION = "\nThese are the places in the documents, side by side; no conclusion is drawn from them."
_TWO = "Two documents or subjects are compared at a time. Ask for two of them."
_SENTENCES = 3  # that are quoted of each subject: the one that is found, and those that follow it
_SHARE = 0.5  # of a subject's words, by weight, that a passage about it holds
_COMPARED = re.compile(
    r"\b(?:compare|contrast|(?:differences?|changed?|changes) (?:between|from)|distinguish(?:es)?)"
    r"\s+(?P<both>[^?]+?)[\s.?!]*$",
    re.IGNORECASE,
)
_BORDERS = (r",?\s+and\s+", r"\s+(?:versus|vs\.?|against|compared (?:to|with))\s+", r"\s+(?:with|to)\s+")
_PREPOSITION = re.compile(r"(?:for|at|in|on|of|from|to|by|with|under|during|before|after)\b", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:the|an?|our|my|your)\s+", re.IGNORECASE)


_LISTED = re.compile(r",\s?(?:and\s)?|;\s?|\sand\s", re.IGNORECASE)  # of a question, which has single spaces
_NO_SUBJECT = re.compile(r"(?:inc|ltd|llc|co|corp|plc|gmbh)\.?|[\W\d]*|(?:which|who|where|that|as)\b.*", re.IGNORECASE)


class Side(NamedTuple):
    """One of the two subjects; `document` is the id of the only one to be read for it, None for all."""

    subject: str
    document: str | None

    @property
    def question(self) -> str:
        """The question that is asked of it."""
        return f"What is {self.subject}?"


def comparison(text: str, documents: Sequence[DocumentInfo], stored: Callable[[str], StoredDocument]) -> Form | None:
    """The outlines of the two documents that the question names; None if it does not, or asks about a thing in them."""
    found = named_documents(text, documents)
    if len(found.documents) != 2 and _several(text):
        return Form(remark=_TWO, documents=listed_documents(found.candidates), reason="unclear")
    if not found.asked and len(documents) > 1:  # "Compare all documents."
        found = found._replace(documents=tuple(documents) if len(documents) == 2 else (), candidates=tuple(documents))
    if len(found.documents) != 2 and (each := _named_each(text, documents)):
        found = found._replace(documents=each, topic=frozenset())
    if _subjects(text) is None and not _both_named(found):  # "the two letters of the club", one of which is a menu
        return which(found.candidates, "two documents are") if found.candidates else None
    if len(found.documents) != 2 or found.topic:
        two_subjects = (
            "," not in text and sides(text, documents) is not None
        )  # "the ferry and the pier", each in many files
        several = len(found.candidates) > 2 and not found.topic and not two_subjects
        return which(found.candidates, "two documents are") if several else None
    both = [stored(info.id) for info in found.documents]
    if pairs := changed_sentences(found.documents, *both):
        return Form(pairs, REMARK, listed_documents(found.documents))
    one, two = (outline(document, SENTENCES // 2)[0] for document in both)
    if not (one and two):  # a document of headings alone
        return None
    first, second = (
        parts[0]._replace(before=f"{info.title} ({info.id}){(parts[0].before or '').removeprefix(info.title)}")
        for info, parts in zip(found.documents, (one, two), strict=True)
    )
    second = second._replace(before=f"\n\n{second.before}")
    return Form((first, *one[1:], second, *two[1:]), NO_CONCLUSION, listed_documents(found.documents))


def sides(text: str, documents: Sequence[DocumentInfo]) -> tuple[Side, Side] | None:
    """The two subjects that are compared; None if they cannot be told apart.

    >>> [side.subject for side in sides("Compare travel by ferry and by train.", []) or ()]
    ['travel by ferry', 'travel by train']
    """
    if (subjects := _subjects(text)) is None:
        return None
    one, two = _completed(*subjects)
    return _side(one, documents), _side(two, documents)


def _subjects(text: str) -> tuple[str, str] | None:
    """The words for the two that are compared; None if they are not two."""
    compared = _COMPARED.search(text)
    for border in _BORDERS if compared else ():
        subjects = re.split(border, compared["both"], flags=re.IGNORECASE) if compared else []
        if len(subjects) == 2:
            return subjects[0], subjects[1]
    return None


def _named_each(text: str, documents: Sequence[DocumentInfo]) -> tuple[DocumentInfo, ...]:
    """The two documents if each of the two subjects names one of them, and nothing else ("the lease and the rent
    letter"); else none."""
    found = [named_documents(subject, documents) for subject in _subjects(text) or ()]
    infos = tuple(one.documents[0] for one in found if len(one.documents) == 1 and not one.topic)
    return infos if len({info.id for info in infos}) == 2 else ()


def _both_named(found: NamedDocuments) -> bool:
    """True if each of the documents has all the words in its name by which documents can be named."""
    return all(found.asked - found.topic <= name_terms(info) for info in found.documents)


def side_parts(side: Side, chosen: Chosen, first: bool) -> list[Part]:
    """The sentence that was found for a subject, and those that follow it in its block and in prose."""
    around = sentences_around(chosen)
    block = block_at(chosen.passage, around[-1].start)
    after = []
    for place in chosen.passage.sentences:
        if place.start >= around[-1].end:
            of = block_at(chosen.passage, place.start)
            if of != block and (of is None or of.kind != "prose"):
                break
            after.append(place)
    around += [evidence(chosen, start, end) for start, end in after[:_SENTENCES]]
    parts = sentence_parts(chosen, around[:_SENTENCES])
    return [parts[0]._replace(before=f"{'' if first else chr(10)}- {side.subject}: "), *parts[1:]]


def speaks_of(weights: Mapping[str, float], passage: Passage, text: str) -> bool:
    """True if a text of the passage, with its title and headings, holds the subject's words, of which these are the
    weights: at least half of them by weight."""
    held = frozenset(terms(f"{passage.document_id}\n{passage.title}\n{passage.section or ''}\n{text}"))
    return bool(weights) and coverage(held.intersection(weights), weights) >= _SHARE


def _several(text: str) -> bool:
    """True if more than two subjects are listed to be compared."""
    compared = _COMPARED.search(text)
    parts = _LISTED.split(compared["both"]) if compared else []
    return sum(not _NO_SUBJECT.fullmatch(part.strip()) for part in parts) > 2


def _completed(one: str, two: str) -> tuple[str, str]:
    """The subjects, each with what only the other says: "travel by ferry", "by train"; "salt", "fresh water"."""
    if (preposition := _PREPOSITION.match(two)) and (at := re.search(rf"\s{preposition[0]}\s", one)):
        return one, f"{one[: at.start()]} {two}"
    alone, last = _ARTICLE.sub("", one), two.split()[-1]
    if " " not in alone and not alone.endswith("s") and len(_ARTICLE.sub("", two).split()) == 2 and last.islower():
        return f"{one} {last}", two
    return one, two


def _side(subject: str, documents: Sequence[DocumentInfo]) -> Side:
    found = named_documents(subject, documents).documents
    return Side(subject, found[0].id if len(found) == 1 else None)
