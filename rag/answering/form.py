"""A form of its own: an answer about the library, about whole documents, or about nothing in them.

Here is what such a form gives back, and which one a question asks for; each form has a file. A form that finds nothing
to say gives None, and the question goes the ordinary way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from rag.answering.parts import Part
from rag.retrieval.question import Question
from rag.types import AbstentionReason, DocumentInfo, ListedDocument, QuestionKind

LISTED = 20  # titles that the text of an answer lists; `documents` holds all
# The probability of its kind from which a question gets a form of its own, if the library has what the form needs. Of
# 1,454 questions of five evaluation sets and four libraries, at this share five are taken for talk by mistake, two for
# the library and none for a summary; comparisons need two documents or subjects besides.
LEAST = 0.6

SAID_SO = 0.95  # probability of a kind that the beginning of a question says: 43 of 45 labelled ones, see below

POLITE = r"(?:(?:please|can you|could you|would you|kindly)\s+)*"
# The beginning with which a document is looked for that one knows by its name
LOOKS_FOR = rf"{POLITE}(?:(?:find|open|bring up|pull up|get|fetch)(?: me)?|show(?: me)?) (?:the|my|our|all)\b"
# The beginnings that say the form whatever else the question holds. Of the 6,292 labelled questions of
# training/written/kinds.tsv.gz 45 begin so, and 43 of them have that label; the other two are "what is X about",
# where X must name a document besides.
_SAYS_SO: dict[QuestionKind, re.Pattern[str]] = {
    "talk": re.compile(
        r"^(?=.*\b(?:hi|hello|hey|thanks?|thx|cheers|bye|goodbye|ok|okay|danke|merci|gracias|got it|how are you"
        r"|what's up|good (?:morning|afternoon|evening|day|night))\b)"
        r"(?:(?:hi|hello|hey|thanks?|thx|cheers|bye|goodbye|ok|okay|danke|merci|gracias|got it|how are|what's up|good"
        r"|was|helpful|useful|morning|afternoon|evening|day|night|oh|well|and|many|there|great|perfect|nice|cool|awesome|wonderful|you|so"
        r"|very|much|a|lot|for|your|the|that|this|help|answers?|again|all|everyone|doing|today|it was)\b[^\w]*)+$",
        re.IGNORECASE,
    ),
    "summary": re.compile(
        rf"^{POLITE}(?:summari[sz]e\b|sum up\b|tl;?\s?dr\b|outline the\b"
        r"|(?:give|show|write|get)(?: me)? (?:an?|the) (?:\w+ )?(?:summary|overview|outline|gist)\b"
        r"|(?:(?:an?|the) )?(?:\w+ )?(?:summary|overview|gist) of\b|what (?:are|were) the (?:main|key) points\b"
        r"|(?:main|key) points of\b|(?:what's|what is) .+ about\?*$)",
        re.IGNORECASE,
    ),
    "comparison": re.compile(
        rf"^{POLITE}(?:compare\b|contrast\b|what (?:has |had )?changed (?:between|from)\b"
        r"|what(?:'s| is| are| was| were) the (?:\w+ )?differences? between\b|(?:the )?differences? between\b)",
        re.IGNORECASE,
    ),
    "library": re.compile(
        rf"^{POLITE}(?:(?:which|what) (?:of (?:the|my|these|our) )?"
        r"(?:documents?|files?|papers?|notes|texts?|pdfs?|e?mails?|letters) "
        r"(?:mentions?|talks? (?:about|of)|(?:is|are) about|discuss(?:es)?|deals? with|covers?|contains?|refers? to"
        r"|speaks? of)\b|do you have (?:anything|something|documents|files|papers) (?:on|about)\b"
        r"|(?:which|what|how many) (?:documents?|files?|papers|pdfs) (?:do you have|are there|are here)\b"
        r"|(?:list|show)(?: me)?(?: all)?(?: of)?(?: the| my| your)? (?:documents|files|papers|pdfs)\b"
        r"|(?:(?:what|which)(?:'s| is) |show me )the (?:newest|latest|most recent|oldest) "
        r"(?:document|file|paper|pdf)\b"
        r"|what (?:do|did) (?:you|we|i) have (?:about|on)\b"
        r"|(?:how many|which|what) [\w-]+ (?:do (?:you|we|i) have|are (?:there|here|in here))[\s?]*$"
        r"|(?:list|show)(?: me)?(?: all)?(?: of)?(?: the| my| our)? [\w-]+\W*$"
        r"|(?:what(?:'s| is| are| do (?:you|we|i) have)|(?:list |show me )?everything) in (?:the |my |our )?"
        r"(?:[\w-]+ ){0,3}(?:folder|directory)\b"
        rf")|^{LOOKS_FOR}(?!.*\b(?:about|on|regarding)\b)",
        re.IGNORECASE,
    ),
}


class Form(NamedTuple):
    """An answer in a form of its own: quoted parts, then a remark of our own, which is no claim."""

    parts: tuple[Part, ...] = ()
    remark: str = ""
    documents: tuple[ListedDocument, ...] = ()  # those that it is about, or that may be meant
    mode: Literal["quote", "catalogue"] = "quote"
    reason: AbstentionReason | None = None  # why it is no answer
    sure: bool = True


def wanted(question: Question) -> QuestionKind | None:
    """The form that the question asks for; None for the ordinary way.

    >>> from rag.retrieval.question import parse_question
    >>> wanted(parse_question("Summarise the minutes of May."))
    'summary'
    """
    if kind := says_so(question.text):
        return kind
    return question.kind if question.share >= LEAST else None


def says_so(text: str) -> QuestionKind | None:
    """The form that the words of a question say, without any doubt; None if they do not.

    >>> says_so("Thanks a lot!"), says_so("Thanks to whom was it built?")
    ('talk', None)
    """
    return next((kind for kind, pattern in _SAYS_SO.items() if pattern.search(text)), None)


def listed_documents(documents: Sequence[DocumentInfo]) -> tuple[ListedDocument, ...]:
    """The documents as an answer names them."""
    return tuple(ListedDocument(info.id, info.title, info.source) for info in documents)


def titles(documents: Sequence[DocumentInfo]) -> str:
    """The titles, a line each with the document's id; `LISTED` at most, and then how many more there are."""
    lines = [f"- {info.title} ({info.id})" for info in documents[:LISTED]]
    if len(documents) > LISTED:
        lines.append(f"and {len(documents) - LISTED:,} more")
    return "\n".join(lines)


def which(documents: Sequence[DocumentInfo], of: str) -> Form:
    """The form that asks which of the documents is meant."""
    text = f"It is not clear which {of} meant. It could be:\n{titles(documents)}\nAsk with a title or a file's name."
    return Form(remark=text, documents=listed_documents(documents), reason="unclear")
