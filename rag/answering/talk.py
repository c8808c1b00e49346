"""A greeting, thanks, or a question about the program itself -> a line about what can be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rag.answering.form import Form, says_so
from rag.retrieval.question import Question

# The probability from which it is talk even if documents hold a word of it ("hello" has 0.99). Of the five questions of
# evaluation sets that are taken for talk, such as "meteoroid" alone, four have less.
_SURE = 0.9
TALK = (
    "Ask about what stands in your documents, in a whole question, and the answer comes with the places that say it. "
    'Also possible: "What documents do you have?", "Summarise" with a title, and "Compare" with two.'
)


def talk(question: Question, held: Callable[[Iterable[str]], frozenset[str]]) -> Form | None:
    """The line, which is no answer; None if it may be a question after all. `held` is `Snapshot.held`."""
    if question.share < _SURE and says_so(question.text) != "talk" and held(question.terms):
        return None
    return Form(remark=TALK, reason="talk")
