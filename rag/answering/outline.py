"""A whole document -> its outline, quoted: its title, its headings in order, and a sentence for each part.

The sentence that stands for a part is the one nearest to the mean of all of its sentences, by the vectors that the
index holds. Long documents with many headings are taken by their upper ones, and a text without headings is cut into
parts of equal length, so that an outline has `SENTENCES` sentences at most, and fewer for a short text. No text is made
up and no model is asked. Time and memory are those of reading the document's passages once.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rag.answering.catalogue import every_document
from rag.answering.form import Form, listed, which
from rag.answering.lists import without_marker
from rag.answering.parts import Part, quoted
from rag.checking.faithfulness import VERBATIM
from rag.retrieval.naming import named
from rag.retrieval.question import Question
from rag.text.structure import block_at
from rag.types import CELL_SEPARATOR, BlockSpan, DocumentInfo, Evidence, Passage, Section, StoredDocument, Vectors

SENTENCES = 12  # of an outline: a page; a person who wants more opens the document
_FEWEST = 3  # parts of a short text, if it has as many sentences
_EACH = 3  # sentences of a text without headings for which one stands
_WORDS = (6, 60)  # of a sentence that can stand for others; shorter ones are labels, longer ones run-on tables
_LEANS = re.compile(r"(?:this|that|these|those|it|they|he|she|such|however|but|and|also|so|then)\b", re.IGNORECASE)
_LEANING = 0.1  # of cosine that a sentence loses which begins with a word that leans on the one before
_LIBRARY = re.compile(
    r"\b(?:everything|documentation|library|collection|documents|files|papers|(?:them|it) all)\b", re.IGNORECASE
)
_PATH = " > "


class StoredSentence(NamedTuple):
    """A sentence of a document that can be quoted alone, with its vector."""

    passage: Passage
    start: int
    end: int
    vector: Vectors

    @property
    def text(self) -> str:
        """Its words."""
        return self.passage.text[self.start - self.passage.start : self.end - self.passage.start]


class _Part(NamedTuple):
    """A part of a document, of one sentence at least; the heading is empty if it goes on with the part before."""

    heading: str
    sentences: Sequence[StoredSentence]


def summary(
    question: Question, documents: Sequence[DocumentInfo], stored: Callable[[str], StoredDocument]
) -> Form | None:
    """The outline of the document that the question names, or of the only one; if it may mean several, those. None if
    it names none and asks about a thing."""
    found = named(question.text, documents)
    if not found.asked and question.carried:  # "summarise it"
        found = named(question.standalone, documents)
    if len(found.documents) == 1 or (len(documents) == 1 and not found.asked):
        (info,) = found.documents or documents
        parts, left_out = outline(stored(info.id))
        return Form(parts, _remark(left_out), listed([info])) if parts else None
    if found.candidates or not found.asked:
        if _LIBRARY.search(question.text):
            return every_document(documents)
        return which(found.candidates or documents, "document is") if documents else None
    return None


def outline_of(name: str, documents: Sequence[DocumentInfo], stored: Callable[[str], StoredDocument]) -> Form | None:
    """The outline of the document of that title, id or file; None if there is none, or several."""
    wanted = name.casefold().rstrip("?!. ")
    found = [info for info in documents if wanted in _names(info)]
    parts, left_out = outline(stored(found[0].id)) if len(found) == 1 else ((), 0)
    return Form(parts, _remark(left_out), listed(found)) if parts else None


def _names(info: DocumentInfo) -> set[str]:
    return {info.title.casefold(), info.id.casefold(), info.id.rpartition("/")[2].casefold()}


def outline(stored: StoredDocument, most: int = SENTENCES) -> tuple[tuple[Part, ...], int]:
    """The parts of the outline, `most` at most, and the number of parts of the document for which none stands."""
    sections = _level(stored.document.sections, most)
    parts = _enough(list(_parts(stored, sections)), most)
    chosen = _central_parts(parts, most)
    said: list[Part] = []
    for number, part in enumerate(chosen):
        title = f"{stored.document.title}\n" if number == 0 else "\n"
        heading = "" if part.heading == stored.document.title else part.heading.rstrip(".:")
        said.append(quoted_alone(_central(part.sentences), f"{title}- {heading}{': ' if heading else ''}"))
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
    for _, passage, embedding in stored.passages:
        for (start, end), vector in zip(passage.sentences, embedding.sentences, strict=True):
            sentence = StoredSentence(passage, start, end, vector)
            every[start] = sentence
            words = len(sentence.text.split())
            if _WORDS[0] <= words <= _WORDS[1] and _reads_alone(block_at(passage, start), sentence.text):
                prose.setdefault(sentence.text, sentence)  # what is repeated on each page counts once
    return list(prose.values()) or list(every.values())


def _reads_alone(block: BlockSpan | None, text: str) -> bool:
    return block is not None and block.kind in ("prose", "list") and CELL_SEPARATOR not in text


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


def _central(sentences: Sequence[StoredSentence]) -> StoredSentence:
    """The sentence nearest to the mean of all; one that can be read alone is preferred."""
    near = np.stack([sentence.vector for sentence in sentences]) @ mean_of(sentences)
    leans = np.array([bool(_LEANS.match(sentence.text)) for sentence in sentences])
    return sentences[int(np.argmax(near - _LEANING * leans))]


def mean_of(sentences: Sequence[StoredSentence]) -> Vectors:
    """The mean of the vectors, of length 1."""
    mean = np.mean([sentence.vector for sentence in sentences], axis=0, dtype=np.float32)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), dtype=np.float32)


def quoted_alone(sentence: StoredSentence, before: str) -> Part:
    """The sentence as a part of an answer, behind these words."""
    text = sentence.text
    evidence = Evidence(1, sentence.passage, sentence.start, sentence.end, text, 0.0)
    return quoted(evidence, without_marker(text), len(text), VERBATIM)._replace(before=before)
