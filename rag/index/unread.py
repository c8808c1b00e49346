"""Files that could not be read -> why, as people elsewhere may be told it (pure).

In: failures as an index remembers them. Out: the id that the document of each would have, and one short line without
folders of this machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from rag.types import Failed

MAX_UNREAD = 1_000  # files, the newest: a question is compared with each
_FOLDERS = re.compile(r"(?<![\w.:/])(?:/[^/\s:]+)+/")
_LONGEST = 300  # characters of a reason


class Unread(NamedTuple):
    """A file that could not be read."""

    document_id: str
    reason: str  # one line without its path


def unread(failures: Iterable[Failed]) -> list[Unread]:
    """The files, or files in files, with the reason for each."""
    return [Unread(failed.document_id, _reason(failed.document_id, failed.message)) for failed in failures]


def _reason(document_id: str, message: str) -> str:
    """The line without the path in front: "/home/ann/a.pdf: is encrypted" -> "is encrypted". Folders of other paths in
    it are left out too, since clients elsewhere are told of it."""
    name = document_id.rpartition("/")[2]
    _, found, after = message.partition(f"{name}: ")
    return _FOLDERS.sub("", after if found else message)[:_LONGEST]
