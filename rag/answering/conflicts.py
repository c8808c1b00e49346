"""The places that answer a question -> those that answer it otherwise than the chosen one (pure).

A conflict is: two documents, each of which the reader finds to answer the question nearly as well as the best passage;
values that cannot both be right (`rag.answering.values`), or a clear yes against a clear no; and the same subject. Not
the same subject are: other years or periods, sheets of one form for other things ("flat 2", "flat 6"; "Patient: Anna",
"Patient: Emil"), other things said in the sentence ("for adults", "for children"), other columns or rows of tables. No
conflict either is a change that a document announces ("rises from 62 to 66 euros", "no longer"), a plan against what
came of it, and a list against one of its items.

Does not know: which of the documents is right, contradictions within one document, values that are no short answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rag.answering.choose import RETRIEVAL_WEIGHT, Chosen, sentences_around
from rag.answering.values import Value, differ, states, value_of
from rag.answering.verdict import verdict
from rag.retrieval.question import Question
from rag.text.structure import cells, column_names, table_header
from rag.text.terms import STOP_WORDS
from rag.text.wording import fold, word_list
from rag.types import Evidence, Hit, PassageReading

_ANSWERS = 2.0  # logit of a span, less that of no answer, from which a place answers
_NEAR = 8.0  # logits below the best place, retrieval included, at which another still answers the same
_MOST_WORDS = 8  # of a value
_NO_VALUE = re.compile(r"\n|[.!?]\s|(?:^|\s)--?\w")  # in a span: a border of sentences, an option of a command
_WANTS_LIST = 0.3  # probability of a question for a list, from which names are no alternatives
_BEFORE = 24  # characters before a span that may say that it is rounded

_YEAR = re.compile(r"(?<![\d.,/-])(?:1[5-9]|20)\d\d(?:\s?[/–-]\s?\d{2,4})?(?![\d,.]\d|\d)")
_FULL_DATE = re.compile(
    r"\b(?:\d{1,2}(?:st|nd|rd|th|\.)?\s+(?:of\s+)?[^\W\d_]{3,9}\.?,?\s+|[^\W\d_]{3,9}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+)"
    r"\d{4}\b|\b\d{4}-\d\d-\d\d\b|\b\d{1,2}[./]\d{1,2}[./]\d{4}\b"
)
_MONTHS = frozenset(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug "
    "sep sept oct nov dec".split()
)
_PLANS = re.compile(
    r"\b(?:plan(?:ned|s|ning)?|expected|expects?|estimat\w*|budget(?:ed)?|forecast|propos\w+|draft|provisional\w*|"
    r"scheduled|target(?:ed)?|quotation|tentative\w*|projected|should have)\b",
    re.IGNORECASE,
)
_CHANGES = re.compile(
    r"\b(?:(?i:no longer|instead of|moved|postponed|rescheduled|rise[sn]?|raised|increase[sd]?|reduced|lowered|"
    r"chang(?:e[sd]?|ing)|correct(?:ion|ed)|replac(?:es|ed|ing)|supersede[sd]?|previously|formerly|until now|so far|"
    r"used to|from now on|as (?:of|from)|(?:starting|beginning|effective) (?:in|on|from)|(?:the|our|your) new|"
    r"new (?:fee|rent|price|rate|hour|time|date|number|address|opening|tariff)s?)|"
    r"[Ff]rom (?:the )?\d{1,2}\.? [A-Z]\w+|[Ff]rom [A-Z]\w+ \d)\b"
)
_FIELD = re.compile(r"^\s*(?:[-*•]\s*)?([A-Z][^\n:|]{1,30}):[ \t]*(\S[^\n]{0,80})$", re.MULTILINE)
_NAMING_FIELDS = frozenset(
    """name patient customer client tenant employee member pupil child class flat unit room property address model
    product article item type order invoice policy account contract number no vehicle plate project site branch location
    for""".split()
)
_CLAUSE = re.compile(r"\b(?:if|as|because|since|unless|but|so that|which|who|although)\b|[;(]", re.IGNORECASE)
_OF_WHAT = frozenset("the a an our your my his her its their for in of on at during with per to by from".split())
_WORD = re.compile(r"[^\W_][\w'’-]*")
_SMALL = STOP_WORDS | frozenset(["day", "time", "year", "month", "end", "begin", "today"])


_UNNAMED = frozenset(word for word in _SMALL | _MONTHS if len(word) > 1 or word == "a")  # a letter may name a model


_KINDS = frozenset(  # of documents
    word
    for word in word_list(
        """account agreement announcement annual article bill board book booklet booking brochure card catalogue
        certificate chapter chart chronicle confirmation contract copy correction course directory document draft
        estimate excursion faq file flyer form guide handbook handover help history information instruction invitation
        invoice item journal label leaflet lease letter list log mail manual map memo menu minutes newsletter note
        notice offer order overview page paper plan plaque policy poster price programme protocol questions receipt
        record report review rules schedule sheet site slip speech statement statutes sticker summary table template
        terms ticket tips visit welcome wiki""",
    )
)
_ENDS = (".", "!", "?", ":", ";", ",")


class AnsweringPlace(NamedTuple):
    """A place that answers, with the value that it gives and the sentence that gives it."""

    chosen: Chosen
    value: Value
    said: str  # the words of the value, or Yes or No
    sentence: Evidence


def clashes(
    question: Question, chosen: Chosen, hits: Sequence[Hit], readings: Sequence[PassageReading]
) -> list[list[AnsweringPlace]]:
    """The values that the documents give, each with the places that give it: first that of the chosen span, then those
    that cannot be right if it is. Empty if they agree."""
    asked = frozenset([*word_list(question.standalone), *fold(question.standalone).replace("?", " ").split()])
    found = _places(question, chosen, hits, readings)
    if not found:
        return []
    best, *others = found
    against = [other for other in others if _contradict(question, asked, best, other)]
    if not against:
        return []
    groups = [[best]]
    for place in [*against, *(other for other in others if other not in against)]:
        group = next((one for one in groups if _agree(one[0], place, asked)), None)
        if group is not None:
            group.append(place)
        elif place in against:
            groups.append([place])
    return groups


def _places(
    question: Question, chosen: Chosen, hits: Sequence[Hit], readings: Sequence[PassageReading]
) -> list[AnsweringPlace]:
    """The places that answer, one of each document, the chosen one first; empty if it states no value."""
    places: dict[str, AnsweringPlace] = {}
    ranked = sorted(zip(hits, readings, strict=True), key=lambda pair: -_score(*pair))
    for hit, reading in [(chosen.hit, chosen.reading), *ranked]:
        near = reading.score >= _ANSWERS and chosen.score - _score(hit, reading) <= _NEAR
        if near and hit.passage.document_id not in places:
            place = _place(question, chosen._replace(hit=hit, reading=reading, span=reading.spans[0]))
            if place is not None:
                places[hit.passage.document_id] = place
        if not places:
            return []
    return list(places.values())


def _score(hit: Hit, reading: PassageReading) -> float:
    return reading.score + RETRIEVAL_WEIGHT * hit.score


def _place(question: Question, at: Chosen) -> AnsweringPlace | None:
    """The value of the best span of a passage; None if it states none."""
    sentence = sentences_around(at)[0]
    if question.kind == "yesno":
        word = verdict(at.reading, sentences_around(at))
        return AnsweringPlace(at, Value(), word, sentence) if word else None
    start, end = at.span.start - at.passage.start, at.span.end - at.passage.start
    said = at.passage.text[start:end]
    value = value_of(said, at.passage.text[max(start - _BEFORE, 0) : start])
    if value == Value() or _NO_VALUE.search(said) or len(said.split()) > _MOST_WORDS:
        return None
    if value.name and question.wants_list >= _WANTS_LIST:
        return None
    return AnsweringPlace(at, value, " ".join(said.split()), sentence)


def _agree(one: AnsweringPlace, other: AnsweringPlace, asked: frozenset[str]) -> bool:
    """True if two places give the same value."""
    if one.value == other.value == Value():
        return one.said == other.said
    if bool(one.value.name) != bool(other.value.name):
        return False
    return not differ(one.value, other.value, asked)


def _contradict(question: Question, asked: frozenset[str], one: AnsweringPlace, other: AnsweringPlace) -> bool:
    """True if the places say different things of the same subject."""
    apart = one.said != other.said if question.kind == "yesno" else differ(one.value, other.value, asked)
    return (
        apart
        and _same_subject(asked, one, other)
        and not _announced(asked, one, other)
        and bool(_PLANS.search(_context(one))) == bool(_PLANS.search(_context(other)))
    )


def _announced(asked: frozenset[str], one: AnsweringPlace, other: AnsweringPlace) -> bool:
    """True if one of the places says that the value changed, or states both values."""
    for place, against in ((one, other), (other, one)):
        if _CHANGES.search(place.sentence.text):
            return True
        if against.value != Value() and states(_around(place), against.value, asked):
            return True
    return False


def _around(place: AnsweringPlace) -> str:
    """The sentence of a value with those before and after it in its passage."""
    passage, at = place.chosen.passage, place.sentence
    before = [sentence.start for sentence in passage.sentences if sentence.end <= at.start][-1:] or [at.start]
    after = [sentence.end for sentence in passage.sentences if sentence.start >= at.end][:1] or [at.end]
    return passage.text[before[0] - passage.start : after[0] - passage.start]


def _context(place: AnsweringPlace) -> str:
    """Words that say what a value is of: title, headings, and its sentence; for a row, its column and name."""
    passage = place.chosen.passage
    return "\n".join([passage.title, passage.section or "", _own_words(place)])


def _own_words(place: AnsweringPlace) -> str:
    """The sentence of a value without it; of a row of a table its name and its column."""
    passage, row, span = place.chosen.passage, place.sentence, place.chosen.span
    header = table_header(passage, row.start)
    if header is None:
        start, end = max(span.start - row.start, 0), max(span.end - row.start, 0)
        return f"{row.text[:start]} {row.text[end:]}" if place.value != Value() else row.text
    found, names = cells(row.text), column_names(header)
    number = sum(start <= span.start - row.start for _, start in found) - 1
    return f"{found[0][0] if number else ''} {names[number] if number < len(names) else ''}"


def _same_subject(asked: frozenset[str], one: AnsweringPlace, other: AnsweringPlace) -> bool:
    if _apart(_periods(one), _periods(other)):
        return False
    if _apart(_things(one, asked), _things(other, asked)):
        return False
    return not (_series(one, other, asked) or _other_form(one, other))


def _apart(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other) and one.isdisjoint(other)


def _periods(place: AnsweringPlace) -> frozenset[str]:
    """The years that a value is said to be of; a whole date is that of an event or a letter."""
    passage = place.chosen.passage
    name = passage.document_id.rpartition("/")[2].replace("_", " ").replace("-", " ")
    texts = [_FULL_DATE.sub(" ", text) for text in (_own_words(place), passage.section or "", passage.title, name)]
    return frozenset(year[:4] for year in _YEAR.findall("\n".join(texts)))


def _things(place: AnsweringPlace, asked: frozenset[str]) -> frozenset[str]:
    """The things that the sentence speaks of before its value, but those of the question: "adults" in "Admission for
    adults costs 12 euros"."""
    if table_header(place.chosen.passage, place.sentence.start) is not None:
        return frozenset(word_list(_own_words(place))) - asked - STOP_WORDS
    text = _CLAUSE.split(place.sentence.text, maxsplit=1)[0]
    if place.value != Value():
        text = text[: max(place.chosen.span.start - place.sentence.start, 0)]
    return frozenset(word_list(" ".join(_named(text)))) - asked - _SMALL


