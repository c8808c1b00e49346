"""Files in files: members of an archive, attachments of a mail, files embedded in a PDF. Their ids, and which are read.

In: the names and sizes of the files that a reader found in another file. Out: those to read, each with its id, and
notes, a line each, on the others. Pure: it opens nothing, and nothing is ever written, so that no name leads anywhere.

    lib/old.zip!/letters/may.eml!/lease.pdf     lease.pdf, attached to may.eml, which is in the archive lib/old.zip
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from rag.documents.formats import CONTAINERS, MEDIA_TYPES

MEMBER_MARK = "!/"  # parts the id of a file from the name of one in it
DEEPEST = 3  # files in files in files
MOST_FILES = 10_000  # in one file of a folder, those in files in it included
MOST_BYTES = 2 << 30  # of all these together, unpacked
MOST_OF_ONE = 512 << 20  # bytes, as for a file of a folder
LONGEST_NAME = 1000  # bytes of a path in a file
MOST_NAMED = 20  # files of a note
LONGEST_SHOWN = 100  # characters of a name in a note
LONGEST_LIST = 300  # characters of all names in a note, behind which the reason stands
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
ELSEWHERE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")  # how a path begins that does not lie below the archive's own folder

TYPE = "not of a type that is read"
DEEP = f"more than {DEEPEST} files deep; unpack the one that holds it"
OUTSIDE = "the path leads out of the archive"
LONG = f"the name has more than {LONGEST_NAME:,} bytes; rename it"
TWICE = "there is another file of this name"
TOO_LARGE = f"more than {MOST_OF_ONE >> 20} MB; split it"
TOO_MANY = f"beyond the {MOST_FILES:,} files that are read of one; unpack it and give the folder"
# Text packs to a tenth, repetitive logs to a hundredth; what unpacks to more is made to exhaust memory and time
MOST_TIMES = 250
LEAST_ALLOWED = 16 << 20  # bytes, however small the file that holds them
BOMB = f"beyond {MOST_TIMES} times the size of the file that holds it; unpack that if you trust where it comes from"
TOO_MUCH = f"beyond the {MOST_BYTES >> 20:,} MB that one may unpack to; unpack it and give the folder"


def path_now(path: str, before: str, now: str) -> str:
    """The path of what lay at `before`, a folder with a slash behind or a file with those in it, and lies at `now`;
    any other path as it is."""
    rest = path[len(before) :]
    is_there = path.startswith(before) and (before.endswith(os.sep) or not rest or rest.startswith(MEMBER_MARK))
    return now + rest if is_there else path


class Member(NamedTuple):
    """A file in a file; `load` gives its bytes and raises `DocumentError`."""

    name: str  # its path there, with slashes
    load: Callable[[], bytes]
    size: int = 0  # bytes; 0 if that is not known yet
    reason: str = ""  # not to read it, that its reader found


class Plan(NamedTuple):
    """The members to read, by their ids, and a note for each reason not to read others."""

    members: list[tuple[str, Member]]
    notes: tuple[str, ...]


class Budget:
    """The number of files and bytes that may still be taken out of one file of a folder, and the ids that are taken."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._bytes = 0
        self._plausible = LEAST_ALLOWED

    def begin(self, size: int) -> None:
        """Tells the size in bytes of the file of the folder."""
        self._plausible = max(LEAST_ALLOWED, MOST_TIMES * size)

    def refusal(self, document_id: str, size: int) -> str:
        """Takes a file; returns the reason if it cannot be, and an empty text if it was."""
        if document_id in self._ids:
            return TWICE
        if len(self._ids) >= MOST_FILES:
            return TOO_MANY
        if self._bytes + size > MOST_BYTES:
            return TOO_MUCH
        if self._bytes + size > self._plausible:
            return BOMB
        self._ids.add(document_id)
        self._bytes += size
        return ""


def plan(document_id: str, members: Iterable[Member], budget: Budget, depth: int = 0) -> Plan:
    """The plan for the members of a file that itself lies in `depth` others."""
    chosen: list[tuple[str, Member]] = []
    left_out: dict[str, list[str]] = {}
    for member in members:
        name = tidy(member.name)
        inside = f"{document_id}{MEMBER_MARK}{name}"
        if reason := _refusal(member, name, depth) or budget.refusal(inside, member.size):
            left_out.setdefault(reason, []).append(name)
        else:
            chosen.append((inside, member))
    return Plan(chosen, tuple(f"not read: {_named(names)} ({reason})" for reason, names in left_out.items()))


def _refusal(member: Member, name: str, depth: int) -> str:
    """The reason not to read a member; empty if there is none."""
    if member.reason:
        return member.reason
    if ELSEWHERE.match(member.name) or ".." in name.split("/"):
        return OUTSIDE
    if len(name.encode()) > LONGEST_NAME:
        return LONG
    if os.path.splitext(name)[1].lower() not in MEDIA_TYPES:
        return TYPE
    if depth >= DEEPEST:
        return DEEP
    return TOO_LARGE if member.size > MOST_OF_ONE else ""


def _named(names: Sequence[str]) -> str:
    """The first of the names, and the number of the others."""
    shown = [name[:LONGEST_SHOWN] for name in names[:MOST_NAMED]]
    while len(", ".join(shown)) > LONGEST_LIST:
        shown.pop()
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def tidy(name: str) -> str:
    """The path with slashes between its parts, on one line: ".\\\\a\\\\b.txt" -> "a/b.txt"."""
    text = printable(name.encode("utf-8", "replace").decode())
    return "/".join(part for part in text.replace("\\", "/").split("/") if part not in ("", "."))


def printable(name: str) -> str:
    """The name or path on one line: a space for each run of control characters."""
    return CONTROLS.sub(" ", name)


def distinct(names: Iterable[str]) -> Iterator[str]:
    """The names in their order, of which those that were there before get a number: "lease.pdf", "lease (2).pdf"."""
    taken: dict[str, int] = {}
    for name in names:
        unique, stem_and_suffix = name, os.path.splitext(name)
        while unique in taken:
            taken[name] += 1
            unique = f" ({taken[name]})".join(stem_and_suffix)
        taken[unique] = 1
        yield unique


def is_container(name: str) -> bool:
    """Tells if a file of this name may hold others that are read."""
    return os.path.splitext(name)[1].lower() in CONTAINERS


def stays_closed(name: str) -> bool:
    """Tells if a file of this name whose bytes are known is not opened to see what is in it. Reading a PDF takes
    longest, and few hold files."""
    return not is_container(name) or name.lower().endswith(".pdf")


def is_mistakable(folder: str) -> bool:
    """Tells if ids of files in a folder of this name would look like those of files in a file: "old.zip!"."""
    return folder.endswith(MEMBER_MARK[0]) and is_container(folder[:-1])


def container_of(document_id: str) -> str | None:
    """The id of the outermost file that holds the document's; None if that is itself a file of a folder."""
    end = document_id.find(MEMBER_MARK)
    while end >= 0:
        if is_container(document_id[:end]):
            return document_id[:end]
        end = document_id.find(MEMBER_MARK, end + 1)
    return None


def holders_of(document_id: str) -> Iterator[str]:
    """The ids of the files that hold the document's, the outermost first."""
    end = document_id.find(MEMBER_MARK)
    while end >= 0:
        yield document_id[:end]
        end = document_id.find(MEMBER_MARK, end + 1)


def file_of(document_id: str, source: str) -> str:
    """The path of the file of a folder that is or holds the document's, whose source is given."""
    container = container_of(document_id)
    return source if container is None else source[: len(source) - len(document_id) + len(container)]
