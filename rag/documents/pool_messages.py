"""Results of a reading process -> bytes -> the same results, and nothing else: the file may have taken it over.

In: what `rag.documents.unpack` yields. Out: JSON of at most `LARGEST` bytes; and back, one of the values that a reader
may send, with fields of their types. Nothing in the bytes names a class or a function.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, TypeAlias

from rag.documents.unpack import Archive, Begun, Kept, Result, Spent
from rag.errors import DocumentError, EmptyDocument, ReaderFault, UnsupportedDocument
from rag.types import Document

Message: TypeAlias = Begun | Spent | Result

LARGEST = 1 << 30  # bytes: a document may have 200 million characters
_MESSAGES: dict[str, type[Any]] = {kind.__name__: kind for kind in (Begun, Spent, Kept, Archive, Document)}
_ERRORS: dict[str, type[DocumentError]] = {
    kind.__name__: kind for kind in (DocumentError, UnsupportedDocument, EmptyDocument, ReaderFault)
}
_DOCUMENT = tuple(field.name for field in fields(Document))


class NoMessage(ValueError):
    """Bytes that are no message of a reader."""


def bytes_of(message: Message) -> bytes:
    """The message as a reader sends it."""
    if isinstance(message, DocumentError):
        kind, traceback = type(message).__name__, message.traceback if isinstance(message, ReaderFault) else ""
        plain: list[Any] = [kind, str(message), message.document_id, traceback]
    elif isinstance(message, Document):
        plain = ["Document", {name: getattr(message, name) for name in _DOCUMENT}]
    else:
        plain = [type(message).__name__, message._asdict()]
    return json.dumps(plain, ensure_ascii=False, check_circular=False).encode("utf-8", "surrogatepass")


def message_of(sent: bytes) -> Message:
    """The message that a reader sent. Raises `NoMessage` for anything else."""
    try:
        kind, *rest = json.loads(sent.decode("utf-8", "surrogatepass"))
        return _error(kind, *rest) if kind in _ERRORS else _value(_MESSAGES[kind], *rest)
    except Exception as exc:  # damaged bytes raise anything
        raise NoMessage(f"no message of a reader: {type(exc).__name__}") from exc


def _value(kind: type[Any], plain: dict[str, Any]) -> Any:
    from pydantic import TypeAdapter  # the processes that read do not need it

    return TypeAdapter(kind).validate_python(plain)


def _error(kind: str, said: str, document_id: str, traceback: str) -> DocumentError:
    if not all(isinstance(text, str) for text in (said, document_id, traceback)):
        raise NoMessage("no text")
    error = ReaderFault(said, traceback) if kind == "ReaderFault" else _ERRORS[kind](said)
    error.document_id = document_id
    return error
