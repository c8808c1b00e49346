"""Fields of a chat: honoured as fields and in `metadata`, and named if they have no effect."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.chat import completion_create_params
from pydantic import ValidationError

from api.openai.errors import Refused
from api.openai.options import WITHOUT_EFFECT, Options, UnknownField, read_options
from api.openai.schemas import ChatRequest
from rag.types import Filters

MESSAGES = [{"role": "user", "content": "Who?"}]


def options(**fields: Any) -> Options:
    return read_options(ChatRequest.model_validate({"model": "rag/default", "messages": MESSAGES} | fields))


FIELDS: dict[str, Any] = {
    "filters": {"folder": "notes", "type": ["md", "pdf"]},
    "mode": "extract",
    "k": 3,
    "documents": ["notes/a.md", "notes/b.md"],
}
TEXTS = {
    "filters": '{"folder": "notes", "type": ["md", "pdf"]}',
    "mode": "extract",
    "k": "3",
    "documents": '["notes/a.md", "notes/b.md"]',
}
FILTERS = Filters(documents=("notes/a.md", "notes/b.md"), folders=("notes",), types=("md", "pdf"))


@pytest.mark.parametrize("fields", [FIELDS, {"metadata": FIELDS}, {"metadata": TEXTS | {"chat": "7"}}])
def test_options_may_stand_as_fields_and_in_metadata(fields: dict[str, Any]) -> None:
    assert options(**fields) == Options("extract", 3, FILTERS)


def test_a_field_counts_before_metadata_and_one_document_needs_no_list() -> None:
    found = options(k=2, documents="notes/a.md", metadata={"k": "9", "documents": "notes/b.md"})
    assert (found.k, found.filters) == (2, Filters(documents=("notes/a.md",)))
    assert options(metadata={"documents": "[draft].md"}).filters == Filters(documents=("[draft].md",))
    assert options(metadata={"filters": None, "k": None}) == options()


@pytest.mark.parametrize(
    ("fields", "place", "message"),
    [
        ({"k": 0}, ("k",), "greater than or equal to 1"),
        ({"metadata": {"k": "many"}}, ("k",), "valid integer"),
        ({"mode": "shout"}, ("mode",), "'auto', 'extract', 'quote' or 'write'"),
        ({"metadata": {"filters": "folder=notes"}}, ("filters",), "valid dictionary"),
        ({"metadata": {"filters": "[" * 100_000}}, ("filters",), "valid dictionary"),
        (
            {"documents": ["a"] * 1001},
            ("documents",),
            "1,001 documents and the limit is 1,000: name a folder in filter",
        ),
    ],
)
def test_wrong_values_are_refused_by_the_name_of_their_field(
    fields: dict[str, Any], place: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        options(**fields)
    first = caught.value.errors()[0]
    assert first["loc"][:1] == place
    assert message in first["msg"]


def test_documents_are_named_in_one_place() -> None:
    with pytest.raises(Refused, match="documents: filters name documents as well: name them in one of the two"):
        options(documents=["a"], filters={"document": "b"})


def test_unknown_fields_are_named_with_what_may_be_meant() -> None:
    found = options(fliters={"type": "pdf"}, whatever=1, seed=5, metadata={"filter": "x", "chat_id": "7"})
    assert found.warnings == (
        "the field 'fliters' is unknown and has no effect: did you mean 'filters'?",
        "the field 'whatever' is unknown and has no effect: leave it out",
        "the field 'metadata.filter' is unknown and has no effect: did you mean 'metadata.filters'?",
    )
    assert len(options(**{f"x{n}": 1 for n in range(100)}).warnings) == 10


@pytest.mark.parametrize("strict", [{"strict": True}, {"metadata": {"strict": "true"}}])
def test_a_strict_request_with_an_unknown_field_is_refused(strict: dict[str, Any]) -> None:
    assert options(**strict, seed=1).warnings == ()
    with pytest.raises(UnknownField, match="the field 'fliters' is unknown") as caught:
        options(**strict, fliters={})
    assert (caught.value.status, caught.value.param, caught.value.code) == (422, "fliters", "unknown_parameter")


def test_only_a_voice_of_the_fields_of_the_openai_package_is_unknown() -> None:
    fields = {*completion_create_params.CompletionCreateParamsBase.__annotations__, "stream"}
    assert fields - set(ChatRequest.model_fields) - WITHOUT_EFFECT == {"audio"}  # of which nothing comes
