"""Errors that a parser raises about the content of a file -> a `DocumentError` that says so.

In: the errors that the parser at hand is known to raise if a file is damaged. Each reader names them around its calls
of the parser: any other error is a fault of the program, which read.py reports as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rag.documents.blocks import one_line
from rag.errors import DocumentError


@contextmanager
def told_as_damage(*errors: type[Exception]) -> Iterator[None]:
    """Runs the `with` block; if it raises one of `errors`, raises a `DocumentError` with that reason instead."""
    try:
        yield
    except errors as exc:
        reason = one_line(str(exc)) or type(exc).__name__
        raise DocumentError(f"could not be read, it may be damaged ({reason}); save it anew") from exc
