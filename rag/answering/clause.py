"""A question for a numbered part of a document ("What does clause 2.2 say?") -> that part, quoted whole.

A part begins with a line that its number opens, such as "2.2 The rent is due ..." or the heading "3. Pets", and ends
before the next number that is none of its own. The documents are those of the passages that were found; if several of
them have such a part and the question names none, each is quoted. English words for parts, any language besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.answering.extract import MOST_SENTENCES, with_lines
from rag.answering.form import Form
from rag.answering.lists import without_marker
from rag.answering.parts import Part, quoted
from rag.answering.rows import LookUp
from rag.checking.faithfulness import VERBATIM
from rag.retrieval.naming import file_words
from rag.retrieval.question import Question
from rag.text.terms import terms
from rag.types import Evidence, Hit, StoredDocument

_PART = r"clauses?|sections?|sec\.?|articles?|art\.?|paragraphs?|para\.?|rules?|chapters?|parts?|§{1,2}"
_NAMED = re.compile(rf"(?<!\w)(?:{_PART})\s*(?P<number>\d{{1,3}}(?:\.\d{{1,3}})*)(?![\d.]*\d)", re.IGNORECASE)
_LINE = re.compile(rf"^[ \t]*(?:(?:{_PART})\s*)?(?P<number>\d{{1,3}}(?:\.\d{{1,3}})*)[.):]?(?=\s|$)", re.I | re.M)
_SAYS = frozenset(
    terms("say says state states stated read reads mean contain contains content contents text tell tells cover quote")
)
_BEGINNING = 80  # characters
_MOST_DOCUMENTS = 3


def clause(question: Question, hits: Sequence[Hit], stored: LookUp) -> Form | None:
    """The part whose number the question names; None if it asks for more than what the part says, or if no document
    has such a part."""
    named = _NAMED.search(question.text)
    if named is None:
        return None
    asked = frozenset(terms(_NAMED.sub(" ", question.text))) - _SAYS
    titles = {hit.passage.document_id: hit.passage.title for hit in hits}
    documents = [(id_, of) for id_ in titles if (of := stored(id_)) and asked <= _names(of)]
    found = [(id_, parts) for id_, of in documents if (parts := with_lines(list(_parts(of, named["number"]))))][
        :_MOST_DOCUMENTS
    ]
    if not found:
        return None
    if len(found) == 1:
        return Form(tuple(found[0][1]))
    said: list[Part] = []
    for number, (id_, (first, *others)) in enumerate(found):
        line = "\n" if number else ""
        said += [first._replace(before=f"{line}{titles[id_]}: "), *others]
    return Form(tuple(said))


def _names(stored: StoredDocument) -> frozenset[str]:
    """The words by which a document can be named: its title, its file's name and its beginning."""
    document = stored.document
    return frozenset(terms(f"{document.title} {file_words(document.id)} {document.text[:_BEGINNING]}"))


def _parts(stored: StoredDocument, number: str) -> Iterator[Part]:
    """The sentences of the part, the first ones of a long one."""
    text = stored.document.text
    lines = list(_LINE.finditer(text))
    begin = next((at for at, line in enumerate(lines) if line["number"] == number), None)
    if begin is None:
        return
    own = f"{number}."
    ends = (line.start() for line in lines[begin + 1 :] if not line["number"].startswith(own))
    start, end = lines[begin].start(), next(ends, len(text))
    said = 0
    for passage in (one.passage for one in stored.passages):
        for first, last in passage.sentences:
            if start <= first and last <= end and said < MOST_SENTENCES:
                words = passage.text[first - passage.start : last - passage.start]
                evidence = Evidence(1, passage, first, last, words, 0.0)
                yield quoted(evidence, without_marker(words) if said else 0, len(words), VERBATIM)
                said += 1
