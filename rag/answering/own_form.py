"""A question that passages alone cannot answer -> the form of its own: the library, a summary, a comparison, talk.

In: a draft with its question, and a snapshot. Out: a form, if the question asks for one and the library has what it
needs. Nothing is read by a model. English.
"""

from __future__ import annotations

from collections.abc import Callable

from rag.answering.catalogue import catalogue
from rag.answering.comparison import Side, comparison, sides
from rag.answering.draft import Draft, Subquestion
from rag.answering.form import Form, says_so, wanted
from rag.answering.not_quotable import new_text, not_quotable
from rag.answering.outline import outline_of, summary
from rag.answering.talk import talk
from rag.retrieval.question import Question, is_word, parse_question
from rag.seams import Snapshot


def own_form(
    draft: Draft, question: Question, snapshot: Snapshot, understand: Callable[[Question, Side], Subquestion]
) -> Form | None:
    """The form, or None if passages are to be found; for a comparison of two subjects the draft then asks a question
    for each."""
    if draft.mode != "write" and says_so(question.text) is None and (form := new_text(question.text)):
        return form
    match wanted(question):
        case "talk":
            return talk(question, snapshot.held)
        case "library":
            form = catalogue(question.text, snapshot, draft.filters)
        case "summary":
            form = summary(question, draft.asked[0].vector, snapshot.documents(), snapshot.stored)
        case "comparison" if draft.mode != "write" and not question.carried:
            documents = snapshot.documents()
            form = comparison(question.text, documents, snapshot.stored)
            if form is None and (two := sides(question.text, documents)):
                draft.asked = [understand(parse_question(side.question), side) for side in two]
                return None
        case _:
            form = None
    if form is None and is_word(question):
        form = outline_of(question.text, snapshot.documents(), snapshot.stored)
    return form or (not_quotable(question.text) if draft.mode != "write" else None)
