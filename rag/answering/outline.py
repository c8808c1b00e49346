"""A whole document -> its outline, quoted: its title, its headings in order, and a sentence for each part.

The sentence that stands for a part is near to the mean of all of its sentences and to the question, by the vectors that
the index holds, and early: people say first what a part is about. Long documents with many headings are taken by their
upper ones, and a text without headings is cut into parts of equal length, so that an outline has `SENTENCES` sentences
at most, and fewer for a short text. Parts without a whole sentence are left out. No text is made up and no
model is asked. Time and memory are those of reading the document's passages once.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rag.answering.catalogue import every_document
from rag.answering.form import Form, listed_documents, which
from rag.answering.lists import without_marker
from rag.answering.parts import Part, quoted
from rag.checking.faithfulness import VERBATIM
from rag.retrieval.naming import NamedDocuments, named_documents
from rag.retrieval.question import Question
from rag.text.structure import block_at
from rag.text.terms import terms
from rag.types import CELL_SEPARATOR, BlockSpan, DocumentInfo, Evidence, Passage, Section, StoredDocument, Vectors

SENTENCES = 12  # of an outline: a page; a person who wants more opens the document
_FEWEST = 3  # parts of a short text, if it has as many sentences
_EACH = 3  # sentences of a text without headings for which one stands
_WORDS = (6, 60)  # of a sentence that can stand for others; shorter ones are labels, longer ones run-on tables
_LEANS = re.compile(
    r"(?:this|that|these|those|it|its|they|their|he|his|she|her|such|here|there|however|but|and|or|also|so|then|again|"
    r"otherwise|instead|therefore|accordingly|thus|hence|moreover|furthermore|additionally|similarly|likewise|"
    r"nevertheless|unless|finally|examples?|for (?:example|instance)|in addition|as such|in (?:this|that|such))\b",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"""[.!?\u2026]["')\]\u2019\u201d*]*$"""
)  # a sentence, not an item of a list or a line that announces one
_LEANING = 0.1  # of cosine that a sentence loses which begins with a word that leans on the one before, or is not whole
_LEAD = 0.15  # of cosine that the first sentence under a heading has before others, half of it the second, and so on
_ABOUT = 0.2  # of the cosine with the question, beside that with the mean
_SUMMARIES = ("description", "summary", "abstract", "excerpt")  # fields of a text's head in which its author sums it up
_LINK = "]("  # as Markdown writes it
_TAG = "{%"  # of a template
_FILLED_IN = re.compile(r"\(.*\)\W*$|[☐☑☒✓✔✗]|[^.!?]{1,60}: [(+]?\d[\d ()/-]{5,}\W*$", re.DOTALL)  # lines of a form
_LIBRARY = re.compile(
    r"\b(?:everything|documentation|library|collection|documents|files|papers|(?:them|it) all)\b", re.IGNORECASE
)
_PATH = " > "
_FEW = 5  # candidates that are read to find which one a topic belongs to
_TWICE = 2.0


class StoredSentence(NamedTuple):
    """A sentence of a document that can be quoted alone, with its vector."""

    passage: Passage
    start: int
    end: int
    vector: Vectors

    @property
    def text(self) -> str:
        """Words of the document, in the order of the text."""
        return self.passage.text[self.start - self.passage.start : self.end - self.passage.start]


class _Part(NamedTuple):
    """A part of a document, of one sentence at least; the heading is empty if it goes on with the part before."""

    heading: str
    sentences: Sequence[StoredSentence]


