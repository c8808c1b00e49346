"""Values -> the JSON that scripts rely on; the same for `--json` on the command line and over HTTP.

In: an `Answer`, a `Hit`, a `DocumentInfo`, a `Faithfulness`. Out: dictionaries of plain Python values, typed below
field by field; the HTTP documentation is generated from these types. A number that is not finite becomes null: NaN is
no JSON. Offsets are code points; nothing is cut, rounded or escaped for HTML.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast

from typing_extensions import TypedDict  # pydantic takes the one of `typing` from Python 3.12 on

from rag.checking.faithfulness import CheckedClaim, Faithfulness, Reason
from rag.types import (
    Abstention,
    AbstentionReason,
    Alternative,
    Answer,
    AnswerMode,
    Box,
    Citation,
    Claim,
    Conflict,
    DateOrigin,
    DocumentInfo,
    Hit,
    LinkSpan,
    ListedDocument,
    ShortAnswer,
)

Number = float | None  # None if it is not finite
T = TypeVar("T")


class AbstentionJSON(TypedDict):
    """The reason why there is no answer, and the message to show; `near` is true if passages near the question are to
    be shown with it."""

    reason: AbstentionReason
    message: str
    near: bool


class ClaimJSON(TypedDict):
    """A sentence or item of the answer; `text == answer[start:end]`, markers included, and `citations` are labels."""

    text: str
    start: int
    end: int
    support: Number
    citations: list[int]
    reason: str | None


class BoxJSON(TypedDict):
    """A rectangle on a page as it is shown, in shares of its width and height (0..1) from its top left."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


class CitationJSON(TypedDict):
    """A place in a document: `document.text[start:end] == quote`, a whole sentence, and the words of it that are the
    answer are `document.text[answer_start:answer_end]`. `as_of` is the date that the document states, or the day of its
    file; `stale` is true if the file changed since it was indexed. `boxes` are the rectangles of the quote on its
    pages, one a line, and `answer_boxes` those of the words that are the answer; null if they are not known."""

    label: int
    document_id: str
    passage_id: str
    title: str
    source: str
    page: int | None
    section: str | None
    start: int
    end: int
    quote: str
    answer_start: int
    answer_end: int
    as_of: str | None
    as_of_origin: DateOrigin | None
    stale: bool
    boxes: list[BoxJSON] | None
    answer_boxes: list[BoxJSON] | None


class HitJSON(TypedDict):
    """A passage that was found: `document.text[start:end] == text`. Scores are higher when better, ranks 1-based;
    `also_in` names other documents that say the same in nearly the same words."""

    id: str
    document_id: str
    title: str
    source: str
    score: Number
    dense_score: Number
    lexical_score: Number
    dense_rank: int | None
    lexical_rank: int | None
    start: int
    end: int
    page: int | None
    section: str | None
    text: str
    also_in: list[str]


class IndexJSON(TypedDict):
    """The index, and the generation of it, that an answer was drawn from."""

    name: str
    generation: int


class UsageJSON(TypedDict):
    """Tokens that the language model read and wrote."""

    prompt_tokens: int
    completion_tokens: int


class ShortAnswerJSON(TypedDict):
    """The short form of an answer: `text == document.text[start:end]` of the document that `label` cites."""

    text: str
    label: int
    start: int
    end: int


class AlternativeJSON(TypedDict):
    """Words of another place that is nearly as good as the one that is given, and its labels."""

    text: str
    citations: list[int]


class ConflictValueJSON(TypedDict):
    """A value that documents give, the sentence that gives it, and the labels of the places."""

    value: str
    claim: str
    citations: list[int]
    as_of: str | None


class ConflictJSON(TypedDict):
    """The values of which not all can be right, newest first; `about` is the question."""

    about: str
    values: list[ConflictValueJSON]


class ListedDocumentJSON(TypedDict):
    """A document that an answer about the library names."""

    id: str
    title: str
    source: str


