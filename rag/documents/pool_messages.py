"""Results of a reading process -> bytes -> the same results, and nothing else: the file may have taken it over.

In: what `rag.documents.unpack` yields. Out: JSON of at most `LARGEST` bytes; and back, one of the values that a reader
may send, with fields of their types. Nothing in the bytes names a class or a function.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, NamedTuple, TypeAlias

from rag.documents.unpack import Archive, Begun, Result, Spent, UnchangedFile
from rag.errors import DocumentError, EmptyDocument, ReaderFault, UnsupportedDocument
from rag.types import BlockSpan, Document, Passage, Prepared, Sentence

_Message: TypeAlias = Begun | Spent | Result | Prepared

LARGEST = 1 << 30  # bytes: a document may have 200 million characters
_MESSAGES: dict[str, type[Any]] = {kind.__name__: kind for kind in (Begun, Spent, UnchangedFile, Archive, Document)}
_ERRORS: dict[str, type[DocumentError]] = {
    kind.__name__: kind for kind in (DocumentError, UnsupportedDocument, EmptyDocument, ReaderFault)
}
_DOCUMENT = tuple(field.name for field in fields(Document))


class _Cut(NamedTuple):
    """A passage without what the document says of itself."""

    start: int
    end: int
    sentences: tuple[Sentence, ...]
    section: str | None
    pages: tuple[int, ...]
    blocks: tuple[BlockSpan, ...]
    header: str

    def of(self, document: Document) -> Passage:
        """The passage of the document."""
        text = document.text[self.start : self.end]
        return Passage(document.id, document.title, document.source, self.start, self.end, text, *self[2:])


class NoMessage(ValueError):
    """Bytes that are no message of a reader."""


def bytes_of(message: _Message) -> bytes:
    """The message as a reader sends it."""
    if isinstance(message, DocumentError):
        kind, traceback = type(message).__name__, message.traceback if isinstance(message, ReaderFault) else ""
        plain: list[Any] = [kind, str(message), message.document_id, traceback]
    elif isinstance(message, Document):
        plain = ["Document", _plain(message)]
    elif isinstance(message, Prepared):
        cuts = [[getattr(passage, name) for name in _Cut._fields] for passage in message.passages]
        plain = ["Prepared", _plain(message.document), cuts]
    else:
        plain = [type(message).__name__, message._asdict()]
    return json.dumps(plain, ensure_ascii=False, check_circular=False).encode("utf-8", "surrogatepass")


def message_of(sent: bytes) -> _Message:
    """The message that a reader sent. Raises `NoMessage` for anything else."""
    try:
        kind, *rest = json.loads(sent.decode("utf-8", "surrogatepass"))
        if kind in _ERRORS:
            return _error(kind, *rest)
        return _prepared(*rest) if kind == "Prepared" else _value(_MESSAGES[kind], *rest)
    except Exception as exc:  # damaged bytes raise anything
        raise NoMessage(f"no message of a reader: {type(exc).__name__}") from exc


def _plain(document: Document) -> dict[str, Any]:
    return {name: getattr(document, name) for name in _DOCUMENT}


def _prepared(plain: dict[str, Any], cuts: list[Any]) -> Prepared:
    document: Document = _value(Document, plain)
    passages: list[_Cut] = _value(list[_Cut], cuts)
    return Prepared(document, [passage.of(document) for passage in passages])


def _value(kind: Any, plain: Any) -> Any:
    from pydantic import TypeAdapter  # the processes that read do not need it

    return TypeAdapter(kind).validate_python(plain)


def _error(kind: str, said: str, document_id: str, traceback: str) -> DocumentError:
    if not all(isinstance(text, str) for text in (said, document_id, traceback)):
        raise NoMessage("no text")
    error = ReaderFault(said, traceback) if kind == "ReaderFault" else _ERRORS[kind](said)
    error.document_id = document_id
    return error
