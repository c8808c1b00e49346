"""A question -> the documents that it names (pure).

A document is named by words of its file's name or of its title. The file's name counts without folder and suffix;
two words of the question may be one of the name ("Foot Locker", FOOTLOCKER). At least half of the question's words must
be those of the documents, so that a question about a thing is not taken for one about the document that shares a word
with it. Words that stand for any document ("report", "file") and those that ask ("summarise", "compare") do not count.
Does not read the documents.
"""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from rag.text.terms import terms
from rag.types import CREATED, DocumentInfo, Passage

_SHARE = 0.5  # of the question's words that the documents' names hold: "annual" and "reports" are in no AMAZON_2017_10K
_OF_ANY = frozenset(
    terms(
        "document documents doc docs documentation file files text paper papers report reports collection library"
        " libraries everything all whole content contents thing things page pages pdf licence license version copy"
        " edition summarise summarize summary summaries sum outline overview gist tl dr tldr main key central important"
        " point points topic idea ideas message short brief briefly quick long detailed one two both paragraph sentence"
        " sentences bullet give show tell write make get want need please kindly let know say said explain describe"
        " compare comparison contrast difference differences differ different change changed changes new old between"
        " versus vs against annual quarterly monthly filing filings"
    )
)
_APART = re.compile(r"[\W_]+")
_IN_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])\b")


class NamedDocuments(NamedTuple):
    """The documents that a question names; `candidates` are those that it may mean if it is not clear which."""

    documents: tuple[DocumentInfo, ...]
    candidates: tuple[DocumentInfo, ...]
    asked: frozenset[str]  # terms of the question by which documents can be named
    topic: frozenset[str]  # those of them that are in no name of the documents


class _Match(NamedTuple):
    info: DocumentInfo
    found: frozenset[str]
    whole: int  # how many of its names, the file's and the title, the question holds whole


def named_documents(text: str, documents: Sequence[DocumentInfo]) -> NamedDocuments:
    """The document that the text names, or the two of which it names each as well as the other."""
    words = [word for word in terms(text) if word not in _OF_ANY]
    asked = frozenset(words)
    matches = [match for match in (_match(words, info) for info in documents) if match.found]
    most = max((len(match.found) for match in matches), default=0)
    best = [match for match in matches if len(match.found) == most]
    if most == len(asked) and best:
        fullest = max(match.whole for match in best)
        best = [match for match in best if match.whole == fullest]
    found = frozenset[str]().union(*(match.found for match in best))
    infos = tuple(match.info for match in best)
    if not asked or len(found) < _SHARE * len(asked):
        return NamedDocuments((), (), asked, asked)
    return NamedDocuments(infos if len(infos) <= 2 else (), infos, asked, asked - found)


def _match(words: Sequence[str], info: DocumentInfo) -> _Match:
    names = [frozenset(terms(name)) - _OF_ANY for name in (file_words(info.id), _APART.sub(" ", info.title))]
    held = names[0] | names[1] | _month(info)
    pairs = zip(words, words[1:], strict=False)
    joined = [pair for pair in pairs if "".join(pair) in held]
    found = held.intersection(words).union(*joined)
    return _Match(info, found, sum(bool(name) and name <= found for name in names))


def _month(info: DocumentInfo) -> frozenset[str]:
    """The month of the document's own date: "Foot Locker's 8-K of August 2022"."""
    day = info.metadata.get(CREATED, "")
    return frozenset(terms(month_name[int(day[5:7])])) if _IN_MONTH.match(day) else frozenset()


def with_file_name(passage: Passage, asked: frozenset[str]) -> Passage:
    """The passage, with the words of its file's name behind its title if one of them is among the terms `asked` that
    the passage, its title and its headings lack: "toms physio" in `letter-tom.docx`."""
    words = file_words(passage.document_id)
    meant = asked.intersection(terms(words))
    if not meant or meant <= frozenset(terms(f"{passage.title}\n{passage.section or ''}\n{passage.text}")):
        return passage
    return replace(passage, title=f"{passage.title} ({words})" if passage.title else words)


def name_terms(info: DocumentInfo) -> frozenset[str]:
    """The terms of a document's title, of its file's name and of the folders above it."""
    return frozenset(terms(_APART.sub(" ", f"{info.title} {info.id}")))


def file_words(document_id: str) -> str:
    """The words of the file's name: "minutes/club_2024.txt" -> "club 2024"."""
    name = document_id.rpartition("/")[2]
    return _APART.sub(" ", name.rpartition(".")[0] or name)