class AnswerJSON(TypedDict):
    """An answer whose every claim is cited and checked, or an abstention. `sure` is false where fewer than two of three
    answers of that confidence are right. `documents` are those that an answer about the library names, else empty;
    `unanswered` are the parts of a question that the documents do not answer."""

    id: str
    question: str
    resolved_question: str | None
    answered: bool
    abstained: AbstentionJSON | None
    answer: str
    answer_span: ShortAnswerJSON | None
    mode: AnswerMode
    faithfulness: Number
    confidence: Number
    sure: bool
    alternative: AlternativeJSON | None
    claims: list[ClaimJSON]
    citations: list[CitationJSON]
    conflicts: list[ConflictJSON]
    unanswered: list[str]
    passages: list[HitJSON]
    model: str | None
    index: IndexJSON
    usage: UsageJSON
    timings: dict[str, Number]
    notices: list[str]
    documents: list[ListedDocumentJSON]


class SupportJSON(TypedDict):
    """The place of a claim's evidence: `passages[passage][start:end] == quote`, `passage` counting from 0."""

    passage: int
    start: int
    end: int
    quote: str


class CheckedClaimJSON(TypedDict):
    """A sentence or item of the answer: `text == answer[start:end]`. `reason` is null if it is supported; `evidence`
    is the nearest stretch, null if there is none."""

    text: str
    start: int
    end: int
    support: Number
    reason: Reason | None
    evidence: SupportJSON | None


class FaithfulnessJSON(TypedDict):
    """A checked answer; `faithfulness` is the mean support of its claims, 0..1."""

    faithfulness: Number
    claims: list[CheckedClaimJSON]


class DocumentJSON(TypedDict):
    """A line of the list of documents; `notes` has a line for each part of its file that was not read, and it is
    `stale` if the file could not be read, or not be found, when it was last looked for."""

    id: str
    title: str
    source: str
    sha256: str
    passages: int
    characters: int
    pages: int | None
    metadata: dict[str, str]
    modified: str | None
    notes: list[str]
    stale: bool


class LinkJSON(TypedDict):
    """Words of a document, `document.text[start:end]`, and the address to which they lead."""

    start: int
    end: int
    url: str


class OneDocumentJSON(DocumentJSON):
    """A document and its links, in order of their places."""

    links: list[LinkJSON]


def answer_json(answer: Answer) -> AnswerJSON:
    """The JSON of an answer; its hits are called `passages`, as over HTTP."""
    abstained = answer.abstained
    return {
        "id": answer.id,
        "question": answer.question,
        "resolved_question": answer.resolved_question,
        "answered": answer.answered,
        "abstained": abstained_json(abstained) if abstained else None,
        "answer": answer.answer,
        "answer_span": short_answer_json(answer.answer_span) if answer.answer_span else None,
        "mode": answer.mode,
        "faithfulness": finite(answer.faithfulness),
        "confidence": finite(answer.confidence),
        "sure": answer.sure,
        "alternative": alternative_json(answer.alternative) if answer.alternative else None,
        "claims": [claim_json(claim) for claim in answer.claims],
        "citations": [citation_json(citation) for citation in answer.citations],
        "conflicts": [conflict_json(conflict) for conflict in answer.conflicts],
        "unanswered": list(answer.unanswered),
        "passages": [hit_json(hit) for hit in answer.hits],
        "model": answer.model,
        "index": {"name": answer.index.name, "generation": answer.index.generation},
        "usage": {"prompt_tokens": answer.usage.prompt_tokens, "completion_tokens": answer.usage.completion_tokens},
        "timings": {step: finite(seconds) for step, seconds in answer.timings.items()},
        "notices": list(answer.notices),
        "documents": [listed_json(document) for document in answer.documents],
    }


def abstained_json(abstained: Abstention) -> AbstentionJSON:
    """The JSON of the reason why there is no answer."""
    return {"reason": abstained.reason, "message": abstained.message, "near": abstained.near}


def alternative_json(alternative: Alternative) -> AlternativeJSON:
    """Words of another place, with its labels."""
    return {"text": alternative.text, "citations": list(alternative.citations)}


def short_answer_json(span: ShortAnswer) -> ShortAnswerJSON:
    """The short form of an answer with its place."""
    return {"text": span.text, "label": span.label, "start": span.start, "end": span.end}


def listed_json(document: ListedDocument) -> ListedDocumentJSON:
    """The JSON of a document that an answer names."""
    return {"id": document.id, "title": document.title, "source": document.source}


def claim_json(claim: Claim) -> ClaimJSON:
    """The JSON of a claim of an answer."""
    return {
        "text": claim.text,
        "start": claim.start,
        "end": claim.end,
        "support": finite(claim.support),
        "citations": list(claim.citations),
        "reason": claim.reason,
    }