def summary(
    question: Question, vector: Vectors, documents: Sequence[DocumentInfo], stored: Callable[[str], StoredDocument]
) -> Form | None:
    """The outline of the document that the question names, or of the only one; if it may mean several, those. None if
    it names none and asks about a thing."""
    found = named_documents(question.text, documents)
    if not found.asked and question.carried:  # "summarise it"
        found = named_documents(question.standalone, documents)
    meant = found.documents if len(found.documents) == 1 else _of_topic(found, stored)
    if meant or (len(documents) == 1 and not found.asked):
        (info,) = meant or documents
        parts, left_out = outline(stored(info.id), about=vector)
        return Form(parts, _remark(left_out), listed_documents([info])) if parts else None
    if found.candidates or not found.asked:
        if _LIBRARY.search(question.text):
            return every_document(documents)
        return which(found.candidates or documents, "document is") if documents else None
    return None


def _of_topic(found: NamedDocuments, stored: Callable[[str], StoredDocument]) -> Sequence[DocumentInfo]:
    """The one of a few candidates that speaks of the question's topic, in a share of its passages that is twice that of
    each other one: "the key points of Acme's annual meeting". Empty if there is none."""
    if not found.topic or not 2 <= len(found.candidates) <= _FEW:
        return ()
    shares = []
    for info in found.candidates:
        passages = stored(info.id).passages
        speak = sum(found.topic <= set(terms(one.passage.text)) for one in passages)
        shares.append((speak / max(1, len(passages)), info))
    (second, _), (first, info) = sorted(shares, key=lambda one: one[0])[-2:]
    return (info,) if first > 0 and first >= _TWICE * second else ()


def outline_of(name: str, documents: Sequence[DocumentInfo], stored: Callable[[str], StoredDocument]) -> Form | None:
    """The outline of the document of that title, id or file; None if there is none, or several."""
    wanted = name.casefold().rstrip("?!. ")
    found = [info for info in documents if wanted in _names(info)]
    parts, left_out = outline(stored(found[0].id)) if len(found) == 1 else ((), 0)
    return Form(parts, _remark(left_out), listed_documents(found)) if parts else None


def _names(info: DocumentInfo) -> set[str]:
    return {info.title.casefold(), info.id.casefold(), info.id.rpartition("/")[2].casefold()}


def outline(
    stored: StoredDocument, most: int = SENTENCES, about: Vectors | None = None
) -> tuple[tuple[Part, ...], int]:
    """The parts of the outline, `most` at most, and the number of parts of the document for which none stands. `about`
    is the vector of the question that it answers."""
    sections = _level(stored.document.sections, most)
    parts = _enough(_readable(list(_parts(stored, sections))), most)
    chosen = _central_parts(parts, most)
    said: list[Part] = []
    for number, part in enumerate(chosen):
        title = f"{stored.document.title}\n" if number == 0 else "\n"
        heading = "" if part.heading == stored.document.title else part.heading.rstrip(".:")
        said.append(quoted_alone(_central(part, about), f"{title}- {heading}{': ' if heading else ''}"))
    return tuple(said), len(parts) - len(chosen)


def _remark(left_out: int) -> str:
    rest = f", {left_out:,} parts left out" if left_out else ""
    return f"\nThis is quoted from the document: a sentence for each part, in its order{rest}."


def _level(sections: Sequence[Section], most: int) -> list[Section]:
    """The sections down to the deepest level at which there are not more than `most`; of more at every level, those of
    the first level that has several."""
    several: list[Section] = []
    for depth in range(1 + max((section.path.count(_PATH) for section in sections), default=0)):
        level = [section for section in sections if section.path.count(_PATH) <= depth]
        if len(level) > most:
            return several or level
        several = level if len(level) > 1 else []
    return several or list(sections)


def _parts(stored: StoredDocument, sections: Sequence[Section]) -> Iterator[_Part]:
    """The parts that begin at the sections, and the one before the first."""
    starts = [section.start for section in sections]
    grouped: dict[int, list[StoredSentence]] = {}
    for sentence in standing_alone(stored):
        grouped.setdefault(bisect_right(starts, sentence.start), []).append(sentence)
    for number, sentences in sorted(grouped.items()):
        heading = sections[number - 1].path.rpartition(_PATH)[2] if number else ""
        yield _Part(heading, sentences)


