"""A run of `rag index`, or what one would do -> lines for a person, or JSON, and the exit code."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rag.mirror.places import original_address, with_address

if TYPE_CHECKING:
    from rag.ingest.changes import Change, Same
    from rag.ingest.run import Failure, Summary
    from rag.ingest.vanished import Held
    from rag.settings import Settings
    from rag.types import FileState

OK, SOME_FAILED, NOTHING_DONE = 0, 1, 2
_NAMED = 20  # most duplicates that are listed; `--json` has all


def print_dry_run(change: Change, known: dict[str, FileState], as_json: bool) -> int:
    """Print what a run would do; returns the exit code."""
    from rag.documents.contained import container_of
    from rag.ingest.changes import identical

    files = {container_of(name) or name for name in known}
    vanished = set(change.vanished)
    same = identical(change, known)
    moved = {item.document_id: item.other for item in same if item.other in vanished}
    duplicates = [item for item in same if item.other not in vanished]
    lines: dict[str, list[str]] = {
        "add": [found.document_id for found in change.changed if found.document_id not in files],
        "replace": [found.document_id for found in change.changed if found.document_id in files],
        "remove": change.vanished,
        "keep": [f"{name} (its file cannot be read, or is missing)" for name in change.stale],
        "skip": [f"{item.path}: {item.reason}" for item in change.skipped],
    }
    unchanged = len(change.unchanged) + len(change.touched)
    if as_json:
        more = {"moved": _pairs(moved.items()), "duplicates": _pairs(duplicates), "reread": change.reread}
        more |= {"unchanged": unchanged, "held": [item._asdict() for item in change.held]}
        more |= {"failed_before": [failed.document_id for failed in change.failed]}
        print(json.dumps(lines | more, ensure_ascii=False))
        return OK
    for verb, names in lines.items():
        for name in names:
            print(f"{verb:8} {name}" + (f" (moved from {moved[name]})" if verb == "add" and name in moved else ""))
    for item in duplicates:
        print(f"same     {item.document_id} and {item.other}")
    if change.reread:
        print(f"{len(change.reread)} of them because their reader or its options changed")
    for held in change.held:
        print(f"held     {held_text(held)}")
    failed = f", {len(change.failed)} failed before" if change.failed else ""
    print(f"{unchanged} unchanged{failed}; nothing was written")
    return SOME_FAILED if change.held else OK


def print_summary(summary: Summary, total: int, options: argparse.Namespace, settings: Settings) -> int:
    """Print what a run did; `total` is the number of documents of the index. Returns the exit code."""
    if options.json:
        print(json.dumps(_as_json(summary, total), ensure_ascii=False))
        _print_tracebacks(summary.failed, options)
    else:
        _print_text(summary, total, options, settings)
    return _exit_code(summary, options)


def _as_json(summary: Summary, total: int) -> dict[str, Any]:
    lists = ("added", "replaced", "reread", "removed", "unchanged", "stale")
    return {name: getattr(summary, name) for name in lists} | {
        "moved": _pairs(summary.moved),
        "duplicates": _pairs(summary.duplicates),
        "failed": _messages(summary.failed),
        "failed_before": _messages(summary.failed_before),
        "skipped": [{"path": original_address(str(item.path)), "reason": item.reason} for item in summary.skipped],
        "notes": _messages(summary.notes),
        "held": [item._asdict() for item in summary.held],
        "renamed": [item._asdict() for item in summary.renamed],
        "passages": summary.passages,
        "documents": total,
        "left": summary.left,
    }


def _messages(items: Any) -> list[dict[str, str]]:
    return [{"document_id": item.document_id, "message": item.message} for item in items]


def _print_text(summary: Summary, total: int, options: argparse.Namespace, settings: Settings) -> None:
    for failure in summary.failed:
        print(f"  failed   {with_address(failure.message)}", file=sys.stderr)
    _print_tracebacks(summary.failed, options)
    for known in summary.failed_before if options.verbose else ():
        print(f"  failed   {known.message} (as before)", file=sys.stderr)
    _print_left_out(summary)
    for note in summary.notes:
        print(f"  note     {with_address(note.message)}", file=sys.stderr)
    _print_duplicates(summary.duplicates)
    moved = f" ({len(summary.moved)} of them moved)" if summary.moved else ""
    reread = f" ({len(summary.reread)} of them because their reader or its options changed)" if summary.reread else ""
    before = f", {len(summary.failed_before)} failed as before" if summary.failed_before else ""
    stale = f", {len(summary.stale)} kept whose files cannot be read" if summary.stale else ""
    print(
        f"{len(summary.added)} added{moved}, {len(summary.replaced)} replaced{reread}, {len(summary.removed)} removed, "
        f"{len(summary.unchanged)} unchanged, {len(summary.failed)} failed{before}, {len(summary.skipped)} skipped"
        f"{stale}; index {settings.index!r} holds {total} documents"
    )


def held_text(held: Held) -> str:
    """The line that says why documents below a path were not removed, and what removes them."""
    return (
        f"{held.vanished} of {held.documents} documents below {original_address(held.path)} are no longer there, and "
        "none of them was removed: is its drive there? `--prune` removes them"
    )


def _exit_code(summary: Summary, options: argparse.Namespace) -> int:
    touched = summary.added or summary.replaced or summary.removed or summary.unchanged
    if summary.failed and not touched:
        return NOTHING_DONE
    again = bool(summary.failed_before) and not options.keep_going
    return SOME_FAILED if summary.failed or summary.held or again else OK


def _print_left_out(summary: Summary) -> None:
    """Print what was skipped, kept or has another name; of what a person wants left out, no more than some."""
    from rag.documents.discover import Excluded

    wanted = [item for item in summary.skipped if isinstance(item, Excluded)]
    for item in [item for item in summary.skipped if not isinstance(item, Excluded)] + wanted[:_NAMED]:
        print(f"  skipped  {original_address(str(item.path))}: {item.reason}", file=sys.stderr)
    if len(wanted) > _NAMED:
        print(f"  skipped  {len(wanted) - _NAMED} more that were to be left out: --json lists them", file=sys.stderr)
    for renamed in summary.renamed:
        print(f"  named    {renamed.path} is {renamed.name!r} here: its own name is taken", file=sys.stderr)
    for held in summary.held:
        print(f"rag: {held_text(held)}", file=sys.stderr)


def _print_tracebacks(failures: Sequence[Failure], options: argparse.Namespace) -> None:
    for failure in failures:
        if options.verbose and failure.traceback:
            print(f"\n{failure.document_id}:\n{failure.traceback}", file=sys.stderr)


def _print_duplicates(duplicates: Sequence[Same]) -> None:
    for document_id, other in duplicates[:_NAMED]:
        print(f"  same     {document_id} has the bytes of {other}", file=sys.stderr)
    if len(duplicates) > _NAMED:
        print(f"  same     {len(duplicates) - _NAMED} more: --json lists them", file=sys.stderr)


def _pairs(pairs: Any) -> list[dict[str, str]]:
    return [{"document_id": document_id, "other": other} for document_id, other in pairs]
