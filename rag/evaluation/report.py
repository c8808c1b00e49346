"""The records of a run and their figures, or two runs compared -> one HTML file that asks no host for anything.

The mistakes first, question by question, by confidence, with filters that need no script; then tables, the
risk-coverage curve, calibration and latency. The pages are `report.html` and `comparison.html`, filled in by Jinja with
everything escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from itertools import groupby
from math import isnan
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from rag.evaluation.certainty import bins, risks
from rag.evaluation.charts import calibration_chart, histogram, risk_coverage
from rag.evaluation.compare import Comparison
from rag.evaluation.judging import Judgement, JudgementTable, differs, outcome, said
from rag.evaluation.measures import Figure
from rag.evaluation.record import Record
from rag.serialise import CitationJSON

SHOWN = 50  # of each kind of outcome; all are in answers.jsonl
_KINDS = (
    (
        Judgement.WRONG,
        "Answered wrong",
        "To a reader the answer holds none of the gold, or cites nothing that bears it out.",
    ),
    (Judgement.ANSWERED, "Answered though unanswerable", "The documents do not answer, and something was said."),
    (Judgement.REFUSED, "Refused though answerable", "The documents answer, and nothing was said."),
    (Judgement.RIGHT, "Right", "To a reader the answer holds the gold."),
    (Judgement.RIGHTLY_REFUSED, "Rightly refused", "The documents do not answer, and nothing was said."),
    (Judgement.UNKNOWN, "Not judged", "No gold is known."),
)
_MISTAKES = (Judgement.WRONG, Judgement.ANSWERED, Judgement.REFUSED)


def report_html(
    info: dict[str, Any], records: Sequence[Record], columns: JudgementTable, figures: Sequence[Figure]
) -> str:
    """The page of a run; `info` is that of `run.json`."""
    outcomes = [outcome(record) for record in records]
    return _page("report.html").render(
        info=info,
        asked=len(records),
        planned=planned(info),
        models=sorted({record.answer["model"] or "no language model" for record in records}),
        notices=sorted({notice for record in records for notice in record.answer["notices"]}),
        outcomes=[(kind.value, outcomes.count(kind)) for kind in Judgement if kind in outcomes],
        groups=[(name, list(found)) for name, found in groupby(figures, key=lambda one: one.measure.group)],
        shown=number,
        charts=_charts(columns),
        kinds=[_kind(*kind, records, outcomes) for kind in _KINDS if kind[0] in (*_MISTAKES, *outcomes)],
        types=sorted({record.type for record in records}),
        differing=sum(differs(record) for record in records),
        differs=differs,
        marked=_marked,
        said=said,
    )


def comparison_html(compared: Comparison, first: str, second: str) -> str:
    """The page of two runs, whose names are `first` and `second`."""
    return _page("comparison.html").render(
        compared=compared,
        first=first,
        second=second,
        better=[change for change in compared.changes if change.better],
        worse=[change for change in compared.changes if not change.better],
        differences=[one for one in compared.differences if not isnan(one.interval.value)],
        signed=signed,
        shown=number,
        marked=_marked,
        said=said,
    )


def _page(name: str) -> jinja2.Template:
    folder = files("rag.evaluation")
    loader = jinja2.FunctionLoader(lambda file: folder.joinpath(file).read_text("utf-8"))
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template(name)


def signed(value: float, unit: str) -> str:
    """The number with its sign; a difference that is shown as 0 has a plus."""
    shown = number(abs(value), unit)
    return f"{'-' if value < 0 and any(digit in shown for digit in '123456789') else '+'}{shown}"


def number(value: float, unit: str) -> str:
    """The number as it is shown: shares with three decimals, seconds with two, tokens with one."""
    return f"{value:.2f} s" if unit == "s" else f"{value:,.1f}" if unit == "tokens" else f"{value:.3f}"


def planned(info: dict[str, Any]) -> int:
    """The number of questions that the run is to ask."""
    questions = info["questions"]
    return int(questions["of"] if questions["limit"] is None else min(questions["of"], questions["limit"]))


def _charts(columns: JudgementTable) -> list[tuple[str, Markup | None, str]]:
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
            _drawn(len(right[known]), lambda: calibration_chart(bins(right[known], confidence[known]))),
            "Of the answers with a confidence of 0.7, 7 in 10 should be right: dots on the line. Dots below it mean "
            "too much confidence. The area of a dot is its number of questions.",
        ),
        ("Latency", _drawn(len(seconds), lambda: histogram(seconds)), "Seconds from question to answer."),
    ]


def _drawn(count: int, draw: Callable[[], str]) -> Markup | None:
    return Markup(draw()) if count else None  # numbers and texts of this program only


def _kind(
    kind: Judgement, title: str, text: str, records: Sequence[Record], outcomes: Sequence[Judgement]
) -> dict[str, Any]:
    found = [record for record, one in zip(records, outcomes, strict=True) if one is kind]
    surest = kind is not Judgement.REFUSED
    found.sort(key=lambda record: record.answer["confidence"] or 0.0, reverse=surest)
    mistakes = kind in _MISTAKES
    shown = found[:SHOWN]
    return {"title": title, "text": text, "count": len(found), "records": shown, "surest": surest, "mistakes": mistakes}


def _marked(citation: CitationJSON) -> tuple[str, str, str]:
    """The quote in three: before, the words of the answer, after."""
    start, end = citation["answer_start"] - citation["start"], citation["answer_end"] - citation["start"]
    quote = citation["quote"]
    return quote[:start], quote[start:end], quote[end:]
