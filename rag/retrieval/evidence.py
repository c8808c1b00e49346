"""Hits -> the sentences worth showing a model, best first, within a budget of tokens (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rag.text.structure import table_header
from rag.types import Evidence, Hit

_REFERS_BACK = re.compile(
    r"(?:he|she|it|they|his|her|its|their|this|these|that|those|such|both|there|then|here"
    r"|the (?:former|latter|same))\b",
    re.IGNORECASE,
)


def select_evidence(hits: Sequence[Hit], most: int, budget: int, count_tokens: Callable[[str], int]) -> list[Evidence]:
    """The best sentences of the hits: at most `most` different ones of at most `budget` tokens together, best first,
    labelled from 1."""
    ranked = sorted(
        ((found, number, place) for number, hit in enumerate(hits) for place, found in enumerate(hit.sentences)),
        key=lambda item: (-item[0].score, item[1], item[2]),
    )
    chosen: list[Evidence] = []
    seen: set[str] = set()
    for found, number, place in ranked:
        passage = hits[number].passage
        start, end = passage.sentences[place]
        text = passage.text[start - passage.start : end - passage.start]
        words = " ".join(text.lower().split())
        cost = count_tokens(text)
        if words in seen or cost > budget:
            continue
        seen.add(words)
        budget -= cost
        chosen.append(Evidence(len(chosen) + 1, passage, start, end, text, *found))
        if len(chosen) == most:
            break
    return chosen


def begins_with_reference(text: str) -> bool:
    """True if a sentence begins with a word that stands for something said before it."""
    return bool(_REFERS_BACK.match(text))


def with_antecedent(evidence: Evidence) -> str:
    """The sentence with the text that it needs to be understood: the sentence before it if it begins by referring back
    ("It was opened in 1859."), or the head of its table."""
    passage = evidence.passage
    if header := table_header(passage, evidence.start):
        return f"{header}\n{evidence.text}"
    if not begins_with_reference(evidence.text):
        return evidence.text
    before = [sentence for sentence in passage.sentences if sentence.end <= evidence.start]
    start = before[-1].start if before else evidence.start
    return " ".join(passage.text[start - passage.start : evidence.end - passage.start].split())
