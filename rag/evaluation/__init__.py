"""The quality of the answers: questions with known answers in, figures with confidence intervals out.

    questions.py   a file of questions -> questions with their gold
    gold.py        gold -> documents and characters of an index
    asking.py      questions -> records of their answers
    record.py      the values that cross these files
    run.py         the folder of a run, which can be interrupted
    squad.py ranking.py citations.py certainty.py    the measures of one question, or of pairs
    judging.py     records -> columns
    measures.py    columns -> figures, with intervals.py
    compare.py     two runs -> differences
    report.py report.html charts.py                  the page of a run
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
