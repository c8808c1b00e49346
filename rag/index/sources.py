"""The source of a document as readers see it.

The command line and the library show the path of a file as it was indexed. Clients elsewhere, for whom a path of this
machine is useless and which must not learn it, see the document's id, which names the file below what was indexed.
"""

from __future__ import annotations

from collections.abc import Callable

from rag.mirror.places import is_address, original_address

ShowSource = Callable[[str, str], str]  # a document's stored source and its id -> the source that is shown


def with_path(source: str, document_id: str) -> str:
    """The source as it is stored, a path or a URL; of a copy, the address of its original."""
    return original_address(source)


def without_path(source: str, document_id: str) -> str:
    """A URL as it is, of a copy that of its original; for a file, the id of its document."""
    shown = original_address(source)
    return shown if is_address(shown) else document_id
