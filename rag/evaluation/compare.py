"""Two runs -> the difference of every figure with its interval, and the questions that changed sides (pure).

Paired: only questions that both runs were asked count, each draw of the bootstrap takes the same questions of both, and
the difference is that of the figures on them. An interval that leaves out 0 is a difference that another sample of such
questions would hardly undo.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rag.errors import InputError
from rag.evaluation.intervals import Indices, Interval, bootstrap
from rag.evaluation.judging import GOOD, Judgement, JudgementTable, judgement_table, outcome, said
from rag.evaluation.measures import MEASURES, Measure, defined, number_or_none
from rag.evaluation.record import Record


class Difference(NamedTuple):
    """A measure of two runs; `interval` is that of second minus first."""

    measure: Measure
    first: float
    second: float
    interval: Interval

    @property
    def verdict(self) -> str:
        """ "better" or "worse" if the interval leaves out 0, else empty."""
        if not (self.interval.low > 0 or self.interval.high < 0) or self.measure.better == "neither":
            return ""
        return "better" if (self.interval.value > 0) == (self.measure.better == "higher") else "worse"


class Crossing(NamedTuple):
    """A question that is right in one of the runs and not in the other."""

    first: Record
    second: Record
    before: Judgement
    after: Judgement

    @property
    def better(self) -> bool:
        """True if the second run is the one that has it right."""
        return self.after in GOOD


class Comparison(NamedTuple):
    """Two runs, on the questions that both were asked."""

    questions: int
    left_out: tuple[int, int]  # questions that only the first, only the second run has
    differences: list[Difference]
    changes: list[Crossing]


def compare_runs(first: Sequence[Record], second: Sequence[Record], seed: int) -> Comparison:
    """The differences of all measures, with intervals by a bootstrap from `seed`, and the questions that changed.

    Raises `InputError` if no question is in both, or if an id means another question in each.
    """
    by_id = {record.id: record for record in second}
    pairs = [(record, by_id[record.id]) for record in first if record.id in by_id]
    if not pairs:
        raise InputError("the two runs have no question in common, by id", "compare")
    for one, other in pairs:
        if (one.question, one.answers, one.answerable) != (other.question, other.answers, other.answerable):
            raise InputError(f"question {one.id!r} is another one in the second run: ids must mean the same", "compare")
    tables = judgement_table([one for one, _ in pairs]), judgement_table([other for _, other in pairs])
    return Comparison(
        len(pairs),
        (len(first) - len(pairs), len(second) - len(pairs)),
        [_difference(measure, *tables, len(pairs), seed) for measure in MEASURES],
        [change for pair in pairs if (change := _change(*pair)) is not None],
    )


def _difference(measure: Measure, first: JudgementTable, second: JudgementTable, count: int, seed: int) -> Difference:
    def value(columns: JudgementTable, chosen: Indices | None = None) -> float:
        return measure.statistic(*defined(measure, columns, chosen))

    interval = bootstrap(lambda chosen: value(second, chosen) - value(first, chosen), count, seed)
    return Difference(measure, value(first), value(second), interval)


def _change(first: Record, second: Record) -> Crossing | None:
    before, after = outcome(first), outcome(second)
    if Judgement.UNKNOWN in (before, after) or (before in GOOD) == (after in GOOD):
        return None
    return Crossing(first, second, before, after)


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """The object that `rag eval --compare --json` prints."""
    return {
        "questions": comparison.questions,
        "only_first": comparison.left_out[0],
        "only_second": comparison.left_out[1],
        "differences": [
            {
                "name": item.measure.name,
                "first": number_or_none(item.first),
                "second": number_or_none(item.second),
                "difference": number_or_none(item.interval.value),
                "low": number_or_none(item.interval.low),
                "high": number_or_none(item.interval.high),
            }
            for item in comparison.differences
        ],
        "changes": [
            {
                "id": item.first.id,
                "question": item.first.question,
                "before": item.before.value,
                "after": item.after.value,
                "first": said(item.first),
                "second": said(item.second),
            }
            for item in comparison.changes
        ],
    }
