"""A question -> the kind of answer that it asks for (pure).

English question words are known. A question without a word that only English has could ask for anything: its answer is
whole sentences, as for a description.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rag.errors import InputError
from rag.text.terms import query_terms, tokens

MAX_QUESTION = 2_000  # characters: longer input is a document, not a question; the embedder sees some 250 tokens of it

Kind = Literal["factual", "descriptive", "list"]

# Questions for a reason, a way, a meaning, a comparison, or for yes or no: a few words of a sentence are no answer.
_DESCRIPTIVE = re.compile(
    r"\bwhy\?|(?:^|[.!?:] )(?:"
    r"why\b|how (do|does|did|can|could|should|would|will|to|is|are|was|were|has|have|come)\b|describe\b|"
    r"explain\b|tell me (more )?about\b|summari[sz]e\b|"
    r"what (is|are|was|were|(can|could|may|might) be) the (difference|reason|purpose|relationship)s?\b|"
    r"what (happens|happened|should|must|do I|does one|made)\b|what (do|does|did) [^?]{1,60} mean\b|"
    r"what (is|was) meant\b|for what reasons?\b|in what way\b|"
    r"(is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|have|had) (?!you tell)\w+ \w+)",
    re.IGNORECASE,
)
_PLURAL = (
    r"(?!(?:is|was|has|does|this|its|process|class|species|basis|status|focus|series|address|access|mass|loss)\b)"
    r"\w{2,}(?<![su]s)s"
)
# Words that follow a verb, not a plural noun: "what powers the lamp?" asks for no list of powers.
_NO_OBJECT = (
    r"(?!(?:an?|the|this|that|these|those|its?|his|her|him|our|my|your|their|them|us|you|me|every|each|any|no)\b)"
)
_LIST = re.compile(
    rf"^(list\b|name (the|all|some|two|three|four|five|\w+s\b)|enumerate\b|give (me )?(a|the) list\b|"
    rf"(what|which|who)( all)? (are|were)( (all|some|the|two|three|four|five|six|main|different|other))* "
    rf"(\w+ ){{0,2}}{_PLURAL}\b|"
    rf"((from|in|at|by|for|to) )?(what|which) ((two|three|four|five|six|other|different|main) )?{_PLURAL} {_NO_OBJECT}|"
    rf"((from|in|at|by|for|to) )?(what|which) \w+ {_PLURAL} "
    r"(are|were|do|did|have|had|can|could|should|must|may|will|would|make|go|need|belong)\b)",
    re.IGNORECASE,
)


# Function words that only English has; others it shares with other languages ("was", "die", "an", "in", "me").
_ENGLISH = frozenset(
    "the of what which who whom whose when where why how does did is are were and to can should much many".split()
)


class Carried(NamedTuple):
    """A word that a question takes from the conversation before it."""

    term: str  # as `rag.text.terms` makes it
    word: str  # as it was written
    credit: float  # 0..1, the share of its inverse document frequency that it counts


@dataclass(frozen=True, slots=True)
class Question:
    """A parsed question."""

    text: str
    kind: Kind
    terms: frozenset[str]  # content terms, as `rag.text.terms` makes them of a query
    carried: tuple[Carried, ...] = ()  # in the order in which they were said; none of them is in `terms`

    @property
    def standalone(self) -> str:
        """The question with the words that it takes from the conversation: "When was it built? (Corran mill)"."""
        return f"{self.text} ({' '.join(item.word for item in self.carried)})" if self.carried else self.text


def parse_question(text: object) -> Question:
    """The question with its kind and its terms.

    Raises `InputError` if it is not text, empty, or longer than `MAX_QUESTION`.

    >>> parse_question("How many crews rowed in 2024?").kind
    'factual'
    >>> parse_question("Why was the bar closed?").kind
    'descriptive'
    """
    if not isinstance(text, str):
        raise InputError(f"a question is text; this is {type(text).__name__}", "question")
    clean = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    if not any(character.isalnum() for character in clean):
        raise InputError("the question is empty: ask something in words", "question")
    if len(clean) > MAX_QUESTION:
        raise InputError(
            f"the question has {len(clean):,} characters and the limit is {MAX_QUESTION:,}: ask for less at once, or "
            "index the text as a document",
            "question",
        )
    return Question(clean, _kind(clean), frozenset(query_terms(clean)))


def is_english(text: str) -> bool:
    """True if the text has a word that only English has."""
    return not _ENGLISH.isdisjoint(tokens(text))


def _kind(text: str) -> Kind:
    if _DESCRIPTIVE.search(text) or not is_english(text):
        return "descriptive"
    return "list" if _LIST.search(text) else "factual"