def _named(text: str) -> Iterator[str]:
    """The words, two in a row at most, that stand behind an article or a preposition."""
    room = 0
    for word in _WORD.findall(text):
        if word.lower() in STOP_WORDS:
            room = 2 if word.lower() in _OF_WHAT else 0
        elif room:
            room -= 1
            yield word


def _series(one: AnsweringPlace, other: AnsweringPlace, asked: frozenset[str]) -> bool:
    """True if the documents are of one kind for different things or days: their names or titles are alike but for a
    word ("Ferrol S manual", "Ferrol L manual"), or for a date ("Visit of 3 May 2024", "Visit of 7 June 2024")."""
    for mine, yours in ((_name(one), _name(other)), (_title(one), _title(other))):
        a, b = (frozenset(word_list(_FULL_DATE.sub(" ", text))) - _UNNAMED for text in (mine, yours))
        if a == b and a and _FULL_DATE.findall(mine) != _FULL_DATE.findall(yours):
            return True
        own, theirs = a - b - asked - _KINDS, b - a - asked - _KINDS
        marks = all(len(word) == 1 or not word.isalpha() for word in own | theirs)
        alike = bool(a & b & _KINDS) or len(a & b - asked) >= max(len(own), len(theirs))
        if own and theirs and (marks or alike):
            return True
    return False


