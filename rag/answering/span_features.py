"""Question + sentence + the model's spans of it -> features and score of each span as the answer (pure).

A small model's probabilities alone prefer stretches that are too long or repeat the question. Features that need no
model are added: the type of answer that the question asks for, whether the span cuts a name in two, its distance to the
words of the question. The score is their sum with the weights of `weights.json` (made by benchmarks/fit_answers.py).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from rag.retrieval.question import Question
from rag.seams import Span
from rag.text.terms import STOP_WORDS, stem

_WORD = re.compile(r"\w+(?:[.,'’\-]\w+)*")
_ARTICLES = frozenset({"a", "an", "the"})
_CURRENCY = "$€£¥%"
_NUMBER_WORDS = frozenset(
    """
    one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred
    thousand million billion dozen half third quarter once twice several few many most
    """.split()
)
_TIME_WORDS = frozenset(
    """
    january february march april may june july august september october november december monday
    tuesday wednesday thursday friday saturday sunday century centuries decade year years month
    months week weeks day days hour hours minute minutes morning evening night noon midnight summer
    winter spring autumn today yesterday tomorrow bc ad bce ce early late mid
    """.split()
)
_MONEY = re.compile(
    r"[$€£¥₽₹]|\b(dollars?|euros?|pounds?|cents?|pence|francs?|marks?|yen|crowns?|shillings?|guineas?|usd|eur|gbp|chf|"
    r"free of charge|free|million|billion)\b",
    re.IGNORECASE,
)
_QUALIFIER = re.compile(
    r"\b(over|under|above|below|about|around|nearly|almost|roughly|approximately|some|circa|up to|at least|at most|"
    r"(more|less|fewer|greater|higher|lower) than)\s+$",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(1\d{3}|20\d{2})s?\b")
_LEFT_WORDS = (
    "by",
    "in",
    "of",
    "at",
    "to",
    "as",
    "from",
    "for",
    "on",
    "with",
    "called",
    "named",
    "was",
    "is",
    "are",
    "were",
)


class _Word(NamedTuple):
    start: int
    end: int
    lower: str
    capital: bool
    asked: bool  # a content word of the question


@lru_cache(maxsize=1_000)
def _words(text: str, asked: frozenset[str]) -> tuple[_Word, ...]:
    found = []
    for match in _WORD.finditer(text):
        lower = match.group().lower()
        content = lower not in STOP_WORDS
        found.append(
            _Word(match.start(), match.end(), lower, match.group()[0].isupper(), content and stem(lower) in asked)
        )
    return tuple(found)


def span_features(question: Question, text: str, span: Span) -> dict[str, float]:
    """The features of `span` of `text`, by name; absent names are 0."""
    words = _words(text, question.terms)
    inside = [i for i, word in enumerate(words) if word.end > span.start and word.start < span.end]
    values: dict[str, float] = {
        "first": span.first,
        "total": span.total,
        "stop": span.stop,
        "tokens": float(span.tokens),
        "words": float(len(inside)),
        "log_words": math.log1p(len(inside)),
    }
    if not inside:
        return values | {"no_word": 1.0}
    first, last = words[inside[0]], words[inside[-1]]
    left = words[inside[0] - 1] if inside[0] else None
    right = words[inside[-1] + 1] if inside[-1] + 1 < len(words) else None
    values |= _shape(text, span, words, inside)
    values |= _borders(text, span, first, last, left, right)
    values |= _place(words, inside)
    values |= _type(question, text[span.start : span.end], [words[i] for i in inside])
    return {name: value for name, value in values.items() if value}


def _shape(text: str, span: Span, words: Sequence[_Word], inside: Sequence[int]) -> dict[str, float]:
    content = [words[i] for i in inside if words[i].lower not in STOP_WORDS]
    quote = text[span.start : span.end]
    return {
        "no_content": float(not content),
        "asked_share": sum(word.asked for word in content) / len(content) if content else 0.0,
        "all_asked": float(bool(content) and all(word.asked for word in content)),
        "comma": float("," in quote),
        "and": float(" and " in quote),
        "semicolon": float(bool(re.search(r"[;:—]", quote))),
        "brackets_open": float(quote.count("(") != quote.count(")") or quote.count('"') % 2),
        "covers_most": float(len(inside) > 0.6 * len(words)),
    }


def _borders(
    text: str, span: Span, first: _Word, last: _Word, left: _Word | None, right: _Word | None
) -> dict[str, float]:
    before, after = text[: span.start].rstrip()[-1:], text[span.end : span.end + 1]
    values = {
        "article_first": float(first.lower in _ARTICLES),
        "stop_first": float(first.lower in STOP_WORDS - _ARTICLES),
        "stop_last": float(last.lower in STOP_WORDS),
        "article_left": float(left is not None and left.lower in _ARTICLES and not before.strip(left.lower[-1:])),
        "name_cut_left": float(_joined(text, left, first) and first.capital and bool(left and left.capital)),
        "name_cut_right": float(_joined(text, last, right) and last.capital and bool(right and right.capital)),
        "asked_left": float(left is not None and left.asked and _joined(text, left, first)),
        "asked_right": float(right is not None and right.asked and _joined(text, last, right)),
        "punctuation_left": float(not before or not before.isalnum()),
        "punctuation_right": float(bool(after) and not after.isspace() and not after.isalnum()),
        "stop_right": float(right is not None and right.lower in STOP_WORDS and _joined(text, last, right)),
        "content_right": float(right is not None and right.lower not in STOP_WORDS and _joined(text, last, right)),
        "currency_left": float(text[max(span.start - 1, 0) : span.start] in _CURRENCY and span.start > 0),
    }
    if left is not None and left.lower in _LEFT_WORDS:
        values[f"left_{left.lower}"] = 1.0
    return values


def _joined(text: str, left: _Word | None, right: _Word | None) -> bool:
    """True if only white space stands between two words."""
    return left is not None and right is not None and not text[left.end : right.start].strip()


def _place(words: Sequence[_Word], inside: Sequence[int]) -> dict[str, float]:
    asked = [i for i, word in enumerate(words) if word.asked and not inside[0] <= i <= inside[-1]]
    distances = [inside[0] - i if i < inside[0] else i - inside[-1] for i in asked]
    return {
        "closeness": sum(1.0 / (1.0 + distance) for distance in distances) / (len(asked) or 1),
        "after_asked": sum(i < inside[0] for i in asked) / len(asked) if asked else 0.0,
        "position": inside[0] / len(words),
        "at_start": float(inside[0] == 0),
    }


def expected_type_fits(question: Question, text: str) -> bool | None:
    """True if `text` holds something of the type that the question asks for; None if it asks for no type."""
    words = _words(text, question.terms)
    if question.expected == "number":
        return any(c.isdigit() for c in text) or any(word.lower in _NUMBER_WORDS for word in words)
    if question.expected == "money":
        return bool(_MONEY.search(text))
    if question.expected == "time":
        return any(c.isdigit() for c in text) or any(word.lower in _TIME_WORDS for word in words)
    if question.expected in ("person", "place"):
        return any(word.capital and not word.asked for word in words)
    return None


def _type(question: Question, quote: str, words: Sequence[_Word]) -> dict[str, float]:
    expected = question.expected
    digits = any(character.isdigit() for character in quote)
    values = {"digits_unasked": float(digits and expected in ("person", "place", "any"))}
    fits = expected_type_fits(question, quote)
    if fits is None:
        return values
    values[f"{expected}_{'fits' if fits else 'fails'}"] = 1.0
    if expected in ("person", "place"):
        values["capital_first"] = float(words[0].capital or (len(words) > 1 and words[1].capital))
        values["all_capital"] = float(all(word.capital or word.lower in STOP_WORDS for word in words))
    elif expected in ("number", "money"):
        values["number_first"] = float(words[0].lower[:1].isdigit() or words[0].lower in _NUMBER_WORDS)
        values["year_for_number"] = float(bool(_YEAR.fullmatch(quote)))
    elif expected == "time":
        values["year"] = float(bool(_YEAR.search(quote)))
    return values


def span_score(question: Question, text: str, span: Span, evidence: float, likelihood: float) -> float:
    """The score of `span` of the sentence `text` as the answer; higher is better, comparable within one question.

    `evidence` and `likelihood` are those of the sentence minus those of the best sentence (both <= 0).
    """
    fitted: dict[str, float] = weights()["span"]["weights"]
    features = span_features(question, text, span) | {"evidence": evidence, "likelihood": likelihood}
    return sum(fitted.get(name, 0.0) * value for name, value in features.items())


def with_qualifier(text: str, start: int) -> int:
    """The start of a span, moved left over a qualifier of the number that it begins with: "over 30", "about 5 %".

    >>> with_qualifier("It took more than 30 men.", 18)
    8
    """
    if not text[start : start + 1].isdigit() and text[start : start + 1] not in _CURRENCY:
        return start
    match = _QUALIFIER.search(text[:start])
    return match.start() if match else start


@lru_cache(maxsize=1)
def weights() -> dict[str, Any]:
    """The content of `weights.json`: the weights of the features, and how they were fitted."""
    content: dict[str, Any] = json.loads(files("rag.answering").joinpath("weights.json").read_text("utf-8"))
    return content
