"""Documents that were read in part -> the notices of an answer that rests on them (pure).

In: documents by their ids, the first the one that matters most, and what was not read of their files. Out: a line for
each of the first few: "report.pdf was read in part: 3 pages are images without text".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

MOST_DOCUMENTS = 3
LONGEST = 160  # characters of what was not read of one; the rest is counted


def partly_read_notices(document_ids: Iterable[str], notes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The notices; `notes` has the documents that were read in part, as in `Document.notes`."""
    partly = [document_id for document_id in dict.fromkeys(document_ids) if notes.get(document_id)]
    return tuple(
        f"{document_id.rpartition('/')[2]} was read in part: {_unread(notes[document_id])}"
        for document_id in partly[:MOST_DOCUMENTS]
    )


def _unread(notes: Sequence[str]) -> str:
    """Parts of a file that were not read, without what to do about them."""
    parts = [note.partition("; ")[0] for note in notes]
    shown = parts[:1]
    for part in parts[1:]:
        if len("; ".join([*shown, part])) > LONGEST:
            break
        shown.append(part)
    more = len(parts) - len(shown)
    return "; ".join(shown)[:LONGEST] + (f"; and {more} more" if more else "")
