"""Questions of kinds that quotes cannot answer -> a refusal that says so, and what can be asked instead (pure).

Three kinds: something new is to be written, something is to be counted over all documents, and what many documents say
is to be compared for the most of it ("Which company has the most employees?"), where no sentence says it itself. A
model that writes is given the first kind. English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rag.answering.choose import Chosen, sentences_around
from rag.answering.form import POLITE, Form
from rag.answering.refusal import NO_QUOTE
from rag.text.terms import STOP_WORDS, stem
from rag.types import Hit

_FEWEST = 3  # documents among the passages that are read, from which a superlative compares documents
_WRITES = re.compile(
    rf"^{POLITE}(?:write|draft|compose|translate|rewrite|rephrase|paraphrase|calculate|compute|predict|invent|imagine)"
    r"\s(?:an?|the|me|us|my|our|your|this|that|it|to|some)\b"
    r"|^what (?:do|would) you (?:think|recommend|suggest|advise)\b",
    re.IGNORECASE,
)
_OVER_ALL = re.compile(
    r"\b(?:in|of|among|across|from|over|throughout|within) (?:all )?(?:of )?(?:these|those|the|my|our|your|all)\s+"
    r"(?:(?:\w+ )?(?:documents|files|papers|texts|pdfs|reports)|(?:library|collection)(?! of))\b",
    re.IGNORECASE,
)
_COUNTS = re.compile(r"\bhow (?:many|much)\b|\baverage\b|\bin total\b|\b(?:total|number) of\b", re.IGNORECASE)
_SUPERLATIVE = re.compile(
    r"(?<!\bat )\b(?P<word>most(?! (?:of|recent))|least|fewest|\w{3,}est)\b(?:\s+(?P<of>\w+))?", re.IGNORECASE
)
_AMOUNTS = frozenset(["most", "least", "fewest"])
NO_SUPERLATIVES = frozenset(  # words that end so, and superlatives that texts say otherwise: "five minutes from it"
    "latest nearest closest test guest west quest request interest invest contest protest harvest forest arrest suggest"
    " digest honest modest attest priest chest crest nest pest vest zest manifest conquest bequest".split()
)
_COMPARES = re.compile(r"^(?:in |on |at |for |of )?which\b", re.IGNORECASE)
_COMPARATIVE = re.compile(  # said of what is asked for: not "or older", "for longer trips", "the larger one"
    r"^(?:in |on |at |for |of )?which\b.*"
    r"(?<!\bor)(?<!\band)(?<!\bfor)(?<!\bof)(?<!\bwith)(?<!\bto)(?<!\ba)(?<!\bthe)(?<!\bno) "
    r"(?:(?:more|less|fewer)(?: \w+){0,2}|(?:high|low|bigg|larg|small|long|short|old|young|new|fast|slow|heavi|light"
    r"|cheap|earli|lat|tall|warm|cold|deep|strong|great|wid|near|clos)er)\s*(?:[,:?]|$)",
    re.IGNORECASE,
)
_STATES_ONE = re.compile(r"(?<!\bat )\b(?:than|more|less|fewer|\w{3,}er|most|least|fewest|\w{3,}est)\b", re.IGNORECASE)
_PREFIX = 5  # letters that two words of one thing begin with: "employees", "employer"


def new_text(text: str) -> Form | None:
    """The refusal of a question for something that is to be written; None if it is another."""
    if not _WRITES.search(text):
        return None
    return _refusal(
        "it asks for something new, and only what stands in the documents is given. Ask what they say about it, or "
        "choose mode write with a language model."
    )


def not_quotable(text: str) -> Form | None:
    """The refusal of a question about what is spread over all documents; None if it is another."""
    if _OVER_ALL.search(text) and _superlatives(text):
        return _of_all()
    if _OVER_ALL.search(text) and _COUNTS.search(text):
        return _refusal(
            "it asks for a number over all documents, and nothing is computed over them. Ask what one of them says, by "
            "its name, or which documents mention a word."
        )
    return None


def without_superlatives(weights: Mapping[str, float], text: str) -> dict[str, float]:
    """The weights of a question's words but its superlatives, which a passage near it need not hold."""
    superlatives = {stem(one.word) for one in _superlatives(text)}
    return {term: weight for term, weight in weights.items() if term not in superlatives}


def not_stated(text: str, hits: Sequence[Hit], chosen: Chosen | None) -> Form | None:
    """The refusal of a question for the most of what several documents say, or for the one of two that has more, if the
    sentence that was found does not state it; None otherwise."""
    said = "" if chosen is None else " ".join(item.text for item in sentences_around(chosen))
    if chosen is not None and _COMPARATIVE.search(text) and not _STATES_ONE.search(said):
        return _refusal(
            "it compares two things, and no sentence states the result. Ask each of them for its own, or compare the "
            'two by name ("Compare A and B").'
        )
    if not _COMPARES.search(text) or len({hit.passage.document_id for hit in hits}) < _FEWEST:
        return None
    asked = _superlatives(text)
    if not asked or _states(asked, said):
        return None
    return _of_all()


def sum_unclear() -> Form:
    """The refusal of a question for a sum that no sentence states and no column gives."""
    return _refusal(
        "it asks for a sum, no sentence states it, and which numbers to add up is not clear. Ask for the numbers by "
        "the names of their rows, or for the total of a whole column."
    )


def most_unclear() -> Form:
    """The refusal of a question for the most that no sentence states, where a row of a table was found that is not
    known to be it."""
    return _refusal(
        "it compares the rows of a table, none of them states the result, and which numbers to compare is not clear. "
        "Ask for the numbers by the names of their rows and columns."
    )


def _of_all() -> Form:
    return _refusal(
        "it compares what several documents say, and none of them states the result. Ask each of them for its own, by "
        "its name, or compare two."
    )


def _refusal(why: str) -> Form:
    return Form(remark=f"{NO_QUOTE} {why}", reason="not_quotable")


class _Superlative(NamedTuple):
    word: str
    of: str  # the word that follows it; empty if that is a function word


def _superlatives(text: str) -> list[_Superlative]:
    """The superlatives of a text."""
    found = [(match["word"].lower(), (match["of"] or "").lower()) for match in _SUPERLATIVE.finditer(text)]
    return [_Superlative(word, "" if of in STOP_WORDS else of) for word, of in found if word not in NO_SUPERLATIVES]


def _states(asked: Sequence[_Superlative], sentence: str) -> bool:
    """True if the sentence has a superlative of the same thing, or the same one of another."""
    return any(_alike(one, other) for one in asked for other in _superlatives(sentence))


def _alike(one: _Superlative, other: _Superlative) -> bool:
    same_thing = one.of[:_PREFIX] == other.of[:_PREFIX] if one.of else True
    return same_thing or (one.word == other.word and one.word not in _AMOUNTS)
