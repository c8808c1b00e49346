"""A question -> its terms and the kind of answer that it asks for (pure).

A small model tells the kind (kinds.py), which knows English.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from rag.errors import InputError
from rag.retrieval.kinds import kind_shares
from rag.text.encodable import encodable
from rag.text.terms import query_terms
from rag.types import QuestionKind, Vectors

MAX_QUESTION = 2_000  # characters: longer input is a document, not a question; the embedder sees some 250 tokens of it


class Carried(NamedTuple):
    """A word that a question takes from the conversation before it."""

    term: str  # as `rag.text.terms` makes it
    word: str  # as it was written
    credit: float  # 0..1, the share of its inverse document frequency that it counts


class Earlier(NamedTuple):
    """The last turn of the conversation before a follow-up."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Question:
    """A parsed question."""

    text: str
    kind: QuestionKind
    wants_list: float  # 0..1, the probability that several things or steps are asked for
    terms: frozenset[str]  # content terms, as `rag.text.terms` makes them of a query
    carried: tuple[Carried, ...] = ()  # in the order in which they were said; none of them is in `terms`
    subject: tuple[str, ...] = ()  # words that say what a follow-up is about
    earlier: Earlier | None = None  # the turn that a follow-up follows
    share: float = 1.0  # 0..1, the probability of `kind`
    english: bool = True  # False where its words are of another language

    @property
    def standalone(self) -> str:
        """The question with the words that it takes from the conversation: "When was it built? (Corran mill)"."""
        return f"{self.text} ({' '.join(item.word for item in self.carried)})" if self.carried else self.text

    @property
    def to_read(self) -> str:
        """The question as it is read beside passages: with what it is about, but without the words of answers, which
        would be found again."""
        return f"{self.text} ({' '.join(self.subject)})" if self.subject else self.text


def parse_question(text: object) -> Question:
    """The question with its terms and its kind, as far as its words tell that.

    Raises `InputError` if it is not text, empty, or longer than `MAX_QUESTION`.

    >>> parse_question("Why was the bar closed?").kind
    'why'
    """
    if not isinstance(text, str):
        raise InputError(f"a question is text; this is {type(text).__name__}", "question")
    clean = encodable_line(text)
    if not any(character.isalnum() for character in clean):
        raise InputError("the question is empty: ask something in words", "question")
    if len(clean) > MAX_QUESTION:
        raise InputError(
            f"the question has {len(clean):,} characters and the limit is {MAX_QUESTION:,}: ask for less at once, or "
            "index the text as a document",
            "question",
        )
    kind, wants_list, share = _kind(clean)
    return Question(clean, kind, wants_list, frozenset(query_terms(clean)), share=share)


def encodable_line(text: str) -> str:
    """The text on one line, in characters that can be written as UTF-8."""
    return " ".join(encodable(text).split())


def is_word(question: Question) -> bool:
    """True if the question is a word alone, or has no word that can be searched for, and goes on with nothing."""
    alone = question.text.isascii() and " " not in question.text
    return not question.carried and (alone or not (question.terms or not question.text.isascii()))


def with_kind(question: Question, vector: Vectors) -> Question:
    """The question with the kind that its words and its vector tell together; that is known of English alone."""
    if not question.english:
        return replace(question, kind="fact", wants_list=0.0, share=0.0)
    kind, wants_list, share = _kind(question.text, vector)
    return replace(question, kind=kind, wants_list=wants_list, share=share)


def _kind(text: str, vector: Vectors | None = None) -> tuple[QuestionKind, float, float]:
    shares = kind_shares(text, vector)
    kind = max(shares, key=shares.__getitem__)
    return kind, shares["list"] + shares["steps"], shares[kind]
