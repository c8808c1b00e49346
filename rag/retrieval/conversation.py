"""Earlier turns + a question -> the question with the words that it leaves unsaid (pure).

A follow-up says "it", or leaves the subject out. Its own words show that: it refers back, begins with a word of
continuation, or shares words with the conversation. Such a question is given a few words of the conversation,
each with a credit in 0..1, the share of its inverse document frequency that it counts in a search: half for the user's
last turn, a fifth for the answer to it, and for each turn further back half of that. A question that stands on its own
is left as it is, so that a new subject is not dragged back to the old one.

A follow-up also gets its subject: the words of the user's last turn that stood on its own, and of the last turn. They
are what it is read with when its passages are found, since words of answers would lead back to the same answers.

No language model takes part, and what was asked is never rewritten: words are added, none is changed. Does not handle:
words of reference in other languages than English (a shared word and shortness work in all), and references whose
subject is named by no word of the conversation. The numbers are from benchmarks/conversation.py (docs/experiments.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace

from rag.errors import InputError
from rag.retrieval.question import Carried, Earlier, Question
from rag.text.terms import STOP_WORDS, calmed, query_terms, stem, terms, tokens
from rag.types import Message

MAX_TURNS = 200
MAX_CHARACTERS = 200_000  # of all turns together
READ_TURNS = 12  # the last ones: words further back would count less than a hundredth
READ_CHARACTERS = 4_000  # of each of them, from its beginning

_CARRIED = 8  # words: more find no more, and drag questions away that are on something new
_USER_CREDIT = 0.5
_ASSISTANT_CREDIT = 0.2  # an answer holds names, and much that was not asked for
_DECAY = 0.5  # for each turn of the user further back
_SHARED = 0.1  # share of the weight of a question's words that the conversation must hold to be about the same subject
_SHORT = 2  # content words of a question that shows no continuation, but hardly says anything
_SHORT_SHARE = 0.5  # most that is carried to such a question, against its own words: it may as well be a new subject
_LONGEST_WORD = 50  # characters; a longer one is an address or data

_REFERS = frozenset(
    """
    it its they them their theirs he him his she her hers this that these those there then one ones same such
    former latter other others another else both either neither
    """.split()
)
_GOES_ON = re.compile(r"(?:and|but|or|so|then|also|what else|(?:what|how) about)\b", re.IGNORECASE)
_MARK = re.compile(r"\[\d+\]")  # the citations of an answer
_YEAR = re.compile(r"(?:19|20)\d\d")
_EDGES = re.compile(r"^\W+|\W+$")

Weigh = Callable[[Iterable[str]], Mapping[str, float]]


def parse_history(history: object) -> tuple[Message, ...]:
    """Turns, oldest first, from `Message`s or objects with `role` and `content`; None stands for no turns.

    Raises `InputError` for other roles than user, assistant and system, for content that is not text, and beyond
    `MAX_TURNS` turns or `MAX_CHARACTERS` characters.
    """
    if history is None:
        return ()
    if not isinstance(history, Sequence) or isinstance(history, str | bytes | bytearray):
        raise InputError(f"the history is a list of turns; this is {type(history).__name__}", "history")
    if len(history) > MAX_TURNS:
        raise InputError(_too_much(f"{len(history):,} turns", f"{MAX_TURNS}"), "history")
    turns = tuple(_turn(number, turn) for number, turn in enumerate(history, 1))
    characters = sum(len(turn.content) for turn in turns)
    if characters > MAX_CHARACTERS:
        raise InputError(_too_much(f"{characters:,} characters", f"{MAX_CHARACTERS:,}"), "history")
    return turns


def resolve(question: Question, history: Sequence[Message], weigh: Weigh) -> Question:
    """The question with the words that it takes from the conversation, or itself if it stands on its own.

    `weigh` gives the inverse document frequency of terms, as `Snapshot.term_weights` does.
    """
    turns = [turn for turn in history if turn.role != "system"][-READ_TURNS:]
    replaced = _replaced(question.text, turns)
    words = {term: word for term, word in _words(turns).items() if term not in replaced}
    if not words:
        return question
    weights = weigh(sorted(question.terms.union(words)))
    own = sum(weights[term] for term in question.terms)
    follows = _follows(question.text, question.terms, words, weights, own)
    if not follows and len(question.terms) > _SHORT:
        return question
    offered = [(word.credit * weights[term], word) for term, word in words.items() if term not in question.terms]
    chosen = sorted(offered, key=lambda pair: (-pair[0], pair[1].term))[:_CARRIED]
    total = sum(weight for weight, _ in chosen)
    share = 1.0 if follows or total <= _SHORT_SHARE * own else _SHORT_SHARE * own / total
    kept = {word.term for _, word in chosen}
    return replace(
        question,
        carried=tuple(w._replace(credit=w.credit * share) for t, w in words.items() if t in kept),
        subject=_subject(question, [turn.content for turn in turns if turn.role == "user"], weigh, replaced),
        earlier=_last(turns),
    )


def refers_back(question: Question) -> bool:
    """True if the question says little on its own, or refers to something before it."""
    refers = not (_REFERS - (question.terms & STOP_WORDS)).isdisjoint(tokens(question.text))
    return refers or len(question.terms) <= 1 or bool(_GOES_ON.match(question.text))


def _turn(number: int, turn: object) -> Message:
    role: object
    content: object
    if isinstance(turn, Message):
        role, content = turn
    elif isinstance(turn, Mapping):
        role, content = turn.get("role"), turn.get("content")
    else:
        raise InputError(f"turn {number} of the history is {type(turn).__name__}: it needs role and content", "history")
    if role not in ("user", "assistant", "system"):
        raise InputError(
            f"turn {number} of the history has the role {role!r}: use user, assistant or system", "history"
        )
    if not isinstance(content, str):
        raise InputError(f"turn {number} of the history has no text as content: {type(content).__name__}", "history")
    return Message(role, content.encode("utf-8", "replace").decode("utf-8"))


def _too_much(found: str, limit: str) -> str:
    return f"the history has {found} and the limit is {limit}: send the last turns only, {READ_TURNS} of them are read"


def _words(turns: Sequence[Message]) -> dict[str, Carried]:
    """The content terms of the conversation in the order in which they were said, each with its best credit."""
    found: dict[str, Carried] = {}
    age = sum(turn.role == "user" for turn in turns)
    for turn in turns:
        age -= turn.role == "user"
        base = _USER_CREDIT if turn.role == "user" else _ASSISTANT_CREDIT
        for term, word in _written(turn.content):
            credit = base * _DECAY**age
            if term not in found or found[term].credit < credit:
                found.pop(term, None)  # its position is that of the occurrence with more weight
                found[term] = Carried(term, word, credit)
    return found


def _written(text: str) -> Iterator[tuple[str, str]]:
    """Content terms and the words as they were written: "The Mills, 1859" -> ("mill", "Mills"), ("1859", "1859")."""
    said = _MARK.sub(" ", text[:READ_CHARACTERS])
    for piece, calm in zip(said.split(), calmed(said).split(), strict=True):
        if len(piece) > _LONGEST_WORD:
            continue
        kept = frozenset(terms(calm))
        content = [token for token in tokens(piece) if stem(token) in kept]
        for token in content:
            yield stem(token), _EDGES.sub("", piece) if len(content) == 1 else token


def _replaced(text: str, turns: Sequence[Message]) -> frozenset[str]:
    """The figures of the conversation in whose place a later turn of the user, or the question, puts others: "otters 1"
    after "otters 2", or another year."""
    own = _figures(text)
    replaced = set()
    for turn in reversed(turns):
        for word, figure in _figures(turn.content[:READ_CHARACTERS]):
            rivals = [other for of, other in own if (word and word == of) or _both_years(figure, other)]
            if rivals and figure not in [other for _, other in own]:
                replaced.add(figure)
            elif turn.role == "user":
                own.append((word, figure))
    return frozenset(replaced)


def _figures(text: str) -> list[tuple[str, str]]:
    """Each figure of the text, with the word before it, as terms; an empty one where there is none."""
    found = tokens(text)
    return [
        ("" if number == 0 or not found[number - 1].isalpha() else stem(found[number - 1]), token)
        for number, token in enumerate(found)
        if token.isdigit()
    ]


def _both_years(one: str, other: str) -> bool:
    return bool(_YEAR.fullmatch(one) and _YEAR.fullmatch(other))


def _follows(
    text: str, own: frozenset[str], words: Mapping[str, Carried], weights: Mapping[str, float], weight: float
) -> bool:
    """True if the question's own words say that it continues the conversation; `weight` is that of its terms."""
    names = own & STOP_WORDS  # "IT", which refers to nothing
    if not weight or (_REFERS - names).intersection(tokens(text)) or _GOES_ON.match(text):
        return True
    return sum(weights[term] for term in own if term in words) > _SHARED * weight


