"""The quality of the answers: questions with known answers in, figures with confidence intervals out.

    lines.py       a file -> rows
    questions.py   rows -> questions with their gold
    gold.py        gold -> documents and characters of an index
    asking.py      questions -> records of their answers
    record.py      the values that cross these files
    run.py         the folder of a run, which can be interrupted
    squad.py ranking.py citations.py certainty.py    the measures of one question, or of pairs
    as_read.py     an answer -> right to a reader or not
    judging.py     records -> columns
    measures.py    columns -> figures, with intervals.py
    compare.py     two runs -> differences
    gate.py        figures against stored ones
    report.py *.html page.css charts.py              the pages
    listing.py     figures and differences -> text for a terminal
    export.py      records -> files of other evaluation programs

The command is in `rag/cli/evaluate.py`. No judge model is asked anything: gold is compared by characters, and
entailment is that of `rag.checking.faithfulness`.
"""

from __future__ import annotations

from rag.evaluation.compare import Comparison, compare_runs
from rag.evaluation.measures import Figure, figures
from rag.evaluation.record import Record

__all__ = ["Comparison", "Figure", "Record", "compare_runs", "figures"]