def standing_alone(stored: StoredDocument) -> list[StoredSentence]:
    """The sentences of the document's prose and lists that can stand alone; all of them if there are none."""
    every: dict[int, StoredSentence] = {}
    prose: dict[str, StoredSentence] = {}
    fields = stored.document.metadata
    for _, passage, embedding in stored.passages:
        for (start, end), vector in zip(passage.sentences, embedding.sentences, strict=True):
            sentence = StoredSentence(passage, start, end, vector)
            every[start] = sentence
            words = len(sentence.text.split())
            if _WORDS[0] <= words <= _WORDS[1] and _reads_alone(block_at(passage, start), sentence.text, fields):
                prose.setdefault(sentence.text, sentence)  # what is repeated on each page counts once
    return list(prose.values()) or list(every.values())


def _reads_alone(block: BlockSpan | None, text: str, fields: Mapping[str, str]) -> bool:
    if block is None or block.kind not in ("prose", "list") or CELL_SEPARATOR in text or _TAG in text:
        return False
    if _FILLED_IN.match(text):
        return False
    name = text.partition(": ")[0].lower()
    return name not in fields or name in _SUMMARIES


def _readable(parts: list[_Part]) -> list[_Part]:
    """The parts that have a whole sentence, if these are enough for an outline; else all."""
    readable = [part for part in parts if any(_WHOLE.search(sentence.text) for sentence in part.sentences)]
    return readable if len(readable) >= _FEWEST else parts


def _enough(parts: list[_Part], most: int) -> list[_Part]:
    """The parts, of which the longest are halved until there is one for each `_EACH` sentences."""
    count = sum(len(part.sentences) for part in parts)
    wanted = min(most, max(_FEWEST, count // _EACH), count)
    while len(parts) < wanted:
        number = max(range(len(parts)), key=lambda number: len(parts[number].sentences))
        heading, sentences = parts[number]
        half = (len(sentences) + 1) // 2
        parts[number : number + 1] = [_Part(heading, sentences[:half]), _Part("", sentences[half:])]
    return parts


def _central_parts(parts: list[_Part], most: int) -> list[_Part]:
    """The `most` parts nearest to the mean of all, in order."""
    if len(parts) <= most:
        return parts
    means = np.stack([mean_of(part.sentences) for part in parts])
    near = means @ means.mean(axis=0)
    return [parts[number] for number in sorted(np.argsort(-near, kind="stable")[:most].tolist())]


def _central(part: _Part, about: Vectors | None) -> StoredSentence:
    """The sentence that stands for the part."""
    vectors = np.stack([sentence.vector for sentence in part.sentences])
    worth = vectors @ mean_of(part.sentences)
    lead = _LEAD / np.arange(1, len(worth) + 1) if part.heading else np.zeros(len(worth))
    worth += np.where([_stands(sentence.text) for sentence in part.sentences], lead, -_LEANING)
    if about is not None:
        worth += _ABOUT * (vectors @ about)
    return part.sentences[int(np.argmax(worth))]


def _stands(text: str) -> bool:
    leans = _LEANS.match(text[without_marker(text) :]) is not None
    return not leans and _LINK not in text and _WHOLE.search(text) is not None


def mean_of(sentences: Sequence[StoredSentence]) -> Vectors:
    """The mean of the vectors, of length 1."""
    mean = np.mean([sentence.vector for sentence in sentences], axis=0, dtype=np.float32)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), dtype=np.float32)


def quoted_alone(sentence: StoredSentence, before: str) -> Part:
    """The sentence as a part of an answer, behind these words."""
    text = sentence.text
    evidence = Evidence(1, sentence.passage, sentence.start, sentence.end, text, 0.0)
    name = text.partition(": ")[0]
    start = len(name) + 2 if name in _SUMMARIES else without_marker(text)
    return quoted(evidence, start, len(text), VERBATIM)._replace(before=before)