def citation_json(citation: Citation) -> CitationJSON:
    """The JSON of a citation."""
    return {
        "label": citation.label,
        "document_id": citation.document_id,
        "passage_id": citation.passage_id,
        "title": citation.title,
        "source": citation.source,
        "page": citation.page,
        "section": citation.section,
        "start": citation.start,
        "end": citation.end,
        "quote": citation.quote,
        "answer_start": citation.answer_start,
        "answer_end": citation.answer_end,
        "as_of": citation.as_of,
        "as_of_origin": citation.as_of_origin,
        "stale": citation.stale,
        "boxes": None if citation.boxes is None else boxes_json(citation.boxes),
        "answer_boxes": None if citation.answer_boxes is None else boxes_json(citation.answer_boxes),
    }


def boxes_json(boxes: Iterable[Box]) -> list[BoxJSON]:
    """The JSON of rectangles on pages."""
    return [{"page": box.page, "x0": box.x0, "y0": box.y0, "x1": box.x1, "y1": box.y1} for box in boxes]


def conflict_json(conflict: Conflict) -> ConflictJSON:
    """The JSON of documents that disagree."""
    values: list[ConflictValueJSON] = [
        {"value": one.value, "claim": one.claim, "citations": list(one.citations), "as_of": one.as_of}
        for one in conflict.values
    ]
    return {"about": conflict.about, "values": values}


def hit_json(hit: Hit) -> HitJSON:
    """The JSON of a hit; the scores of its sentences are left out."""
    passage = hit.passage
    return {
        "id": passage.id,
        "document_id": passage.document_id,
        "title": passage.title,
        "source": passage.source,
        "score": finite(hit.score),
        "dense_score": finite(hit.dense_score),
        "lexical_score": finite(hit.lexical_score),
        "dense_rank": hit.dense_rank,
        "lexical_rank": hit.lexical_rank,
        "start": passage.start,
        "end": passage.end,
        "page": passage.page,
        "section": passage.section,
        "text": passage.text,
        "also_in": list(hit.also_in),
    }


def faithfulness_json(checked: Faithfulness) -> FaithfulnessJSON:
    """The JSON of a checked answer."""
    return {
        "faithfulness": finite(checked.faithfulness),
        "claims": [checked_claim_json(claim) for claim in checked.claims],
    }


def checked_claim_json(claim: CheckedClaim) -> CheckedClaimJSON:
    """The JSON of a claim of a checked answer."""
    found = claim.evidence
    return {
        "text": claim.text,
        "start": claim.start,
        "end": claim.end,
        "support": finite(claim.support),
        "reason": claim.reason,
        "evidence": {"passage": found.passage, "start": found.start, "end": found.end, "quote": found.quote}
        if found
        else None,
    }


def document_json(info: DocumentInfo) -> DocumentJSON:
    """The JSON of a line of the list of documents."""
    return {
        "id": info.id,
        "title": info.title,
        "source": info.source,
        "sha256": info.sha256,
        "passages": info.passages,
        "characters": info.characters,
        "pages": info.pages,
        "metadata": dict(info.metadata),
        "modified": info.modified,
        "notes": list(info.notes),
        "stale": info.stale,
    }


def links_json(links: Iterable[LinkSpan]) -> list[LinkJSON]:
    """The JSON of a document's links."""
    return [{"start": link.start, "end": link.end, "url": link.url} for link in links]


def selected(whole: Mapping[str, Any], shape: type[T]) -> T:
    """The items of `whole` whose keys the typed dictionary `shape` has, in its order; `whole` must have them all."""
    return cast(T, {key: whole[key] for key in shape.__annotations__})


def to_json(value: Any, indent: int | None = None) -> bytes:
    """The value as JSON in UTF-8, without escapes of other characters. Half a surrogate pair, for which UTF-8 has no
    form, becomes JSON's escape `\\ud800` by `backslashreplace`. Raises `ValueError` for NaN."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    return text.encode("utf-8", "backslashreplace")


def finite(value: float) -> Number:
    """The value as a plain float, since the json module does not know numpy's; None for NaN and infinities."""
    number = float(value)
    return number if math.isfinite(number) else None
