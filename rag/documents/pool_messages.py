"""Messages of a reading process -> results, and nothing else: the file that it reads may have taken it over.

In: bytes from the pipe, at most `LARGEST`. Out: one of the values that a reader may send. Pickle makes any object and
calls any function that its bytes name; here they can only name the values themselves.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

from rag.documents import unpack
from rag.documents.unpack import Archive, Begun, Kept, Result, Spent
from rag.errors import DocumentError
from rag.types import Document

LARGEST = 1 << 30  # bytes: a document may have 200 million characters
_MESSAGES = (Begun, Spent, Document, DocumentError, Kept, Archive)


def result_of(message: bytes) -> Begun | Spent | Result:
    """The value that a reader sent. Raises `pickle.UnpicklingError` for anything else."""
    try:
        value = _Plain(io.BytesIO(message)).load()
    except Exception as exc:  # damaged bytes raise anything
        raise pickle.UnpicklingError(f"no message of a reader: {exc}") from exc
    if not isinstance(value, _MESSAGES):
        raise pickle.UnpicklingError(f"no message of a reader: {type(value).__name__}")
    return value


class _Plain(pickle.Unpickler):
    """An unpickler that knows the values of `rag.types`, messages and errors of documents, and no functions."""

    def find_class(self, module: str, name: str) -> Any:
        """The class of that name, if it may be part of a message."""
        known = module in ("rag.types", "rag.errors", unpack.__name__) or (module, name) == ("builtins", "frozenset")
        found = super().find_class(module, name) if known and "." not in name else None
        if not isinstance(found, type) or found.__module__ != module:
            raise pickle.UnpicklingError(f"{module}.{name}")
        if issubclass(found, BaseException) and not issubclass(found, DocumentError):
            raise pickle.UnpicklingError(f"{module}.{name}")
        return found
