"""Files of which nothing could be read at the last run -> why, kept beside the index until they are read or gone.

In: the folder of an index, and what became of the files of a run. Out: the files that failed, by the id of the document
that each would be: `unread.json`. The catalogue knows documents alone, and a question about such a file is to be told
why there is no answer. A damaged or unwritable file is as none: nothing else rests on it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from rag.atomic import write_whole

FILE = "unread.json"
_MOST = 1_000  # files that are kept, the newest: a question is compared with each
_FOLDERS = re.compile(r"(?<![\w.:/])(?:/[^/\s:]+)+/")
_LONGEST = 300  # characters of a reason


class Unread(NamedTuple):
    """A file that could not be read."""

    document_id: str
    reason: str  # one line without its path


def read_unread(folder: Path) -> list[Unread]:
    """The files that could not be read, in the order in which they failed."""
    try:
        stored = json.loads((folder / FILE).read_text("utf-8"))
        return [Unread(str(document_id), str(reason)) for document_id, reason in stored.items()]
    except (OSError, ValueError, AttributeError):
        return []


def note_unread(folder: Path, failed: Mapping[str, str], settled: Iterable[str], roots: Iterable[str] = ()) -> None:
    """Keep the files that failed in a run, with the line that was told of each. No longer kept are those that are
    settled, and those below `roots` (first parts of ids, all of whose files the run met) that are not there now."""
    before = {item.document_id: item.reason for item in read_unread(folder)}
    met, over = frozenset(roots), {*settled, *failed}
    kept = {
        document_id: reason
        for document_id, reason in before.items()
        if document_id not in over and document_id.partition("/")[0] not in met
    }
    kept |= {document_id: _reason(document_id, message) for document_id, message in failed.items()}
    if kept == before:
        return
    newest = dict(list(kept.items())[-_MOST:])
    with suppress(OSError, UnicodeEncodeError):
        write_whole(folder / FILE, json.dumps(newest, ensure_ascii=False, indent=1).encode("utf-8"))


def _reason(document_id: str, message: str) -> str:
    """The line without the path in front: "/home/ann/a.pdf: is encrypted" -> "is encrypted". Folders of other paths in
    it are left out too, since clients elsewhere are told of it."""
    name = document_id.rpartition("/")[2]
    _, found, after = message.partition(f"{name}: ")
    return _FOLDERS.sub("", after if found else message)[:_LONGEST]
