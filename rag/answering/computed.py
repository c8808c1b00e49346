"""A question that was read -> a form that is computed instead of quoted: a total, an extreme, a count, an agenda.

In: a draft of one question whose place is chosen. Out: the draft with that form, or with the refusal of one that cannot
be computed; unchanged if a sentence states what is asked. English.
"""

from __future__ import annotations

from rag.answering.agenda import agenda
from rag.answering.choose import in_table
from rag.answering.clause import clause
from rag.answering.column import asks_extreme, asks_total, column_extreme, column_total, says_result
from rag.answering.count import asks_count, count, states_number
from rag.answering.draft import Draft
from rag.answering.not_quotable import most_unclear, not_stated, sum_unclear
from rag.answering.rows import LookUp
from rag.answering.version import DayOf


def compute_instead(draft: Draft, whole: LookUp, day_of: DayOf) -> None:
    """Give the cells to add up or compare, or the rows to count, if that is asked for and no sentence states it; if
    there are none, refuse a question for the most of several documents."""
    asked = draft.asked[0] if len(draft.asked) == 1 else None
    if not asked or asked.side is not None or draft.mode == "write":
        return
    about = asked.question, asked.read, whole
    if form := clause(asked.question, asked.hits, whole) or agenda(asked.question, asked.hits, day_of):
        draft.form = form
        return
    if asked.chosen is None or asked.refused or not says_result(asked.chosen):
        draft.form = column_total(*about) or column_extreme(*about)
        cell = asked.chosen is not None and not asked.refused and in_table(asked.chosen)
        if draft.form is None and cell and asks_total(asked.question):
            draft.form = sum_unclear()
        elif draft.form is None and cell and asks_extreme(asked.question):
            draft.form = most_unclear()
    unstated = asked.refused or (asked.chosen is not None and not states_number(asked.chosen, asked.question))
    if draft.form is None and unstated and asks_count(asked.question):
        draft.form = count(*about, whole=asked.refused)
    if draft.form is None and not asked.refused:
        draft.form = not_stated(asked.question.text, asked.read, asked.chosen)