def _name(place: AnsweringPlace) -> str:
    """The name of the document's file, without its suffix, as words."""
    name = place.chosen.passage.document_id.rpartition("/")[2].rpartition(".")[0]
    return re.sub(r"[_\W]+", " ", re.sub(r"\d{4}[-_.]?\d\d([-_.]?\d\d)?", " ", name))


def _title(place: AnsweringPlace) -> str:
    """Title and headings, with the first line of the document if the passage has it."""
    passage = place.chosen.passage
    first = passage.text.split("\n", 1)[0] if passage.start == 0 and place.chosen.span.start > passage.start else ""
    lead = "" if first.endswith(_ENDS) or place.said in first or len(first.split()) > _MOST_WORDS + 4 else first
    return "\n".join(dict.fromkeys([passage.title, passage.section or "", lead]))


def _other_form(one: AnsweringPlace, other: AnsweringPlace) -> bool:
    """True if the passages are forms that are filled for different things: "Patient: Anna", "Patient: Emil"."""
    mine, yours = _fields(one), _fields(other)
    return any(yours.get(key, value) != value for key, value in mine.items())


def _fields(place: AnsweringPlace) -> dict[str, str]:
    passage = place.chosen.passage
    return {
        match[1].lower(): match[2].strip().lower()
        for match in _FIELD.finditer(passage.text)
        if not _NAMING_FIELDS.isdisjoint(match[1].lower().split()) and place.said not in match[0]
    }