def _subject(question: Question, asked: Sequence[str], weigh: Weigh, replaced: Set[str]) -> tuple[str, ...]:
    """The words of the last of the user's turns that stands on its own, and of the last one, but the question's own and
    those that it replaces."""
    begin = next(
        (number for number in range(len(asked) - 1, 0, -1) if _stands(asked[number], asked[:number], weigh)), 0
    )
    found: dict[str, str] = {}
    for text in dict.fromkeys([*asked[begin : begin + 1], *asked[-1:]]):
        for term, word in _written(text):
            if term not in question.terms and term not in replaced:
                found.setdefault(term, word)
    return tuple(found.values())[:_CARRIED]


def _stands(text: str, before: Sequence[str], weigh: Weigh) -> bool:
    """True if a turn of the user stands on its own after those before it."""
    text = text[:READ_CHARACTERS]
    own, words = frozenset(query_terms(text)), _words([Message("user", turn) for turn in before])
    weights = weigh(sorted(own.union(words)))
    return len(own) > _SHORT and not _follows(text, own, words, weights, sum(weights[term] for term in own))


def _last(turns: Sequence[Message]) -> Earlier | None:
    """The last turn, if it is an answer to a question."""
    if len(turns) < 2 or [turn.role for turn in turns[-2:]] != ["user", "assistant"]:
        return None
    return Earlier(turns[-2].content[:READ_CHARACTERS], turns[-1].content[:READ_CHARACTERS])
