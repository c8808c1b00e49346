"""The records of a run and their figures -> one HTML file that asks no host for anything.

Tables, the risk-coverage curve, calibration, latency, and the failures, question by question, by confidence. The
page is `report.html`, filled in by Jinja with everything escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from itertools import groupby
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from rag.evaluation.certainty import bins, risks
from rag.evaluation.charts import calibration, histogram, risk_coverage
from rag.evaluation.judging import Judgement, Table, outcome, said
from rag.evaluation.measures import Figure
from rag.evaluation.record import Record
from rag.serialise import CitationJSON

SHOWN = 50  # of each kind of failure; all are in answers.jsonl
_FAILURES = (
    (Judgement.WRONG, "Answered wrong", "The first citation shows none of the gold."),
    (Judgement.ANSWERED, "Answered though unanswerable", "The documents do not answer, and something was said."),
    (Judgement.REFUSED, "Refused though answerable", "The documents answer, and nothing was said."),
)


def report_html(info: dict[str, Any], records: Sequence[Record], columns: Table, figures: Sequence[Figure]) -> str:
    """The page of a run; `info` is that of `run.json`."""
    page = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).from_string(files("rag.evaluation").joinpath("report.html").read_text("utf-8"))
    outcomes = [outcome(record) for record in records]
    return page.render(
        info=info,
        asked=len(records),
        planned=planned(info),
        models=sorted({record.answer["model"] or "no language model" for record in records}),
        notices=sorted({notice for record in records for notice in record.answer["notices"]}),
        outcomes=[(kind.value, outcomes.count(kind)) for kind in Judgement if kind in outcomes],
        groups=[(name, list(found)) for name, found in groupby(figures, key=lambda one: one.measure.group)],
        shown=number,
        charts=_charts(columns),
        failures=[_failures(*kind, records, outcomes) for kind in _FAILURES],
        marked=_marked,
        said=said,
    )


def number(value: float, unit: str) -> str:
    """The number as it is shown: shares with three decimals, seconds with two, tokens with one."""
    return f"{value:.2f} s" if unit == "s" else f"{value:,.1f}" if unit == "tokens" else f"{value:.3f}"


def planned(info: dict[str, Any]) -> int:
    """The number of questions that the run is to ask."""
    questions = info["questions"]
    return int(questions["of"] if questions["limit"] is None else min(questions["of"], questions["limit"]))


def _charts(columns: Table) -> list[tuple[str, Markup | None, str]]:
    """The drawings: (title, drawing or None if there is nothing to draw, caption)."""
    right, confidence, answered, seconds = (
        columns.get(name, np.array([])) for name in ("right", "confidence", "right_answered", "seconds")
    )
    judged = int(np.nansum(columns.get("judged", np.array([]))))
    spoken, known = ~np.isnan(answered), ~np.isnan(right)
    return [
        (
            "Risk and coverage",
            _drawn(len(answered[spoken]), lambda: risk_coverage(risks(answered[spoken], confidence[spoken]), judged)),
            "The share of wrong answers if only the questions with the most confidence were answered. The curve ends "
            "at the share that is answered; refused questions have no answer to judge.",
        ),
        (
            "Calibration",
            _drawn(len(right[known]), lambda: calibration(bins(right[known], confidence[known]))),
            "Of the answers with a confidence of 0.7, 7 in 10 should be right: dots on the line. Dots below it mean "
            "too much confidence. The area of a dot is its number of questions.",
        ),
        ("Latency", _drawn(len(seconds), lambda: histogram(seconds)), "Seconds from question to answer."),
    ]


def _drawn(count: int, draw: Callable[[], str]) -> Markup | None:
    return Markup(draw()) if count else None  # numbers and texts of this program only


def _failures(
    kind: Judgement, title: str, text: str, records: Sequence[Record], outcomes: Sequence[Judgement]
) -> dict[str, Any]:
    found = [record for record, one in zip(records, outcomes, strict=True) if one is kind]
    surest = kind is not Judgement.REFUSED
    found.sort(key=lambda record: record.answer["confidence"] or 0.0, reverse=surest)
    return {"title": title, "text": text, "count": len(found), "records": found[:SHOWN], "surest": surest}


def _marked(citation: CitationJSON) -> tuple[str, str, str]:
    """The quote in three: before, the words of the answer, after."""
    start, end = citation["answer_start"] - citation["start"], citation["answer_end"] - citation["start"]
    quote = citation["quote"]
    return quote[:start], quote[start:end], quote[end:]
