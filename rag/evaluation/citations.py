"""The citations of an answer against the gold, and against what they are cited for (pure).

By gold: a citation is right when its span overlaps gold evidence, or when its quote contains a right answer and
stands in a gold document (in any document if the question names none). Only answers that a gold document words
(`Record.worded`) count as contained. Precision is the share of citations that are right. Recall is the share of the
gold that is cited: each stretch of evidence that a citation overlaps, or whose answer a right citation gives in other
words of a gold document; if there is no evidence, the answer itself.

By entailment, after ALCE (Gao et al. 2023, Enabling Large Language Models to Generate Text with Citations, section 4):
recall is the share of claims that what they cite supports; a citation is precise when its claim is supported and the
others would not do without it, or it does alone. `rag.checking.faithfulness` is the judge here in the place of a
language model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rag.checking.faithfulness import check, checker
from rag.evaluation.record import GoldEvidence, Record
from rag.evaluation.squad import contains_answer
from rag.serialise import AnswerJSON, CitationJSON, ClaimJSON


class Shares(NamedTuple):
    """Precision and recall, 0..1; None if not defined: no citations, or no gold that a citation could show."""

    precision: float | None
    recall: float | None


def by_gold(record: Record) -> Shares:
    """Precision and recall by gold of the citations of an answered question; see the description of this file."""
    if not can_be_judged(record):
        return Shares(None, None)
    beside = _beside(record.answer)
    cited = [citation for citation in record.answer["citations"] if citation["label"] not in beside]
    right = [citation for citation in cited if is_right(citation, record)]
    if record.evidence:
        recall = sum(_covered(item, right, record) for item in record.evidence) / len(record.evidence)
    else:
        recall = float(bool(right))
    return Shares(len(right) / len(cited) if cited else None, recall)


def by_entailment(record: Record) -> Shares:
    """Precision over citations of claims and recall over claims, by entailment; see the description of this file."""
    quotes = {citation["label"]: citation["quote"] for citation in record.answer["citations"]}
    supported: list[bool] = []
    precise: list[bool] = []
    for claim in record.answer["claims"]:
        cited = [quotes[label] for label in claim["citations"]]
        supported.append(_entails(cited, claim, record.question))
        precise += [supported[-1] and _is_needed(number, cited, claim, record.question) for number in range(len(cited))]
    return Shares(_share(precise), _share(supported))


def _beside(answer: AnswerJSON) -> set[int]:
    """The labels that no claim has, but a conflict or an alternative; answers of earlier runs have neither."""
    values = [value for conflict in answer.get("conflicts", []) for value in conflict["values"]]
    said = {label for claim in answer["claims"] for label in claim["citations"]}
    other = answer.get("alternative")
    beside = [*values, other] if other else values
    return {label for one in beside for label in one["citations"]} - said


def can_be_judged(record: Record) -> bool:
    """Tells if the gold holds something that a citation could show."""
    return bool(record.evidence or record.worded)


def is_right(citation: CitationJSON, record: Record) -> bool:
    """Tells if the citation shows gold; see the description of this file."""
    return any(_overlaps(citation, item) for item in record.evidence) or _gives_answer(citation, record)


def _covered(item: GoldEvidence, right: Sequence[CitationJSON], record: Record) -> bool:
    if any(_overlaps(citation, item) for citation in right):
        return True
    holds_answer = contains_answer(item.text, record.worded)
    return holds_answer and any(_gives_answer(citation, record) for citation in right)


def _overlaps(citation: CitationJSON, item: GoldEvidence) -> bool:
    return any(
        place.document_id == citation["document_id"] and place.start < citation["end"] and citation["start"] < place.end
        for place in item.places
    )


def _gives_answer(citation: CitationJSON, record: Record) -> bool:
    in_gold = not record.documents or citation["document_id"] in record.documents
    return in_gold and contains_answer(citation["quote"], record.worded)


def _is_needed(number: int, cited: Sequence[str], claim: ClaimJSON, question: str) -> bool:
    rest = [quote for other, quote in enumerate(cited) if other != number]
    return _entails([cited[number]], claim, question) or not _entails(rest, claim, question)


def _entails(quotes: Sequence[str], claim: ClaimJSON, question: str) -> bool:
    return bool(quotes) and check(claim["text"], quotes, question).support >= checker().threshold


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
