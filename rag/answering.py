"""Chosen places in the evidence -> the text of an answer with its claims and citations (pure).

Whatever says it, quote or written sentence, an answer is a list of parts; each part is said, marked with its citations,
closed by a full stop, and becomes one claim. Labels count from 1 in the order in which citations first appear.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rag.types import Citation, Claim, Evidence

_CLOSED = (".", "!", "?", "。", "！", "？", "…")


class Place(NamedTuple):
    """Words of a document that an answer rests on, within the sentence `evidence`; offsets of the document."""

    evidence: Evidence
    start: int
    end: int


class Part(NamedTuple):
    """One sentence or item of an answer."""

    text: str  # without markers
    places: tuple[Place, ...]
    support: float
    reason: str | None = None


class Composed(NamedTuple):
    text: str
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]


def quoted(evidence: Evidence, start: int, end: int, support: float) -> Part:
    """The characters `start..end` of the evidence's own text, said as they stand."""
    place = Place(evidence, evidence.start + start, evidence.start + end)
    return Part(evidence.text[start:end], (place,), support)


def compose(parts: Sequence[Part]) -> Composed:
    """Join parts to an answer.

    >>> compose([]).text
    ''
    """
    labels: dict[tuple[str, int, int], int] = {}
    citations: list[Citation] = []
    claims: list[Claim] = []
    text = ""
    for part in parts:
        numbers = []
        for place in part.places:
            key = (place.evidence.passage.document_id, place.start, place.end)
            if key not in labels:
                labels[key] = len(labels) + 1
                citations.append(_citation(labels[key], place))
            numbers.append(labels[key])
        said = _said(part.text, numbers)
        start = len(text) + (1 if text else 0)
        text = f"{text} {said}" if text else said
        claims.append(Claim(said, start, len(text), part.support, tuple(numbers), part.reason))
    return Composed(text, tuple(claims), tuple(citations))


def _said(text: str, labels: Sequence[int]) -> str:
    """The part with its markers before its full stop: "He left." cited by 1 is "He left [1]."."""
    clean = " ".join(text.split()).removeprefix("- ")
    stop = clean[-1] if clean.endswith(_CLOSED) else "."
    body = clean.removesuffix(stop).rstrip(" ,;:")
    return f"{body} {''.join(f'[{label}]' for label in labels)}{stop}"


def _citation(label: int, place: Place) -> Citation:
    evidence = place.evidence
    passage = evidence.passage
    number = next((n for n, s in enumerate(passage.sentences) if s.start <= evidence.start < s.end), 0)
    page = passage.pages[number] if passage.pages else None
    return Citation(
        label,
        passage.document_id,
        passage.id,
        passage.title,
        passage.source,
        page,
        passage.section,
        evidence.start,
        evidence.end,
        evidence.text,
        place.start,
        place.end,
    )
