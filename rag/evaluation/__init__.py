"""How good the answers are: questions with known answers in, figures with confidence intervals out.

    questions.py   a file of questions
    gold.py        where its gold stands in an index
    asking.py      question -> answer
    run.py         the folder of a run, which can be interrupted
    squad.py ranking.py citations.py certainty.py    the measures of one question, or of pairs
    judging.py     records -> columns
    measures.py    columns -> figures, with intervals.py
    compare.py     two runs
    report.py charts.py listing.py export.py         for people and for other programs
    command.py     `rag eval`

No judge model is asked anything: gold is compared by characters, and entailment is that of `rag.checking.faithfulness`.
"""

from __future__ import annotations

from rag.evaluation.compare import Comparison, compare_runs
from rag.evaluation.measures import Figure, figures
from rag.evaluation.record import Record

__all__ = ["Comparison", "Figure", "Record", "compare_runs", "figures"]
