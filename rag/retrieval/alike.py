"""Passages of several documents -> those that say the same in nearly the same words, so that they count once.

In: passages that were found, best first. Out: lists of their places, one for each text; the copies of a mail in its
thread and a clause that all versions of a contract have are one list. Two passages in which a number, a name or a "not"
differs do not say the same, nor do two of one document. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rag.types import StoredPassage

_NEAR = 0.9  # the least cosine of passages whose words are compared
_DIFFERING = 0.1  # the largest share of the pairs of neighbouring words that two texts do not have in common
_NEGATORS = frozenset("not no never without none nobody nothing neither nor cannot nicht kein keine nie ohne".split())
_WORD = re.compile(r"\w+")


def alike(found: Sequence[StoredPassage]) -> list[list[int]]:
    """The places of the passages that say the same, each place in one list, in order of the first of each."""
    groups: list[list[int]] = []
    if not found:
        return groups
    vectors = np.stack([stored.embedding.passage for stored in found])
    near = vectors @ vectors.T >= _NEAR

    @cache
    def words(place: int) -> _Words:
        return _words(found[place].passage.text)

    for place, stored in enumerate(found):
        for group in groups:
            if (
                near[place, group[0]]
                and all(found[other].passage.document_id != stored.passage.document_id for other in group)
                and _say_the_same(words(group[0]), words(place))
            ):
                group.append(place)
                break
        else:
            groups.append([place])
    return groups


class _Words(NamedTuple):
    """The pairs of neighbouring words of a text, and their number."""

    pairs: Counter[tuple[str, str]]
    total: int


def _words(text: str) -> _Words:
    found = ["", *_WORD.findall(text), ""]
    return _Words(Counter(pairwise(found)), len(found) - 1)


def _say_the_same(one: _Words, other: _Words) -> bool:
    most = _DIFFERING * (one.total + other.total)
    if abs(one.total - other.total) > most:
        return False
    differing = (one.pairs - other.pairs) + (other.pairs - one.pairs)
    return differing.total() <= most and not any(_tells(word) for pair in differing for word in pair)


def _tells(word: str) -> bool:
    """True for a word with which a sentence says something else: a number, a name, a negation."""
    return word[:1].isupper() or any(map(str.isdigit, word)) or word in _NEGATORS
