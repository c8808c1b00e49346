"""A question about the library itself -> an answer from its list of documents, and from its index of words.

Known are: all documents, those of a type, of a folder or of a year, how many there are, the newest and the oldest,
those that hold some words, and one that is looked for by its name. Titles are listed, nothing is quoted. Filters that
leave no document are named. English.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from rag.answering.form import LOOKS_FOR, Form, listed_documents, titles
from rag.answering.refusal import no_document_fits
from rag.index.filters import stated_day, types
from rag.retrieval.naming import name_terms
from rag.seams import Snapshot
from rag.text.terms import terms, tokens
from rag.types import DocumentInfo, Filters

_MOST_PASSAGES = 1_000  # in which each word is looked for: a word that more passages hold tells no document apart
_RARE = 0.5  # of the highest weight of the words, from which a word must be in a document that mentions them
_ABOUT = re.compile(
    r"\b(?:mention\w*|about|on|regarding|concern\w*|discuss\w*|(?:talk|speak)s? of|deal\w* with|cover(?:s|ing)?"
    r"|contain\w*|refers? to)\s+(?P<what>[^?]+?)[\s.?!]*$",
    re.IGNORECASE,
)
# Words with which other documents are asked for than those that hold all words
_OTHERWISE = re.compile(r"\b(?:not|never|no|nor|without|except|or|either)\b|n't\b", re.IGNORECASE)
_MOST_WORDS = 8  # that are looked for
_NEWEST = re.compile(r"\b(?:newest|latest|most recent(?:ly)?|last)\b", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_OLDEST = re.compile(r"\b(?:oldest|earliest|first)\b", re.IGNORECASE)
_TYPES = {
    "word": ("docx", "doc", "odt", "rtf"),
    "spreadsheet": ("xlsx", "xls", "ods", "csv"),
    "excel": ("xlsx", "xls"),
    "email": ("eml", "msg"),
    "mail": ("eml", "msg"),
    "slide": ("pptx", "odp"),
    "present": ("pptx", "odp"),
    "powerpoint": ("pptx",),
}
# Words with which people ask for documents: a question that has others is about something else.
_OWN = frozenset(
    terms(
        "document documents docs file files paper papers text texts source sources material materials thing"
        " things content contents library collection index archive database folder list show give tell see have"
        " hold keep store stored available know name names title titles many number count total newest latest"
        " recent recently last most oldest earliest first old new add added upload uploaded load loaded read"
        " access here everything type kind sort format topic cover please want need can"
    )
)
_LOOKING = frozenset(terms("find open bring pull up get fetch show please document documents file files paper papers"))


def catalogue(text: str, snapshot: Snapshot, filters: Filters | None = None) -> Form | None:
    """The answer; None if the question asks for anything else of the library. `filters` are those of the snapshot."""
    documents = snapshot.documents()
    if not documents and filters is not None:
        return Form(remark=no_document_fits(filters), mode="catalogue")
    about = _ABOUT.search(text)
    if about and _OTHERWISE.search(text):
        return None
    if about:
        return _mentioning(about["what"], documents, snapshot)
    chosen = _chosen(frozenset(terms(text)), documents)
    if re.match(LOOKS_FOR, text, re.IGNORECASE) and (named := _named(frozenset(terms(text)) - _LOOKING, chosen)):
        return named
    if chosen.left:
        return None
    found = chosen.documents
    if dated := [info for info in found if stated_day(info)]:
        if _NEWEST.search(text):
            return _by_date(dated, "newest", max(map(_day, dated)))
        if _OLDEST.search(text):
            return _by_date(dated, "oldest", min(map(_day, dated)))
    return _listing(_count(len(found), chosen.of), found)


class _Chosen(NamedTuple):
    """The documents of the type, the folder and the year that a question names."""

    documents: list[DocumentInfo]
    of: str  # in words: " of that type", " in recipes", " of 2031"
    types: frozenset[str]  # terms of the question that say their type
    left: frozenset[str]  # terms of it that say something else


def _chosen(words: frozenset[str], documents: Sequence[DocumentInfo]) -> _Chosen:
    suffixes = {suffix for info in documents if (suffix := types(info)[0])}
    typed = {word: {*_TYPES.get(word, ()), *suffixes.intersection([word, word.removesuffix("s")])} for word in words}
    wanted = frozenset[str]().union(*typed.values())
    inside = {folder for folder in _folders(documents) if frozenset(terms(folder)) <= words}
    years = {word for word in words if _YEAR.fullmatch(word)}
    found = [
        info
        for info in documents
        if (not wanted or types(info)[0] in wanted)
        and (not inside or not inside.isdisjoint(info.id.split("/")[:-1]))
        and (not years or _day(info)[:4] in years)
    ]
    of = " of that type" * bool(wanted)
    of += f" in {' and '.join(sorted(inside))}" * bool(inside) + f" of {' and '.join(sorted(years))}" * bool(years)
    kinds = frozenset(word for word, found in typed.items() if found)
    return _Chosen(found, of, kinds, words - _OWN - kinds - years - frozenset(terms(" ".join(inside))))


def _folders(documents: Sequence[DocumentInfo]) -> set[str]:
    """The names of folders, but of those that hold all documents."""
    held = Counter(folder for info in documents for folder in set(info.id.split("/")[:-1]))
    return {folder for folder, number in held.items() if number < len(documents) and terms(folder)}


def _named(words: frozenset[str], chosen: _Chosen) -> Form | None:
    """The documents whose names, with their folders, hold all the words; None if there is none, or no word."""
    found = [info for info in chosen.documents if words <= name_terms(info) | chosen.types]
    if not found or words <= chosen.types:
        return None
    return _listing("This document has that name" if len(found) == 1 else "These documents have that name", found)


def every_document(documents: Sequence[DocumentInfo]) -> Form:
    """All documents, for a question that asks for an overview of the library."""
    return _listing(_count(len(documents)), documents)


def _mentioning(what: str, documents: Sequence[DocumentInfo], snapshot: Snapshot) -> Form | None:
    """The documents that hold the rare words of `what`, the best for all of them first, unless too many passages hold
    one of them for all to be known; None if the words say more than that."""
    by_term = {found[0]: word for word in tokens(what) if (found := terms(word))}
    if not by_term:
        return None
    weights = snapshot.term_weights(by_term)
    rare = [word for term, word in by_term.items() if weights[term] >= _RARE * max(weights.values())]
    if len(rare) > _MOST_WORDS:
        return None
    said = " and ".join(f'"{word}"' for word in rare)
    holders = [each for word in rare if (each := _holders(word, snapshot)) is not None]
    if len(holders) < len(rare):
        told = f"More than {_MOST_PASSAGES:,} passages hold {said}: ask for rarer words, or with a filter."
        return Form(remark=told, reason="unclear")
    order = {document: -score for document, score in (_holders(what, snapshot) or {}).items()}
    named = [info for info in documents if frozenset(terms(" ".join(rare))) <= name_terms(info)]
    held = [info for info in documents if info in named or all(info.id in one for one in holders)]
    held.sort(key=lambda info: (order.get(info.id, 0.0), info.id))
    if len(documents) == 1:
        return _listing(f"The only document {'holds' if held else 'does not hold'} {said}", held)
    if not held:
        line = f"None of the {len(documents):,} documents holds {said}." if documents else f"{_count(0)}."
        return Form(remark=line, mode="catalogue")
    hold = "hold" if len(held) > 1 else "holds"
    told = f"{len(held):,} of {len(documents):,} documents {hold} {said}"
    by_name = any(info in named and any(info.id not in one for one in holders) for info in held)
    return _listing(f"{told}, in {'their' if len(held) > 1 else 'its'} text or name" if by_name else told, held)


def _holders(words: str, snapshot: Snapshot) -> dict[str, float] | None:
    """The documents of the passages that hold any of the words, each with the score of its best one; None if there may
    be more of them."""
    scored = snapshot.lexical(words, _MOST_PASSAGES)
    if len(scored) == _MOST_PASSAGES:
        return None
    stored = snapshot.fetch([one.row for one in scored])
    found: dict[str, float] = {}
    for one, passage in zip(scored, stored, strict=True):
        found.setdefault(passage.passage.document_id, one.score)
    return found


def _by_date(documents: Sequence[DocumentInfo], which: str, day: str) -> Form:
    found = [info for info in documents if _day(info) == day]
    verb = "is" if len(found) == 1 else "are"
    by = "by the date that a document states, or else that of its file"
    if len(documents) == 1:
        return _listing(f"The only document with a date {verb} of {day}, {by}", found)
    return _listing(f"The {which} of {len(documents):,} {verb} of {day}, {by}", found)


def _listing(line: str, documents: Sequence[DocumentInfo]) -> Form:
    text = f"{line}:\n{titles(documents)}" if documents else f"{line}."
    return Form(remark=text, documents=listed_documents(documents), mode="catalogue")


def _count(number: int, of: str = "") -> str:
    if number == 1:
        return f"There is 1 document{of}"
    return f"There are {number:,} documents{of}" if number else f"There are no documents{of}"


def _day(info: DocumentInfo) -> str:
    return stated_day(info) or ""
