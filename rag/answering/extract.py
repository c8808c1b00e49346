"""Mode extract: whole sentences and items of lists, verbatim; needs no language model."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answering.confidence import signals_of
from rag.answering.lists import announces_list, list_items, without_marker
from rag.answering.modes import Said, at_once
from rag.answering.parts import Part, quoted
from rag.checking.faithfulness import check
from rag.retrieval.evidence import refers_back
from rag.retrieval.question import Question
from rag.types import Evidence, Sentence

_DESCRIPTION = 3  # most sentences of a description

# A sentence is added to a description if its evidence score is at most this much below the best one.
_DESCRIPTION_MARGIN = 0.08


def extract(question: Question, evidence: Sequence[Evidence]) -> Said:
    """The best sentences, verbatim; needs no language model."""
    return at_once(sentence_parts(question, evidence, evidence[0]), signals_of(question, evidence[0]))


def checked_part(evidence: Evidence, start: int, end: int, question: Question) -> Part:
    """The characters `start..end` of the evidence's text as a part; the checker gives its support, as for any text."""
    verdict = check(evidence.text[start:end], [evidence.text], question.text)
    return quoted(evidence, start, end, verdict.support)


def sentence_part(evidence: Evidence, sentence: Sentence, question: Question) -> Part:
    """A sentence or list item of the evidence's passage as a verbatim part, without its bullet or number."""
    passage = evidence.passage
    text = passage.text[sentence.start - passage.start : sentence.end - passage.start]
    item = Evidence(evidence.label, passage, sentence.start, sentence.end, text, evidence.score)
    return checked_part(item, without_marker(text), len(text), question)


def sentence_parts(question: Question, ranked: Sequence[Evidence], best: Evidence) -> list[Part]:
    """The best sentence as a part, or all items of its list; for a description also others that are nearly as good, in
    the order of the text."""
    wants_items = question.kind == "list" or announces_list(best.text)
    if wants_items and (items := list_items(best)):
        return [sentence_part(best, item, question) for item in items]
    chosen = [(best, Sentence(best.start, best.end))]
    if question.kind == "descriptive":
        for other in ranked:
            same_passage = other.passage.id == best.passage.id
            if other != best and same_passage and other.score >= best.score - _DESCRIPTION_MARGIN:
                chosen.append((other, Sentence(other.start, other.end)))
        chosen = chosen[:_DESCRIPTION]
    if question.kind == "descriptive" and len(chosen) < _DESCRIPTION and refers_back(best.text):
        before = [s for s in best.passage.sentences if s.end <= best.start]
        chosen += [(best, before[-1])] if before else []
    chosen[1:] = sorted(chosen[1:], key=lambda item: item[1].start)
    return [sentence_part(item, sentence, question) for item, sentence in chosen]
