"""Measures of an answer against the right answers, as SQuAD has them (pure).

Rajpurkar et al. 2016 and 2018; normalisation and scores as in the official evaluate-v2.0.py: lower case, no ASCII
punctuation, no articles, single spaces; the best of all right answers counts.

>>> token_f1("the tall Ada Hart", ["Ada Hart"])
0.8
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def normalise(text: str) -> str:
    """The text as it is compared: "The Norman-French." -> "normanfrench"."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(answer: str, gold: Sequence[str]) -> float:
    """1.0 if the answer is one of the right ones after normalising, else 0.0."""
    return float(normalise(answer) in {normalise(item) for item in gold})


def token_f1(answer: str, gold: Sequence[str]) -> float:
    """The best harmonic mean of precision and recall over words, 0..1; 0.0 if there are no right answers."""
    said = normalise(answer).split()
    return max((_f1(said, normalise(item).split()) for item in gold), default=0.0)


def contains_answer(text: str, gold: Sequence[str]) -> bool:
    """Tells if one of the right answers stands in `text` as whole words, after normalising both."""
    padded = f" {normalise(text)} "
    return any(f" {normalise(item)} " in padded for item in gold if normalise(item))


def contains_all(text: str, groups: Sequence[Sequence[str]]) -> bool:
    """Tells if a right answer of each group stands in `text`; False without groups."""
    return bool(groups) and all(contains_answer(text, group) for group in groups)


def _f1(answer: list[str], gold: list[str]) -> float:
    if not answer or not gold:  # the official script: 1 if both are empty
        return float(answer == gold)
    same = sum((Counter(answer) & Counter(gold)).values())
    return 2 * same / (len(answer) + len(gold))
