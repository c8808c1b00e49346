"""A draft and what was said -> the reason why there is no answer, if there is none.

In: the draft, and snapshots of the index that know the weights of words. Out: an `Abstention`, whose words are those of
`refusal.py`. Does not decide the threshold of confidence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from rag.answering.draft import Draft, Subquestion
from rag.answering.not_quotable import not_stated, without_superlatives
from rag.answering.parts import Composed
from rag.answering.refusal import is_near, no_document_fits, no_question, refusal
from rag.retrieval.question import is_word
from rag.retrieval.search import question_weights
from rag.seams import Snapshot
from rag.types import Abstention, AbstentionReason, Filters

_NEAREST = 3  # passages of which one at least is near the question where something near it is said to be there


def abstention(
    draft: Draft, composed: Composed, snapshots: Callable[[Filters | None], AbstractContextManager[Snapshot]]
) -> Abstention | None:
    """The reason why there is no answer, None if there is one."""
    form = draft.form
    if form is not None and form.reason:
        return Abstention(form.reason, form.remark)
    if composed.claims or (form is not None and form.mode == "catalogue"):
        return None
    if is_word(draft.question):
        with snapshots(draft.filters) as snapshot:
            return no_question(draft.question.text, _any_near(draft.asked, snapshot))
    if draft.unreadable:
        return Abstention("unread", "\n".join(draft.unreadable))
    reason: AbstentionReason = draft.outcomes[-1].reason if draft.outcomes else "no_evidence"
    with snapshots(draft.filters) as snapshot:
        if not draft.hits and draft.filters is not None and not snapshot.documents():
            return Abstention(reason, no_document_fits(draft.filters))
        near = _any_near(draft.asked, snapshot)
    alone = draft.asked[0] if near and len(draft.asked) == 1 else None
    if alone and (compared := not_stated(alone.question.text, alone.read, alone.chosen)):
        return Abstention("not_quotable", compared.remark)
    return refusal(reason, near, [name for one in draft.asked for name in one.unknown], empty=not draft.hits)


def _any_near(asked: Sequence[Subquestion], snapshot: Snapshot) -> bool:
    """True if one of the first passages that were found is near its question."""
    return any(
        is_near(hit, without_superlatives(question_weights(snapshot, one.question), one.question.text))
        for one in asked
        for hit in one.hits[:_NEAREST]
    )
