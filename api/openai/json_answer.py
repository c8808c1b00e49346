"""An answer -> a JSON object by the schema of the request, of the fields that an answer has (pure).

A schema may ask for any of `answer`, `answered`, `sure`, `confidence` and `citations`, and of a citation for any of the
fields below, or for the quote alone, as a text. Only fields that the schema names are given, so that a strict one
holds. A schema that asks for anything else is refused, since answers are not written to order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from api.openai.chat_text import Delta, Told
from api.openai.errors import Refused
from api.openai.limits import Cutter
from api.routes.links import Links
from rag.types import Answer, AnswerStep, Citation

Schema = Mapping[str, Any]

_FIELDS = {
    "answer": ("string",),
    "answered": ("boolean",),
    "sure": ("boolean",),
    "confidence": ("number",),
    "citations": ("array",),
}
_CITATION = {
    "label": ("integer", "number"),
    "document_id": ("string",),
    "title": ("string",),
    "source": ("string",),
    "page": ("integer", "number", "null"),
    "section": ("string", "null"),
    "start": ("integer", "number"),
    "end": ("integer", "number"),
    "quote": ("string",),
    "url": ("string",),
}
_MOST_REFERENCES = 8  # from one to the next
_LONGEST_REFERENCE = 20  # parts of its path


class Shape(NamedTuple):
    """Fields of the object, and of a citation; None for citations that are the quotes alone."""

    fields: tuple[str, ...]
    citation: tuple[str, ...] | None


def read_shape(schema: object, name: str) -> Shape:
    """The shape that a JSON schema, the field `name` of a request, asks for. Raises `Refused`."""
    whole = schema if isinstance(schema, Mapping) else {}
    fields = _properties(whole, whole, _FIELDS, name)
    citations = _resolved(_object(whole.get("properties")).get("citations"), whole)
    items = _resolved(citations.get("items"), whole)
    if items.get("type") == "string":
        return Shape(fields, None)
    return Shape(fields, _properties(items, whole, _CITATION, f"{name}: citations"))


def json_answer(answer: Answer, shape: Shape, links: Links) -> str:
    """The answer as a JSON text of that shape."""
    cited = [_citation(citation, shape.citation, links) for citation in answer.citations]
    values = {
        "answer": answer.answer,
        "answered": answer.answered,
        "sure": answer.sure,
        "confidence": answer.confidence,
        "citations": cited,
    }
    return json.dumps({field: values[field] for field in shape.fields}, ensure_ascii=False)


class ToldAsJson(Told):
    """Text of a completion that is a JSON object; it comes whole, at the end."""

    def __init__(self, links: Links, cutter: Cutter, shape: Shape) -> None:
        super().__init__("footnotes", links, cutter)
        self._shape = shape
        self._at = links

    def step(self, progress: AnswerStep) -> Delta:
        """The whole text for an answer, nothing for any other step."""
        if not isinstance(progress, Answer):
            return Delta("")
        self.answer = progress
        return self.plain(json_answer(progress, self._shape, self._at))


def _citation(citation: Citation, fields: tuple[str, ...] | None, links: Links) -> str | dict[str, Any]:
    if fields is None:
        return citation.quote
    return {field: links.to(citation) if field == "url" else getattr(citation, field) for field in fields}


def _properties(part: Schema, whole: Schema, known: Mapping[str, tuple[str, ...]], name: str) -> tuple[str, ...]:
    """The properties of a schema that are given, in its order; all if it names none."""
    asked = _object(part.get("properties"))
    for field, about in asked.items():
        kinds = _kinds(_resolved(about, whole))
        if field not in known or (kinds and kinds.isdisjoint(known[field])):
            had = ", ".join(f"{one} ({types[0]})" for one, types in known.items())
            message = f"{name}: {str(field)[:80]!r} cannot be given in that form: these can be: {had}"
            raise Refused(message, name.partition(":")[0])
    return tuple(asked) or tuple(known)


def _kinds(schema: Schema) -> set[str]:
    """The types that a schema allows; none if it does not say."""
    kind = schema.get("type")
    either = [option for option in schema.get("anyOf") or () if isinstance(option, Mapping)]
    named = kind if isinstance(kind, list) else [kind, *(option.get("type") for option in either)]
    return {one for one in named if isinstance(one, str)}


def _resolved(schema: object, whole: Schema) -> Schema:
    """The schema that references lead to; an empty one if there is none."""
    found = _object(schema)
    for _ in range(_MOST_REFERENCES):
        reference = found.get("$ref")
        if not isinstance(reference, str):
            return found
        place = reference.removeprefix("#/").split("/", _LONGEST_REFERENCE)
        if len(place) > _LONGEST_REFERENCE:
            break
        found = whole
        for part in place:
            found = _object(found.get(part))
    return {}


def _object(value: object) -> Schema:
    return value if isinstance(value, Mapping) else {}
