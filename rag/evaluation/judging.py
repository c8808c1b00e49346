"""Records -> a table of numbers: a row for each question, a column for each quantity, NaN if it is not defined.

Everything that is measured is a column or computed from columns (`measures.py`), so that resampling is indexing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from math import nan
from typing import cast

import numpy as np
from numpy.typing import NDArray

from rag.evaluation.as_read import as_read
from rag.evaluation.citations import Shares, by_entailment, by_gold, can_be_judged, is_right
from rag.evaluation.ranking import ndcg, recall, reciprocal_rank
from rag.evaluation.record import Record
from rag.evaluation.squad import contains_all, contains_answer, exact_match, token_f1

Column = NDArray[np.float64]
JudgementTable = Mapping[str, Column]

RECALL_AT = (1, 5, 10)
CUT = 10  # of MRR and nDCG
_MARKS = re.compile(r"(?<!\s)\s*(?:\[\d+\])+")


class Judgement(StrEnum):
    """The outcome of a question, by its gold."""

    RIGHT = "right"
    WRONG = "wrong"
    REFUSED = "refused though answerable"
    RIGHTLY_REFUSED = "rightly refused"
    ANSWERED = "answered though unanswerable"
    UNKNOWN = "not judged"


GOOD = (Judgement.RIGHT, Judgement.RIGHTLY_REFUSED)


def judgement_table(records: Sequence[Record]) -> JudgementTable:
    """The columns by name, each of shape `(records,)`."""
    rows = [_row(record) for record in records]
    return {name: np.array([row[name] for row in rows], float) for name in (rows[0] if rows else ())}


def outcome(record: Record) -> Judgement:
    """The outcome of a question: an answerable one is right if it is to a reader, another one if it is refused. Where
    the text cannot be judged, what it quotes is."""
    if record.answerable is None:
        return Judgement.UNKNOWN
    if not record.answer["answered"]:
        return Judgement.REFUSED if record.answerable else Judgement.RIGHTLY_REFUSED
    if not record.answerable:
        return Judgement.ANSWERED
    read = as_read(record, said(record))
    right = is_quoted_right(record) if read is None else read
    return Judgement.UNKNOWN if right is None else Judgement.RIGHT if right else Judgement.WRONG


def is_quoted_right(record: Record) -> bool | None:
    """Tells if the first citation shows gold, whatever the answer says; None if no citation could. A refusal shows
    none."""
    if record.answerable is False or not can_be_judged(record):
        return None
    cited = record.answer["citations"]
    return record.answer["answered"] and bool(cited) and is_right(cited[0], record)


def differs(record: Record) -> bool:
    """Tells if an answer is right to a reader and its first quote is not, or the other way round."""
    quoted = is_quoted_right(record)
    kind = outcome(record)
    return quoted is not None and kind in (Judgement.RIGHT, Judgement.WRONG) and quoted != (kind is Judgement.RIGHT)


def said(record: Record) -> str:
    """The answer without its citation marks; empty if there is none."""
    return _MARKS.sub("", record.answer["answer"]) if record.answer["answered"] else ""


def short_form(record: Record) -> str:
    """The span that answers, or the whole answer if there is no span, as in mode write and in earlier runs."""
    span = record.answer.get("answer_span")
    return span["text"] if span else said(record)


def _row(record: Record) -> dict[str, float]:
    return _retrieval(record) | _answer(record) | _citations(record) | _certainty(record) | _cost(record)


def _retrieval(record: Record) -> dict[str, float]:
    if not record.documents or record.answerable is False:
        return dict.fromkeys((*(f"recall@{k}" for k in RECALL_AT), "mrr", "ndcg"), nan)
    ranking, gold = record.ranking, record.documents
    return {f"recall@{k}": recall(ranking, gold, k) for k in RECALL_AT} | {
        "mrr": reciprocal_rank(ranking, gold, CUT),
        "ndcg": ndcg(ranking, gold, CUT),
    }


def _answer(record: Record) -> dict[str, float]:
    names = ("exact_match", "f1", "contained", "quote_contained")
    read = as_read(record, said(record)) if record.answerable is not False else None
    judged = {"as_read": _number(read), "as_quoted": _number(is_quoted_right(record))}
    if not record.answers or record.answerable is False:
        return judged | dict.fromkeys(names, nan)
    text, cited = said(record), record.answer["citations"]
    short = short_form(record)
    quote = cited[0]["quote"] if cited else ""
    holds = contains_answer(quote, record.worded) if record.worded else nan
    scores = (
        exact_match(short, record.answers),
        token_f1(short, record.answers),
        float(contains_all(text, record.answer_groups)),
        float(holds),
    )
    return judged | dict(zip(names, scores, strict=True))


def _citations(record: Record) -> dict[str, float]:
    answered = record.answer["answered"]
    gold = by_gold(record) if answered and record.answerable is not False else Shares(None, None)
    entailed = by_entailment(record) if answered else Shares(None, None)
    return {
        "citation_precision": _number(gold.precision),
        "citation_recall": _number(gold.recall),
        "entailed_precision": _number(entailed.precision),
        "entailed_recall": _number(entailed.recall),
        "faithfulness": _number(record.answer["faithfulness"]) if answered else nan,
    }


def _certainty(record: Record) -> dict[str, float]:
    """The columns on confidence and refusal.

    `right` is NaN if it is not known: of a refused question that has an answer, what would have been said is not.
    """
    kind = outcome(record)
    answered = record.answer["answered"]
    right = nan if kind in (Judgement.UNKNOWN, Judgement.REFUSED) else float(kind is Judgement.RIGHT)
    return {
        "answerable": _number(record.answerable),
        "confidence": _number(record.answer["confidence"]),
        "right": right,
        "right_answered": right if answered else nan,
        "judged": nan if kind is Judgement.UNKNOWN else 1.0,
        "refused_answerable": float(not answered) if record.answerable is True else nan,
        "refused_unanswerable": float(not answered) if record.answerable is False else nan,
    }


def _cost(record: Record) -> dict[str, float]:
    usage = cast(Mapping[str, float], record.answer["usage"])
    return {
        "seconds": record.seconds,
        "prompt_tokens": float(usage["prompt_tokens"]),
        "completion_tokens": float(usage["completion_tokens"]),
    }


def _number(value: float | bool | None) -> float:
    return nan if value is None else float(value)
